"""Attention between pieces becomes soft links between words, for many pairs at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.protocol import SegmentAlignment, WordPair
from alignment.words.attention import posteriors as module
from alignment.words.attention.posteriors import attention_posteriors
from alignment.words.splitting import split_words

PIECES = st.sampled_from(["neu", "er", " wort", " ", "bau", ".", " ab", "ende"])
SIDE = st.lists(PIECES, min_size=0, max_size=6)


def _offsets(pieces: list[str]) -> tuple[tuple[int, int], ...]:
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    return tuple((end - len(piece), end) for end, piece in zip(ends, pieces, strict=True))


def _by_definition(segment: SegmentAlignment, pair: WordPair) -> tuple[np.ndarray, np.ndarray]:
    """Loops over every word, piece and letter."""
    shape = (len(pair.source.offsets), len(pair.target.offsets))
    forward = np.zeros(shape)
    if segment.attention is None:
        return forward, forward

    def share(piece: tuple[int, int], word: tuple[int, int]) -> int:
        return len(set(range(*piece)) & set(range(*word)))

    for i, source in enumerate(pair.source.offsets):
        for j, target in enumerate(pair.target.offsets):
            letters = sum(share(piece, target) for piece in segment.target_pieces)
            for t, above in enumerate(segment.target_pieces):
                for s, below in enumerate(segment.source_pieces):
                    touched = sum(share(below, word) for word in pair.source.offsets)
                    if letters and touched:
                        forward[i, j] += (
                            segment.attention[t, s]
                            * (share(above, target) / letters)
                            * (share(below, source) / touched)
                        )
    forward = np.clip(forward, 0, 1)
    return forward, forward / np.maximum(forward.sum(axis=1, keepdims=True), 0.3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SIDE, SIDE, st.booleans()), max_size=5), st.integers(1, 40))
def test_every_pair_is_as_defined(
    rows: list[tuple[list[str], list[str], bool]], together: int
) -> None:
    rng = np.random.default_rng(together)
    segments, pairs = [], []
    for source, target, known in rows:
        table = rng.dirichlet(np.ones(len(source) or 1), len(target))[:, : len(source)]
        segments.append(
            SegmentAlignment(
                _offsets(source), _offsets(target), table.astype(np.float32) if known else None
            )
        )
        pairs.append(WordPair(split_words("".join(source)), split_words("".join(target))))
    before, module._TOGETHER = module._TOGETHER, together
    try:
        found = attention_posteriors(segments, pairs)
    finally:
        module._TOGETHER = before
    assert len(found) == len(pairs)
    for segment, pair, soft in zip(segments, pairs, found, strict=True):
        forward, reverse = _by_definition(segment, pair)
        np.testing.assert_allclose(soft.forward, forward, atol=1e-5)
        np.testing.assert_allclose(soft.reverse, reverse, atol=1e-5)


def test_nothing_gives_nothing() -> None:
    assert attention_posteriors([], []) == []
