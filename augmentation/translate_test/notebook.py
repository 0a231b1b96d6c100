"""The table of predictions that a notebook shows for a translate-test run."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

from augmentation.reporting.notebook import SHOWN_ROWS, Section, notebook_html
from augmentation.reporting.tables import Column, Table


def predictions_html(predictions: Path) -> str:
    """The first lines of the file `predictions` as a table."""
    with predictions.open(encoding="utf-8") as lines:
        values = [json.loads(line) for line in islice(lines, SHOWN_ROWS)]
    rows = tuple(
        (
            value["id"],
            _label(value),
            "; ".join(map(_span, value.get("spans", ()))),
            value.get("target") or "",
            ", ".join(value.get("flags", ())),
        )
        for value in values
    )
    columns = (
        Column("id", "name"),
        *(Column(name, "text") for name in ("label", "spans", "target")),
        Column("flags", "words"),
    )
    return notebook_html(Section(table=Table("First predictions", columns, rows)))


def _label(value: dict[str, Any]) -> str:
    if "value" in value:
        return f"{value['value']:g}"
    return value.get("label") or ", ".join(value.get("labels", ()))


def _span(span: dict[str, object]) -> str:
    return f"{span['label']} {span['start']}\u2013{span['end']}"
