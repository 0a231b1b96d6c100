"""From a clean sentence pair to the ids that a model is trained on, with changes on the fly."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import sentencepiece

from translators.training.config import NoiseConfig
from translators.training.inventory import Inventory
from translators.training.noise import Noise
from translators.training.words import SentencePair, TokenisedPair, WordSplitter


@dataclass(frozen=True, slots=True)
class Example:
    """Piece ids (language tag first and end-of-sentence last) and links (target, source)."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    links: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        """Pieces of the longer side."""
        return max(len(self.source), len(self.target))


class ExampleMaker:
    """Makes the `Example` of a pair in one direction, changed by `Noise`."""

    def __init__(
        self,
        subwords: sentencepiece.SentencePieceProcessor,
        split: WordSplitter,
        noise: NoiseConfig,
        inventory: Inventory,
        markers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`subwords` cuts both languages into pieces, `split` cuts texts into words.

        `noise` says how often which change is made, with strings of `inventory`; `markers` are the
        opening and closing pieces of projection markers.
        """
        self._subwords = subwords
        self._split = split
        self._noise = Noise(noise, inventory, split, markers)
        self._eos = subwords.eos_id()

    def make(
        self, pair: SentencePair, tag: str | None, reverse: bool, rng: random.Random | None
    ) -> Example:
        """The example of `pair` (of target to source when `reverse`).

        `tag` is the piece that names the target language (`>>de<<`), None for a model of one
        direction. Each change is drawn from `rng`, which the caller seeds by the example, so that
        a resumed run makes the same examples; without it nothing is changed.
        """
        source, target, links = pair.source, pair.target, list(pair.links)
        if reverse:
            source, target, links = target, source, [(j, i) for i, j in links]
        if rng is not None:
            words = TokenisedPair.split(source, target, links, self._split)
            if words is not None:
                self._noise.change(words, reverse, rng)
                source, target, links = *words.texts(), words.links
        return self._encode(source, target, links, tag)

    def _encode(
        self, source: str, target: str, links: Sequence[tuple[int, int]], tag: str | None
    ) -> Example:
        src_ids, src_pieces = self._pieces(source)
        tgt_ids, tgt_pieces = self._pieces(target)
        shift = 0 if tag is None else 1
        src_by_word = _pieces_by_word(self._split(source), src_pieces) if links else []
        tgt_by_word = _pieces_by_word(self._split(target), tgt_pieces) if links else []
        lifted: set[tuple[int, int]] = set()
        for i, j in links:
            # Marks and exchanged strings may be cut differently from the words they replaced.
            if i < len(src_by_word) and j < len(tgt_by_word):
                lifted.update((t, s + shift) for t in tgt_by_word[j] for s in src_by_word[i])
        prefix = [] if tag is None else [self._subwords.piece_to_id(tag)]
        return Example((*prefix, *src_ids, self._eos), (*tgt_ids, self._eos), tuple(sorted(lifted)))

    def _pieces(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids and code point offsets; an offset takes in the white space before a piece."""
        mapping = self._subwords.encode_as_offset_mapping(text)
        return mapping["ids"], mapping["offsets"]


def _pieces_by_word(
    words: Sequence[tuple[int, int]], pieces: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """Indices of the pieces that overlap each word; both lists run left to right."""
    result: list[list[int]] = []
    first = 0
    for start, end in words:
        while first < len(pieces) and pieces[first][1] <= start:
            first += 1
        inside, at = [], first
        while at < len(pieces) and pieces[at][0] < end:
            if pieces[at][1] > start:
                inside.append(at)
            at += 1
        result.append(inside)
    return result
