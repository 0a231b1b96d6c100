"""Predictions as a notebook shows them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from augmentation.reporting.html import SHOWN_ROWS, table_html, text_html


def predictions_html(predictions: Path) -> str:
    """The first lines of the file `predictions` as a table."""
    with predictions.open(encoding="utf-8") as lines:
        values = [json.loads(line) for line in islice(lines, SHOWN_ROWS)]
    return table_html(
        ("id", "label", "spans", "target", "flags"),
        (
            [
                text_html(value["id"]),
                text_html(value.get("label") or ""),
                text_html("; ".join(map(_span, value.get("spans", ())))),
                text_html(value.get("target") or ""),
                text_html(", ".join(value.get("flags", ()))),
            ]
            for value in values
        ),
    )


def _span(span: dict[str, object]) -> str:
    return f"{span['label']} {span['start']}\u2013{span['end']}"
