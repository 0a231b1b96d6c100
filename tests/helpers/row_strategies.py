"""Rows as hypothesis makes them: hard texts, spans on the edges of grapheme clusters."""

from __future__ import annotations

import regex
from hypothesis import strategies as st

from corpora.records import Provenance, Row, Span

PIECES = [
    "a", "word", "Straße", "don't", "3.14", " ", "  ", ".", ",", '"', "'", "(", "\\", "\t", "\n",
    "\r\n", "\r", "e\u0301",
    "👩‍👩‍👧", "🇩🇪", "日本語", "テスト", "ภาษาไทย", "한국어", "مرحبا", "\u200f",
    "\u2028", "\u00a0", "\x00", "\x1c", "▁", "</s>", ">>de<<", "#", "# id = 1", "-DOCSTART-",
    "�", "\ufeff", "=", ":", "\x85", "{", "&amp;", "@-@", "𝔘",
]  # fmt: skip
LABELS = ["PER", "weather/attribute", "a-b", "B-x", "größe"]

texts = (
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda t: not t.isspace())
)
words = st.text("abcäöß日 -_.", min_size=1, max_size=8)
maps = st.dictionaries(words.map(str.strip).filter(bool), texts, max_size=3)


def clusters(text: str) -> list[tuple[int, int]]:
    """Offsets of the grapheme clusters of `text`."""
    return [match.span() for match in regex.finditer(r"\X", text)]


@st.composite
def spans_of(draw: st.DrawFn, text: str, *, projected: bool = False) -> tuple[Span, ...]:
    """Spans of `text` that do not overlap."""
    edges = [0, *(end for _, end in clusters(text))]
    chosen = sorted(draw(st.sets(st.sampled_from(edges), max_size=6)))
    spans = []
    for start, end in zip(chosen[::2], chosen[1::2], strict=False):
        label = draw(st.sampled_from(LABELS))
        if projected:
            spans.append(Span(start, end, label, "attention", draw(st.floats(0, 1))))
        else:
            spans.append(Span(start, end, label))
    return tuple(spans)


@st.composite
def provenances(draw: st.DrawFn) -> Provenance:
    """Where a synthetic row comes from."""
    source = draw(texts)
    return Provenance(
        source_id=draw(words),
        source_lang="en",
        source_text=source,
        method="translate-train",
        model="tiny@01234567",
        translation_score=draw(st.none() | st.floats(-50, 0)),
        source_text_pair=draw(st.none() | texts),
        source_spans=draw(spans_of(source)),
        scores=draw(st.dictionaries(st.sampled_from(["lid", "ratio"]), st.floats(-9, 9))),
    )


@st.composite
def rows(draw: st.DrawFn, *, synthetic: bool = True) -> Row:
    """A row with anything a row can have."""
    text = draw(texts)
    made = draw(st.none() | provenances()) if synthetic else None
    return Row(
        id=draw(words.map(str.strip).filter(bool)),
        lang=draw(st.sampled_from(["de", "zh-Hans"])),
        text=text,
        text_pair=draw(st.none() | texts),
        label=draw(st.none() | words.map(str.strip).filter(bool)),
        spans=draw(spans_of(text, projected=made is not None)),
        target=draw(st.none() | texts),
        split=draw(st.none() | st.sampled_from(["train", "test"])),
        meta=draw(maps),
        tokens=draw(st.none() | st.just(tuple(clusters(text)))),
        provenance=made,
    )


def unique_by_id(some: list[Row]) -> list[Row]:
    """Only the first row of each id."""
    return list({row.id: row for row in reversed(some)}.values())[::-1]
