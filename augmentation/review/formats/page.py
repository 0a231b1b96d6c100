"""A page of our own: one HTML file, by which a person reviews a queue with the keyboard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from augmentation.reporting.page import render
from augmentation.reporting.palette import Palette
from augmentation.review.answers import ID, Answer, BadRecordError, marked_spans, string
from augmentation.review.formats.tool import Tool, why
from augmentation.review.queue import Queue, QueueItem
from corpora.fingerprint import fingerprint
from corpora.storage import write_text

MARK = "labelferry_review"
"""By this the page's corrections are told from other files."""
_TEXTS = ("text", "text_pair", "target")


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What the template shows."""

    title: str
    data: Markup


def write(queue: Queue, folder: Path) -> list[Path]:
    """Write the page for `queue` into `folder`."""
    path = folder / "review.html"
    palette = Palette(queue.span_labels)
    rows = [_row(item) for item in queue.items]
    data = {
        "mark": MARK,
        "key": fingerprint(rows)[:16],
        "run": queue.run,
        "target": queue.target,
        "overlap": queue.task == "qa",
        "spanLabels": queue.span_labels,
        "hues": {label: palette.hue(label) for label in queue.span_labels},
        "labels": queue.labels,
        "rows": rows,
    }
    # Inside a script element only `<` could end it.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    view = ReviewPage(f"Review of {queue.run}, {queue.target}", Markup(text))
    write_text(path, render("review.html.j2", view))
    return [path]


def _row(item: QueueItem) -> dict[str, Any]:
    row, origin = item.row, item.row.provenance
    return {
        "id": row.id,
        "why": why(item),
        "drawn": item.drawn,
        "doubt": item.doubt,
        "sourceLang": "" if origin is None else origin.source_lang,
        "lang": row.lang,
        "source": "" if origin is None else origin.source_text,
        "sourcePair": None if origin is None else origin.source_text_pair,
        "sourceSpans": [] if origin is None else [asdict(span) for span in origin.source_spans],
        **{name: getattr(row, name) for name in (*_TEXTS, "label")},
        "spans": [asdict(span) for span in row.spans],
    }


def _answer(number: int, record: Mapping[str, Any]) -> Answer | None:
    label, verdict = record.get("label"), string(record, "verdict")
    if verdict not in ("keep", "drop"):
        raise BadRecordError(f"a verdict is keep or drop, not {verdict!r}")
    texts = {name: record[name] for name in _TEXTS if isinstance(record.get(name), str)}
    return Answer(
        number,
        string(record, ID),
        verdict == "drop",
        tuple(marked_spans(record.get("spans"))),
        label if isinstance(label, str) else None,
        texts,
        spans_in_old_text=False,
    )


PAGE = Tool("html", "codepoints", write, lambda top, record: MARK in top, _answer)
