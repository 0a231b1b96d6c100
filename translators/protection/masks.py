"""Items replaced by masks that a model copies, and put back into its translation.

A mask stands apart by spaces, which are removed again where the item touches a word. Pieces and
attention are mapped along: an item's words are pieces of their own on both sides, each aligned with
itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import regex
from numpy.typing import NDArray

from translators.protection.items import Item, standing
from translators.protocol import Hypothesis

_WORD = regex.compile(r"\w+|[^\w\s]+")
_MOST_WORDS = 64
"""An item of more words is one piece."""
_CLOSING = frozenset(".,;:!?…)]}»”’")
_OPENING = frozenset("([{«“„¿¡")


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of a text that a mask stands for."""

    mask: str
    start: int
    end: int
    """In the text."""
    source: str
    """What is there."""
    target: str
    """What is put in the mask's place in the translation."""
    role: str = "alone"
    glued_left: bool = False
    glued_right: bool = False
    """Whether a word touches it there, so that a space had to be put between."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """[start, end) of one text that is [new_start, new_end) of another."""

    start: int
    end: int
    new_start: int
    new_end: int
    slot: int = -1


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A text with masks in the place of items."""

    text: str
    slots: tuple[Slot, ...]
    stretches: tuple[_Stretch, ...]
    """From the masked text to the text."""


def slots_of(items: Sequence[Item], text: str) -> list[Slot]:
    """The stretches of `text` to mask for `items`: neighbours that are no halves of pairs share a
    mask. Masks are still to be chosen."""
    slots: list[Slot] = []
    for item in sorted(items, key=lambda item: item.start):
        last = slots[-1] if slots else None
        if (
            last is not None
            and last.role == item.role == "alone"
            and not text[last.end : item.start].strip(" ")
        ):
            source = text[last.start : item.end]
            slots[-1] = Slot("", last.start, item.end, source, source)
        else:
            slots.append(Slot("", item.start, item.end, item.text, item.text, item.role))
    return slots


def mask_text(text: str, slots: Sequence[Slot]) -> MaskedText:
    """`text` with the masks of `slots`, which are in order and have masks."""
    masked, at = "", 0
    done: list[Slot] = []
    stretches: list[_Stretch] = []
    for number, slot in enumerate(slots):
        if at < slot.start:
            end = len(masked) + slot.start - at
            stretches.append(_Stretch(len(masked), end, at, slot.start))
            masked += text[at : slot.start]
        touches = slot.start == at and number > 0
        left = touches or _is_word(text[slot.start - 1 : slot.start])
        right = _is_word(text[slot.end : slot.end + 1])
        if slot.role != "alone":
            left = left or _is_dark(text[slot.start - 1 : slot.start])
            right = right or _is_dark(text[slot.end : slot.end + 1])
        if number + 1 < len(slots) and slots[number + 1].start == slot.end:
            right = True
        if left and masked and not masked.endswith(" "):
            masked += " "
        stretches.append(
            _Stretch(len(masked), len(masked) + len(slot.mask), slot.start, slot.end, number)
        )
        masked += slot.mask
        if right and slot.end < len(text):
            masked += " "
        at = slot.end
        done.append(replace(slot, glued_left=left, glued_right=right))
    if at < len(text):
        stretches.append(_Stretch(len(masked), len(masked) + len(text) - at, at, len(text)))
        masked += text[at:]
    return MaskedText(masked, tuple(done), tuple(stretches))


def _is_word(char: str) -> bool:
    return char.isalnum()


def _is_dark(char: str) -> bool:
    return bool(char) and not char.isspace()


def unmask(masked: MaskedText, hypothesis: Hypothesis) -> Hypothesis | None:
    """The `hypothesis` for a `masked` text with the items in the place of their masks, without
    alternatives; None where a mask is missing or there twice."""
    positions = _find_masks(masked.slots, hypothesis.text)
    if positions is None:
        return None
    text, stretches = _fill(masked.slots, hypothesis.text, positions)
    source = _Pieces.of(
        hypothesis.source_pieces, masked.stretches, [s.source for s in masked.slots]
    )
    target = _Pieces.of(hypothesis.target_pieces, stretches, [s.target for s in masked.slots])
    attention = None
    if hypothesis.attention is not None:
        attention = _map_attention(hypothesis.attention, source, target)
    return Hypothesis(
        text,
        hypothesis.score,
        source.offsets if hypothesis.source_pieces else (),
        target.offsets if hypothesis.target_pieces else (),
        attention,
        hypothesis.flags,
        piece_count=None if hypothesis.target_pieces else hypothesis.piece_count,
    )


def _find_masks(slots: Sequence[Slot], text: str) -> list[tuple[int, int, int]] | None:
    """Start, end and slot of every mask in `text`, in order; None unless each is there once."""
    positions = []
    for number, slot in enumerate(slots):
        matches = list(standing(slot.mask).finditer(text))
        if len(matches) != 1:
            return None
        positions.append((*matches[0].span(), number))
    return sorted(positions)


def _fill(
    slots: Sequence[Slot], text: str, positions: Sequence[tuple[int, int, int]]
) -> tuple[str, tuple[_Stretch, ...]]:
    """`text` with the slots' targets at `positions`, and how offsets into it change."""
    filled, at = "", 0
    stretches: list[_Stretch] = []
    before: Slot | None = None
    for start, end, number in positions:
        slot = slots[number]
        stop = start
        if _closes_up_left(slot, text[:start].rstrip(" ")[-1:], before, at == start):
            while stop > at and text[stop - 1] == " ":
                stop -= 1
        if at < stop:
            stretches.append(_Stretch(at, stop, len(filled), len(filled) + stop - at))
            filled += text[at:stop]
        stretches.append(_Stretch(start, end, len(filled), len(filled) + len(slot.target), number))
        filled += slot.target
        at = end
        if _closes_up_right(slot, text[end:].lstrip(" ")[:1]):
            while at < len(text) and text[at] == " ":
                at += 1
        before = slot
    if at < len(text):
        stretches.append(_Stretch(at, len(text), len(filled), len(filled) + len(text) - at))
        filled += text[at:]
    return filled, tuple(stretches)


def _closes_up_left(slot: Slot, char: str, before: Slot | None, touching: bool) -> bool:
    """Whether no space belongs before the item, with `char` the last one before."""
    if slot.role == "close":
        return slot.glued_left
    if slot.role == "open":
        return char in _OPENING
    return slot.glued_left


def _closes_up_right(slot: Slot, char: str) -> bool:
    if slot.role == "open":
        return slot.glued_right
    if slot.role == "close":
        return char in _CLOSING if char else False
    return slot.glued_right


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of a text whose masks were replaced: each is one of before, or a word of an item."""

    offsets: tuple[tuple[int, int], ...]
    plain: tuple[tuple[int, int], ...]
    """(number here, number before)."""
    words: tuple[tuple[int, int, int], ...]
    """(number here, slot, number of the word in the item)."""
    masked: dict[int, list[int]]
    """By slot, the pieces of its mask."""

    @classmethod
    def of(
        cls,
        pieces: Sequence[tuple[int, int]],
        stretches: Sequence[_Stretch],
        contents: Sequence[str],
    ) -> _Pieces:
        entries: list[tuple[int, int, int, int, int]] = []
        masked: dict[int, list[int]] = {}
        for number, (start, end) in enumerate(pieces):
            texts, slot = _stretches_of(start, end, stretches)
            if not texts and slot is not None:
                masked.setdefault(slot, []).append(number)
            for stretch in texts:
                shift = stretch.new_start - stretch.start
                low, high = max(start, stretch.start), min(end, stretch.end)
                entries.append((low + shift, high + shift, 0, number, -1))
        if pieces:
            for stretch in stretches:
                if stretch.slot >= 0:
                    content = contents[stretch.slot]
                    for index, (a, b) in enumerate(item_words(content)):
                        at = stretch.new_start
                        entries.append((at + a, at + b, 1, stretch.slot, index))
        entries.sort(key=lambda entry: entry[:2])
        return cls(
            tuple((a, b) for a, b, *_ in entries),
            tuple((i, e[3]) for i, e in enumerate(entries) if not e[2]),
            tuple((i, e[3], e[4]) for i, e in enumerate(entries) if e[2]),
            masked,
        )


def item_words(text: str) -> list[tuple[int, int]]:
    """Half-open offsets of the words of `text`, an item, and of the signs between them."""
    words = [match.span() for match in _WORD.finditer(text)]
    return words if 0 < len(words) <= _MOST_WORDS else [(0, len(text))]


def _stretches_of(
    start: int, end: int, stretches: Sequence[_Stretch]
) -> tuple[list[_Stretch], int | None]:
    """The stretches of text that a piece has something of, and a slot whose mask it has part of."""
    texts, slot = [], None
    for stretch in stretches:
        is_inside = start == end and stretch.start <= start < stretch.end
        if is_inside or min(end, stretch.end) > max(start, stretch.start):
            if stretch.slot < 0:
                texts.append(stretch)
            else:
                slot = stretch.slot
    return texts, slot


def _map_attention(
    attention: NDArray[np.float32], source: _Pieces, target: _Pieces
) -> NDArray[np.float32]:
    columns = np.zeros((attention.shape[1], len(source.offsets)), dtype=np.float32)
    shares = Counter(old for _, old in source.plain)
    for new, old in source.plain:
        columns[old, new] = 1.0 / shares[old]
    count = Counter(slot for _, slot, _ in source.words)
    for new, slot, _ in source.words:
        columns[source.masked.get(slot, []), new] = 1.0 / count[slot]
    spread = attention @ columns
    mapped = np.zeros((len(target.offsets), len(source.offsets)), dtype=np.float32)
    for new, old in target.plain:
        mapped[new] = spread[old]
    place = {(slot, word): new for new, slot, word in source.words}
    first = {slot: new for new, slot, word in reversed(source.words)}
    for new, slot, word in target.words:
        at = place.get((slot, word), first.get(slot))
        if at is not None:
            mapped[new, at] = 1.0
    return mapped
