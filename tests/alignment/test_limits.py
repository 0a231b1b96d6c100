from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from alignment.limits import MAX_ATTENTION, MAX_CELLS, SourceRanges, blocks, no_links
from alignment.projectors import load_projector
from alignment.protocol import ProjectionInput, SegmentAlignment
from alignment.symmetrize import links_from_posteriors
from alignment.words import load_aligner
from alignment.words.splitting import split_pair
from corpora.records import Span
from translators import long_texts

_BOUND = 150_000_000
"""Bytes that a text may take that is too long to be aligned; a table of all its word pairs would
take 290 MB and more."""
BRACKETS = "[" * 6_000
WORDS = ("house river bridge stone " * 3200).strip()


@pytest.fixture
def bounded() -> Iterator[None]:
    load_projector("vote").project([SHORT])  # loads what it needs, which is slow while traced
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < _BOUND


def _row(text: str, spans: int = 50) -> ProjectionInput:
    starts = range(0, len(text) - 10, len(text) // spans)
    return ProjectionInput(text, tuple(Span(at, at + 1, "X") for at in starts), text)


SHORT = ProjectionInput("Anna sang", (Span(0, 4, "PER"),), "Anna sang")


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("text", [BRACKETS, WORDS], ids=["brackets", "words"])
@pytest.mark.parametrize("projector", ["aligned", "attention", "vote"])
def test_spans_of_texts_too_long_to_be_aligned_say_so(projector: str, text: str) -> None:
    pieces = tuple((at, at + 1) for at in range(len(text)))
    row = _row(text)
    segmented = ProjectionInput(text, row.spans, text, (SegmentAlignment(pieces, pieces, None),))
    long, short = load_projector(projector).project([segmented, SHORT])
    assert set(long.reasons) == {"text-too-long"}
    assert short.reasons == (("unaligned",) if projector == "attention" else ("",))


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["statistical", "lexical"])
def test_aligners_give_pairs_that_are_too_long_no_links(name: str) -> None:
    pairs = [split_pair(WORDS, WORDS), split_pair("Anna sang", "Anna sang")]
    aligner = load_aligner(name)
    long, short = aligner.align(pairs)
    assert len(long.links) == 0
    assert [0, 0] in short.links.tolist()
    soft = aligner.posteriors(pairs)[0]  # type: ignore[attr-defined]
    assert soft.forward.shape == (12_800, 12_800)
    assert not len(links_from_posteriors(soft, method="grow-diag").links)


@pytest.mark.parametrize("aligner", ["lexical", "statistical"])
def test_rows_aligned_a_few_at_a_time_are_aligned_as_together(
    aligner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ["Anna", "Novak", "lives", "in", "Prague", "with", "Peter"]
    target = ["Anna", "Novak", "wohnt", "in", "Prague", "mit", "Peter"]
    rows = []
    for number in range(40):
        words = number % 7
        texts = [" ".join(side[words:] + side[:words]) for side in (source, target)]
        start = texts[0].index("Peter")
        rows.append(ProjectionInput(texts[0], (Span(start, start + 5, "PER"),), texts[1]))
    monkeypatch.setattr("alignment.projectors.aligned.projector._BLOCK_CELLS", 50)
    together = load_projector("aligned", aligner=load_aligner(aligner)).project(rows)
    monkeypatch.setattr("alignment.projectors.evidence._TABLES_KEPT", 100)
    apart = load_projector("aligned", aligner=load_aligner(aligner)).project(rows)
    assert [p.spans()[0].start for p in apart] == [row.target.index("Peter") for row in rows]
    assert [[(s.start, s.end) for s in p.spans()] for p in apart] == [
        [(s.start, s.end) for s in p.spans()] for p in together
    ]


def test_no_links_take_no_memory() -> None:
    soft = no_links(10**6, 10**6)
    assert soft.forward.shape == (10**6, 10**6)
    assert soft.forward.strides == (0, 0)
    assert not soft.reverse.flags.writeable
    assert np.float32(soft.forward[5, 7]) == 0
    assert soft.forward.size > MAX_CELLS


def test_blocks_are_as_large_as_they_may_be() -> None:
    assert blocks([], 10) == []
    assert blocks([4, 4, 4, 50, 1, 9], 10) == [slice(0, 2), slice(2, 3), slice(3, 4), slice(4, 6)]


def test_ranges_are_touched_by_spans_with_a_letter_in_them() -> None:
    segments = [SegmentAlignment(((a, b),), (), None) for a, b in ((0, 5), (10, 15))]
    ranges = SourceRanges(segments)
    touched = [ranges.touch(Span(a, b, "X")) for a, b in ((0, 1), (5, 10), (9, 11), (15, 20))]
    assert touched == [True, False, True, False]


def test_a_translator_gives_as_much_attention_as_projectors_expect() -> None:
    assert MAX_ATTENTION == long_texts.MAX_ATTENTION
