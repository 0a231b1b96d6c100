"""Labels of a record that its translation would make wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TOKEN_LABELS = ("spans", "answers", "tokens", "tags", "ner_tags")
"""Usual fields of labels that have offsets or tokens of a text."""
_LABELLED = ("text", "context")
"""Usual fields of the text that they are of."""


def labels_lost(record: Mapping[str, Any], field: str, into: str | None) -> str | None:
    """Why the translation of `field` may not go `into` a field of `record`; None if it may.

    Spans and tokens are of the text as it is: where the translation replaces that, they would fit
    no longer.
    """
    if into not in (field, *_LABELLED):
        return None
    for name in _TOKEN_LABELS:
        if name in record and name not in (field, into) and record[name]:
            return (
                f"its {name!r} would not fit the translation, which replaces {into!r}: take "
                "another field with --into, or `labelferry translate-train`, which projects them"
            )
    return None
