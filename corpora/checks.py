"""The invariants of a row: found, named, and mended where that is asked for.

Offsets count code points, are half-open, lie in the text, and never cut a grapheme cluster (what
a reader sees as one character; Unicode Standard Annex 29) in two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import regex

from corpora.records import Provenance, Row, Span

Task = Literal["classification", "pair", "tokens", "qa", "text"]
TASKS: tuple[Task, ...] = ("classification", "pair", "tokens", "qa", "text")

_GRAPHEME = regex.compile(r"\X")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPLIT = re.compile(r"\w+(\.\w+)*")
_SPLIT_BYTES = 200  # of the 255 that a file's name may have
# Below this code point no two characters form a grapheme cluster, CR LF apart.
_SIMPLE = "\u0300"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: a short machine-readable `reason`, and a `detail` for people."""

    reason: str
    detail: str


def check_row(row: Row, task: Task | None = None) -> str | None:
    """What is wrong with `row`, in words; None if nothing is. See `find_problem`."""
    problem = find_problem(row, task)
    return None if problem is None else problem.detail


def find_problem(row: Row, task: Task | None = None) -> Problem | None:
    """The first breach of a row's invariants, or None.

    Spans may overlap where `task` is `qa`: annotators mark the same answer differently.
    """
    text = row.text
    if not text or text.isspace():
        return Problem("empty-text", "the text is empty")
    if task in ("pair", "qa") and not (row.text_pair or "").strip():
        return Problem("empty-text", "the second text is empty")
    if (name := _surrogate_field(row)) is not None:
        return Problem("lone-surrogate", f"{name} has half of a surrogate pair")
    if row.split is not None and split_name(row.split) is None:
        return Problem("bad-split", f"a data set can have no split {row.split!r}")
    if row.spans and (problem := _span_problem(row, task)) is not None:
        return problem
    if row.tokens is not None and not _ordered(row.tokens, len(text)):
        return Problem("bad-tokens", "token offsets are not in order and inside the text")
    return None if row.provenance is None else _source_problem(row.provenance)


def mend_row(row: Row, task: Task | None = None) -> tuple[Row, Counter[str]]:
    """`row` with what can be mended mended, and how often each mending was done.

    Half surrogate pairs become U+FFFD, spans are widened to whole grapheme clusters, empty spans
    go, and of overlapping spans the longest stays. The rest is left for `find_problem`, and so is a
    question whose answers are all empty: without them it would be one that has no answer.
    """
    mended: Counter[str] = Counter()
    if _surrogate_field(row) is not None:
        row = _without_surrogates(row)
        mended["lone-surrogate"] += 1
    length = len(row.text)
    if any(not 0 <= s.start <= s.end <= length for s in row.spans):
        return row, mended
    spans = [s for s in row.spans if s.start < s.end]
    if task == "qa" and row.spans and not spans:
        return row, +mended
    mended["empty-span"] += len(row.spans) - len(spans)
    for number, span in enumerate(spans):
        widened = widen(row.text, span.start, span.end)
        if widened != (span.start, span.end):
            spans[number] = replace(span, start=widened[0], end=widened[1])
            mended["split-grapheme"] += 1
    if task != "qa":
        kept = _longest(spans)
        mended["overlapping-spans"] += len(spans) - len(kept)
        spans = kept
    return (replace(row, spans=tuple(spans)) if mended.total() else row), +mended


def split_name(split: str) -> str | None:
    """The name that a data set's files have for `split`; None where there can be none.

    It consists of letters, digits and `_`, and of dots between them; anything else becomes `_`,
    as `datasets` knows no other names.
    """
    name = re.sub(r"[^\w.]+", "_", split)
    fits = _SPLIT.fullmatch(name) is not None and len(name.encode("utf-8")) <= _SPLIT_BYTES
    return name if fits else None


def splits_grapheme(text: str, offset: int) -> bool:
    """Whether a cut of `text` at `offset` falls inside a grapheme cluster."""
    if not 0 < offset < len(text):
        return False
    before, after = text[offset - 1], text[offset]
    if before < _SIMPLE and after < _SIMPLE:
        return before == "\r" and after == "\n"
    return offset not in _cluster_edges(text)


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """The smallest stretch that contains `start:end` and cuts no grapheme cluster."""
    while splits_grapheme(text, start):
        start -= 1
    while splits_grapheme(text, end):
        end += 1
    return start, end


_edges_of: tuple[str, frozenset[int]] = ("", frozenset())


def _cluster_edges(text: str) -> frozenset[int]:
    # The edges of one text are asked for many times in a row, so the last answer is kept.
    global _edges_of
    known, edges = _edges_of
    if known is not text:
        edges = frozenset(match.end() for match in _GRAPHEME.finditer(text))
        _edges_of = (text, edges)
    return edges


def _surrogate_field(row: Row) -> str | None:
    """The name of a field with half of a surrogate pair in it, or None."""
    strings = [row.text, row.id, row.lang]
    strings += [s for s in (row.text_pair, row.label, row.target, row.split) if s is not None]
    strings += _span_strings(row.spans)
    for pair in row.meta.items():
        strings += pair
    if (made := row.provenance) is not None:
        strings += [made.source_id, made.source_lang, made.source_text, made.method, made.model]
        strings += [made.source_text_pair or "", *_span_strings(made.source_spans), *made.scores]
    joined = "\n".join(strings)
    if joined.isascii() or not _SURROGATE.search(joined):
        return None
    for name in ("text", "id", "lang", "text_pair", "label", "target", "split"):
        value = getattr(row, name)
        if value is not None and _SURROGATE.search(value):
            return name
    return "a span, meta or what is said of the source"


def _span_strings(spans: Iterable[Span]) -> Iterator[str]:
    for span in spans:
        yield span.label
        if span.projector is not None:
            yield span.projector


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD for every half of a surrogate pair; the length stays."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _clean(value: str | None) -> str | None:
    return None if value is None else without_surrogates(value)


def _without_surrogates(row: Row) -> Row:
    clean = without_surrogates
    return replace(
        row,
        id=clean(row.id),
        lang=clean(row.lang),
        text=clean(row.text),
        text_pair=_clean(row.text_pair),
        label=_clean(row.label),
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


def _clean_provenance(made: Provenance) -> Provenance:
    clean = without_surrogates
    return replace(
        made,
        source_id=clean(made.source_id),
        source_lang=clean(made.source_lang),
        source_text=clean(made.source_text),
        method=clean(made.method),
        model=clean(made.model),
        source_text_pair=_clean(made.source_text_pair),
        source_spans=_clean_spans(made.source_spans),
        scores={clean(name): score for name, score in made.scores.items()},
    )


def _source_problem(made: Provenance) -> Problem | None:
    length = len(made.source_text)
    for span in made.source_spans:
        if not 0 <= span.start <= span.end <= length:
            return Problem(
                "offset-out-of-range",
                f"source span {span.start}:{span.end} ({span.label}) is outside the source text "
                f"of {length} characters",
            )
    return None


def _span_problem(row: Row, task: Task | None) -> Problem | None:
    text = row.text
    for span in row.spans:
        where = f"span {span.start}:{span.end} ({span.label})"
        if span.start < 0 or span.end > len(text):
            return Problem(
                "offset-out-of-range", f"{where} is outside the text of {len(text)} characters"
            )
        if span.start >= span.end:
            return Problem("empty-span", f"{where} is empty")
        if not span.label:
            return Problem("missing-label", f"{where} has no label")
        for offset in (span.start, span.end):
            if splits_grapheme(text, offset):
                return Problem(
                    "split-grapheme", f"{where} cuts a character in two at offset {offset}"
                )
    if task == "qa":
        return None
    return _overlap(row.spans)


def _overlap(spans: Sequence[Span]) -> Problem | None:
    ordered = sorted(spans, key=lambda s: (s.start, s.end))
    for left, right in pairwise(ordered):
        if right.start < left.end:
            return Problem(
                "overlapping-spans",
                f"span {right.start}:{right.end} ({right.label}) overlaps span "
                f"{left.start}:{left.end} ({left.label})",
            )
    return None


def _longest(spans: Iterable[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


def _ordered(tokens: Sequence[tuple[int, int]], length: int) -> bool:
    last = 0
    for start, end in tokens:
        if start < last or end <= start:
            return False
        last = end
    return last <= length
