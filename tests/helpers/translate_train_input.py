"""Rows of a labelled input, with any text and spans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_raw_json_lines(path: Path, *rows: dict[str, Any]) -> Path:
    """Write rows as JSON lines in which no character but those that must be is escaped."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def span_row(text: str, *spans: tuple[int, int, str], **more: Any) -> dict[str, Any]:
    """A row with spans of (start, end, label), and further fields."""
    return {"text": text, "spans": [{"start": a, "end": b, "label": c} for a, b, c in spans]} | more


GOOD_ROW = span_row("wake me at nine tomorrow", (11, 15, "time"))
