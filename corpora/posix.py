"""The error of features that work on Linux and macOS only."""

from __future__ import annotations

import os

from corpora.errors import UserError

IS_POSIX = os.name == "posix"


def require_posix(feature: str) -> None:
    """Raise `UserError` on a system, such as Windows, where `feature` cannot work."""
    if not IS_POSIX:
        raise UserError(f"{feature} needs Linux or macOS (on Windows, use WSL)")
