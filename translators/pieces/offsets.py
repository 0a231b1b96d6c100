"""Offsets of pieces: laid end to end, given by a tokenizer, or decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from translators.pieces.codec import CONTROL_PIECE, SPACE, Offsets

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_BLANK = (SPACE, "\0")


def running_offsets(pieces: Sequence[str], skipped: int, size: int) -> Offsets:
    """Offsets of `pieces` laid end to end, in a text of `size` characters.

    The first `skipped` characters of the pieces are not in the text.
    """
    ends = list(accumulate(map(len, pieces), initial=-skipped))
    offsets = [
        (start + 1, end) if piece[0] == SPACE else (start, end)
        for piece, start, end in zip(pieces, ends, ends[1:], strict=False)
    ]
    if offsets and (offsets[0][0] < 0 or ends[-1] > size or SPACE * 2 in "".join(pieces)):
        offsets = [
            _inside(start, end, piece, size)
            for piece, start, end in zip(pieces, ends, ends[1:], strict=False)
        ]
    return tuple(offsets)


def _inside(start: int, end: int, piece: str, size: int) -> tuple[int, int]:
    start += len(piece) - len(piece.lstrip(SPACE))
    return min(max(start, 0), size), min(max(end, 0), size)


def skip_space(text: str, start: int, end: int) -> int:
    """The first offset from `start` on that is no white space in `text`, at most `end`."""
    while start < end and (text[start].isspace() or text[start] in _BLANK):
        start += 1
    return start


def tidy_offsets(text: str, pieces: Sequence[str], offsets: Sequence[tuple[int, int]]) -> Offsets:
    """The `offsets` that a tokenizer gives for the `pieces` of `text`, without leading spaces.

    Bytes get the range of their character.
    """
    tidy: list[tuple[int, int]] = []
    for piece, (start, end) in zip(pieces, offsets, strict=True):
        if piece == SPACE:
            # `tokenizers` gives a space that it inserted the first character's offset.
            end = start = end if text[start:end].isspace() else start
        tidy.append((skip_space(text, start, end), end))
    # The last byte of a character has its range, those before it have none.
    following: tuple[int, int] | None = None
    for index in range(len(tidy) - 1, -1, -1):
        if _BYTE.fullmatch(pieces[index]) is None:
            following = None
        elif tidy[index][0] < tidy[index][1]:
            following = tidy[index]
        elif following is not None:
            tidy[index] = following
    return tuple(tidy)


def decode_pieces(pieces: Sequence[str], text_pieces: frozenset[str]) -> tuple[str, Offsets]:
    """The text of `pieces`, white space stripped, and the offset of each.

    Bytes spell characters; control tokens give no text, except those in `text_pieces`.
    """
    joined = "".join(pieces)
    if "<" not in joined and "_" not in joined:
        raw = joined.replace(SPACE, " ")
        text = raw.strip(" ")
        return text, running_offsets(pieces, len(raw) - len(raw.lstrip(" ")), len(text))
    raw, offsets = "", []
    index = 0
    while index < len(pieces):
        end = index + 1
        if _BYTE.fullmatch(pieces[index]):
            while end < len(pieces) and _BYTE.fullmatch(pieces[end]):
                end += 1
            data = bytes(int(piece[3:5], 16) for piece in pieces[index:end])
            surface, ranges = _decode_bytes(data)
            offsets += [(start + len(raw), stop + len(raw)) for start, stop in ranges]
        else:
            surface = _surface(pieces[index], text_pieces)
            lead = len(surface) - len(surface.lstrip(" "))
            offsets.append((len(raw) + lead, len(raw) + len(surface)))
        raw += surface
        index = end
    text = raw.strip(" ")
    skipped, size = len(raw) - len(raw.lstrip(" ")), len(text)
    return text, tuple(
        (min(max(start - skipped, 0), size), min(max(stop - skipped, 0), size))
        for start, stop in offsets
    )


def _surface(piece: str, text_pieces: frozenset[str]) -> str:
    if CONTROL_PIECE.fullmatch(piece) and piece not in text_pieces:
        return ""
    return piece.replace(SPACE, " ")


def _decode_bytes(data: bytes) -> tuple[str, list[tuple[int, int]]]:
    """The characters that `data` spells and, for each byte, the range of its character.

    A byte that is not valid UTF-8 becomes one character, U+FFFD.
    """
    text = ""
    offsets: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        char, width = "\ufffd", 1
        for size in range(1, min(4, len(data) - at) + 1):
            try:
                char, width = data[at : at + size].decode(), size
                break
            except UnicodeDecodeError:
                continue
        offsets += [(len(text), len(text) + 1)] * width
        text += char
        at += width
    return text, offsets
