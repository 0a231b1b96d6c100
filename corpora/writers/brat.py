"""A folder for brat: a `.txt` and an `.ann` file for each row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpora.records import Row, Span
from corpora.storage import writing
from corpora.writers.options import Target

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 150
_LINES = re.compile(r"[^\n]+")


def write_brat(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to the folder of `target`, each as a document that has the row's id as its name.

    An id that is no name of a file becomes one, and is counted. A span over a line break is in
    pieces, as brat has them. Raises `UserError` for a second text, a class and free text, and for
    a label that brat cannot hold.
    """
    taken: set[str] = set()
    for row in rows:
        if row.text_pair is not None or row.target is not None or row.label is not None:
            problem = "brat holds a text and its spans, and no second text, class or free text"
            raise target.refuse(row, problem)
        name = _name(row.id, taken)
        if name != row.id:
            target.notes["id-changed"] += 1
        taken.add(name.lower())
        lines = [_entity(row, span, number, target) for number, span in enumerate(row.spans, 1)]
        for suffix, text in ((".txt", row.text), (".ann", "".join(lines))):
            path = target.folder / f"{name}{suffix}"
            with writing(path):
                path.write_text(text, encoding="utf-8", newline="")


def _name(row_id: str, taken: set[str]) -> str:
    """A name for files from `row_id` that is not `taken`, in any case of its letters."""
    base = _NOT_IN_NAMES.sub("_", row_id)[:_LONGEST_NAME].lstrip(".") or "_"
    name, number = base, 1
    while name.lower() in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _entity(row: Row, span: Span, number: int, target: Target) -> str:
    label = re.sub(r"\s+", "_", span.label)
    if label != span.label:
        target.notes["label-separator-made-underscore"] += 1
    pieces = [
        (span.start + match.start(), span.start + match.end())
        for match in _LINES.finditer(row.text[span.start : span.end])
    ]
    if not pieces:
        raise target.refuse(
            row, f"brat cannot hold a span of line breaks ({span.start}:{span.end})"
        )
    offsets = ";".join(f"{start} {end}" for start, end in pieces)
    text = " ".join(row.text[start:end] for start, end in pieces)
    return f"T{number}\t{label} {offsets}\t{text}\n"
