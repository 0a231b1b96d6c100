"""Halves of surrogate pairs, which JSON can express and no file in UTF-8 can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from corpora.records import Provenance, Row, Span

_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD for every half of a surrogate pair; the length stays."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def surrogate_field(row: Row) -> str | None:
    """The name of a field of `row` with half of a surrogate pair in it, or None."""
    strings = [row.text, row.id, row.lang]
    strings += [s for s in (row.text_pair, row.label, row.target, row.split) if s is not None]
    strings += row.labels or ()
    if row.spans:
        strings += _span_strings(row.spans)
    for pair in row.meta.items():
        strings += pair
    if (provenance := row.provenance) is not None:
        strings += _provenance_strings(provenance)
    joined = "\n".join(strings)
    if joined.isascii() or not _SURROGATE.search(joined):
        return None
    for name in ("text", "id", "lang", "text_pair", "label", "target", "split"):
        value = getattr(row, name)
        if value is not None and _SURROGATE.search(value):
            return name
    return "a span, one of the labels, meta or provenance"


def _provenance_strings(provenance: Provenance) -> Iterator[str]:
    yield provenance.source_id
    yield provenance.source_lang
    yield provenance.source_text
    yield provenance.source_text_pair or ""
    yield provenance.method
    yield provenance.model
    yield from _span_strings(provenance.source_spans)
    yield from provenance.scores


def _span_strings(spans: Iterable[Span]) -> Iterator[str]:
    for span in spans:
        yield span.label
        if span.projector is not None:
            yield span.projector


def _clean(value: str | None) -> str | None:
    return None if value is None else without_surrogates(value)


def row_without_surrogates(row: Row) -> Row:
    """`row` with U+FFFD for every half of a surrogate pair in any of its fields."""
    clean = without_surrogates
    return replace(
        row,
        id=clean(row.id),
        lang=clean(row.lang),
        text=clean(row.text),
        text_pair=_clean(row.text_pair),
        label=_clean(row.label),
        labels=None if row.labels is None else tuple(map(clean, row.labels)),
        target=_clean(row.target),
        split=_clean(row.split),
        spans=_clean_spans(row.spans),
        meta={clean(k): clean(v) for k, v in row.meta.items()},
        provenance=None if row.provenance is None else _clean_provenance(row.provenance),
    )


def _clean_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(
        replace(span, label=without_surrogates(span.label), projector=_clean(span.projector))
        for span in spans
    )


def _clean_provenance(provenance: Provenance) -> Provenance:
    clean = without_surrogates
    return replace(
        provenance,
        source_id=clean(provenance.source_id),
        source_lang=clean(provenance.source_lang),
        source_text=clean(provenance.source_text),
        method=clean(provenance.method),
        model=clean(provenance.model),
        source_text_pair=_clean(provenance.source_text_pair),
        source_spans=_clean_spans(provenance.source_spans),
        scores={clean(name): score for name, score in provenance.scores.items()},
    )
