"""Texts longer than a model takes: split at the best places, translated, and joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translators.protocol import Hypothesis
from translators.reassembly import WeightedScore

MAX_ATTENTION = 1 << 18
"""Numbers in a joined matrix, mostly zeros; 1 MB, which is some 500 pieces in one sentence."""
_STRONG, _WEAK = ".!?…。！？।؟;:；：\n", ',、，،)]}–—"'


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch [start, end) of a text and its pieces; no white space at its edges."""

    start: int
    end: int
    pieces: list[str]


def split_long(
    text: str,
    offsets: Sequence[tuple[int, int]],
    limit: int,
    encode: Callable[[list[str]], list[list[str]]],
) -> list[Part]:
    """Cut `text`, whose pieces are at `offsets`, into parts of at most `limit` pieces.

    `encode` gives the pieces of texts, for parts are cut into pieces on their own.
    Cuts are after the end of a sentence where there is one in the second half of what fits, else
    after a comma, a space, or between two pieces. Every character but white space is in a part.
    """
    parts: list[Part] = []
    first, at = 0, 0
    while first < len(offsets):
        # A part may have more pieces by itself than within the text, so try fewer and fewer.
        room = limit
        while True:
            last = min(first + room, len(offsets))
            end = len(text)
            if last < len(offsets):
                last = _best_cut(text, offsets, first + (room + 1) // 2, last)
                end = max(offsets[last - 1][1], at + 1)
            start, stop = _strip(text, at, end)
            pieces = encode([text[start:stop]])[0] if start < stop else []
            if len(pieces) <= limit or room == 1:
                break
            room = max(1, room * 3 // 4)
        if pieces:
            parts.append(Part(start, stop, pieces))
        at, first = end, last
    return parts


def _best_cut(text: str, offsets: Sequence[tuple[int, int]], low: int, high: int) -> int:
    """The piece of [low, high] before which to cut; a cut never splits a character's bytes."""
    best, best_rank = 0, -1
    for index in range(high, max(low, 1) - 1, -1):
        before, after = offsets[index - 1], offsets[index]
        if before[1] > after[0]:
            continue  # two bytes of one character
        spaced = text[before[1] : before[1] + 1].isspace() or after[0] > before[1]
        char = text[before[1] - 1] if before[1] else ""
        rank = 1 if spaced else 0
        if char in _STRONG and (spaced or char in "。！？；：\n"):
            rank = 3
        elif char in _WEAK and (spaced or char in "、，"):
            rank = 2
        if rank > best_rank:
            best, best_rank = index, rank
    return best or high


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def join_parts(text: str, parts: Sequence[Part], hypotheses: Sequence[Hypothesis]) -> Hypothesis:
    """One hypothesis of the `hypotheses` of all `parts`, with the white space between them in
    `text`.

    The score is the average per target piece, or source piece where those are not known; the
    attention is block-diagonal, and None where the text is so long that it would fill the memory.
    """
    joined = ""
    source: list[tuple[int, int]] = []
    target: list[tuple[int, int]] = []
    score, at = WeightedScore(), parts[0].start if parts else 0
    for part, hypothesis in zip(parts, hypotheses, strict=True):
        if joined:
            joined += text[at : part.start]
        source += [(a + part.start, b + part.start) for a, b in hypothesis.source_pieces]
        target += [(a + len(joined), b + len(joined)) for a, b in hypothesis.target_pieces]
        joined += hypothesis.text
        score.add(hypothesis.score, len(hypothesis.target_pieces) or len(part.pieces))
        at = part.end
    return Hypothesis(
        joined,
        score.mean,
        tuple(source),
        tuple(target),
        _block_diagonal([hypothesis.attention for hypothesis in hypotheses]),
        piece_count=sum(hypothesis.target_length for hypothesis in hypotheses),
    )


def _block_diagonal(
    blocks: Sequence[NDArray[np.float32] | None],
) -> NDArray[np.float32] | None:
    given = [block for block in blocks if block is not None]
    if len(given) != len(blocks):
        return None
    rows, columns = (sum(block.shape[axis] for block in given) for axis in (0, 1))
    if rows * columns > MAX_ATTENTION:
        return None
    matrix = np.zeros((rows, columns), dtype=np.float32)
    row = column = 0
    for block in given:
        matrix[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return matrix
