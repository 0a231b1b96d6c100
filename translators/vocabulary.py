"""The vocabulary of a CTranslate2 folder."""

from __future__ import annotations

import json
from pathlib import Path

from corpora.errors import UserError


def read_vocabulary(folder: Path) -> list[str]:
    """The source vocabulary of the CTranslate2 `folder`; raises `UserError` where there is none."""
    for name in ("shared_vocabulary", "source_vocabulary"):
        path = folder / f"{name}.json"
        if path.is_file():
            try:
                tokens = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise UserError(f"not a vocabulary: {error}", file=path) from error
            return [str(token) for token in tokens]
        path = folder / f"{name}.txt"
        if path.is_file():
            return path.read_text(encoding="utf-8").split("\n")
    raise UserError("no vocabulary: not a CTranslate2 model folder", file=folder)
