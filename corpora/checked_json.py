"""JSON records that carry a checksum of their own, so that no damage to them passes unnoticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpora.fingerprint import content_hash
from corpora.storage import write_text

CHECKSUM = "record_checksum"


def write_checked(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` to the file `path` as a JSON object with its checksum, whole or not at all."""
    plain = json.loads(json.dumps(values))  # as a reader will have it
    record = plain | {CHECKSUM: _checksum(plain)}
    write_text(path, json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_checked(path: Path) -> dict[str, Any] | None:
    """What `write_checked` wrote to the file `path`; None where there is none or it is corrupt."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop(CHECKSUM, None) != _checksum(values):
            return None
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, AttributeError):
        return None
    return values  # type: ignore[no-any-return]


def _checksum(values: Mapping[str, Any]) -> str:
    return content_hash(json.dumps(values, sort_keys=True).encode("ascii"))
