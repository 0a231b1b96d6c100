"""What a tool for labelling needs to be served: how to write its input and read its export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.review.answers import ID, TEXTS, Answer
from augmentation.review.queue import Queue, QueueItem
from corpora.choices import OffsetUnit
from corpora.records import Row, Span
from corpora.text.units import offsets_in


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool for labelling, or the page of our own."""

    name: str
    """By which the command line calls it."""
    unit: OffsetUnit
    """What its offsets count."""
    write: Callable[[Queue, Path], list[Path]]
    """Writes what the tool reads into a folder; returns the files, the one to open first."""
    reads: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
    """Whether an export is the tool's, by what is around the records and the first record."""
    answer: Callable[[int, Mapping[str, Any]], Answer | None]
    """What a record says, by its number and content; None where nobody looked at the row. Raises
    `BadRecordError` for a record that the tool does not write."""


def texts(row: Row) -> dict[str, str]:
    """The texts of `row` that may be edited, by their names in tools."""
    values = {name: getattr(row, field) for field, name in TEXTS.items()}
    return {name: value for name, value in values.items() if value is not None}


def spans_in(unit: OffsetUnit, row: Row) -> list[tuple[int, int, Span]]:
    """Start and end of each span of `row` in `unit`, and the span."""
    at = offsets_in(row.text, unit)
    return [(at(span.start), at(span.end), span) for span in row.spans]


def facts(item: QueueItem) -> dict[str, Any]:
    """What a person should see of `item` beside its text: the source, and why it is here."""
    row, origin = item.row, item.row.provenance
    values = {
        ID: row.id,
        "source": "" if origin is None else origin.source_text,
        "source_pair": None if origin is None else origin.source_text_pair,
        "source_spans": "" if origin is None else in_words(origin.source_text, origin.source_spans),
        "spans_in_words": in_words(row.text, row.spans),
        "doubt": round(item.doubt, 4),
        "why": why(item),
        "drawn": item.drawn,
        "probability": item.probability,
        "weight": 1 / item.probability,
    }
    return {name: value for name, value in values.items() if value not in ("", None)}


def in_words(text: str, spans: tuple[Span, ...]) -> str:
    """The `spans` of `text` as a person reads them, with confidence and projector."""
    words = []
    for span in spans:
        origin = "" if span.confidence is None else f" ({span.projector} {span.confidence:.2f})"
        words.append(f"{span.label}: {text[span.start : span.end]}{origin}")
    return "; ".join(words)


def why(item: QueueItem) -> str:
    """Why `item` is doubtful, in words: its signals, the strongest first."""
    strongest = sorted(item.signals.items(), key=lambda signal: -signal[1])
    words = [f"{name} {value:.2f}" for name, value in strongest if value >= 0.005]
    return ", ".join([f"dropped: {item.reason}"] * bool(item.reason) + words)
