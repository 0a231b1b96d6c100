"""Changes to sentence pairs on the fly, from which a model learns what plain bitext lacks.

Names, numbers and unseen strings are copied as they are, spoken queries without case or
punctuation are understood, and bracketed phrases stay bracketed (EasyProject, Chen et al., 2023).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from translators.protection.probing import SHAPES
from translators.training.config import NoiseConfig
from translators.training.inventory import Inventory
from translators.training.marking import mark_phrases
from translators.training.words import TokenisedPair, WordSplitter, words_and_gaps

_MOST_MASKS = 3
_MASKS = tuple(shape for shape in SHAPES if shape.write(0).isalnum())
"""Shapes whose masks are one word each, so that links stay true."""


class Noise:
    """Changes pairs as `config` says, with strings of `inventory` and brackets of `markers`.

    `split_words` cuts texts into words.
    """

    def __init__(
        self,
        config: NoiseConfig,
        inventory: Inventory,
        split_words: WordSplitter,
        markers: Sequence[tuple[str, str]],
    ) -> None:
        self._config = config
        self._inventory = inventory
        self._split_words = split_words
        self._markers = tuple(markers)

    def change(self, pair: TokenisedPair, reverse: bool, rng: random.Random) -> None:
        """Change `pair` in place by what `rng` draws; with `reverse` its source side is the target
        side of the inventory."""
        config, inventory = self._config, self._inventory
        lower = rng.random() < config.lower
        # In lower case a title looks like the words of a sentence, so none is made.
        words = inventory.target_words if reverse else inventory.source_words
        title_words = () if lower else words
        if rng.random() < config.copy_word:
            self._copy(pair, rng)
        elif rng.random() < config.swap:
            self._swap(pair, title_words, rng)
        if rng.random() < config.add:
            self._add(pair, rng)
        if lower:
            self._lower(pair)
        if config.masks and rng.random() < config.masks:  # after `_lower`: masks keep their case
            _mask(pair, rng)
        if self._markers and rng.random() < config.markers:
            mark_phrases(pair, self._markers, rng)

    def _copy(self, pair: TokenisedPair, rng: random.Random) -> None:
        """Put the same run of unseen strings into both sides, in place of all words."""
        words, gaps = self._words_of(
            [self._inventory.unseen(rng) for _ in range(rng.randint(1, 5))]
        )
        pair.source, pair.source_gaps = list(words), list(gaps)
        pair.target, pair.target_gaps = list(words), list(gaps)
        pair.links = [(i, i) for i in range(len(words))]

    def _words_of(self, strings: Sequence[str]) -> tuple[list[str], list[str]]:
        """`strings`, with spaces between them, as words and the white space before each."""
        return words_and_gaps(" ".join(strings), self._split_words)

    def _swap(self, pair: TokenisedPair, title_words: Sequence[str], rng: random.Random) -> None:
        """Exchange one of the `_swappable` words on both sides for the same other strings."""
        candidates = _swappable(pair)
        if not candidates:
            return
        i, j = rng.choice(candidates)
        if pair.source[i].isdigit():
            new = [str(rng.randint(0, 10 ** len(pair.source[i])))]
        elif title_words and rng.random() < 0.4:
            new = self._inventory.title(title_words, rng)
        else:
            new = [self._inventory.unseen(rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
        new, new_gaps = self._words_of(new)
        extra = len(new) - 1
        for words, gaps, at in (
            (pair.source, pair.source_gaps, i),
            (pair.target, pair.target_gaps, j),
        ):
            words[at : at + 1] = new
            gaps[at + 1 : at + 1] = new_gaps[1:]
        moved = [
            (a + extra if a > i else a, b + extra if b > j else b)
            for a, b in pair.links
            if (a, b) != (i, j)
        ]
        pair.links = moved + [(i + k, j + k) for k in range(len(new))]

    def _add(self, pair: TokenisedPair, rng: random.Random) -> None:
        """Put the same string after both sides, as people put emoji, addresses and hashtags."""
        new, new_gaps = self._words_of([self._inventory.unseen(rng)])
        pair.links += [(len(pair.source) + k, len(pair.target) + k) for k in range(len(new))]
        for words, gaps in ((pair.source, pair.source_gaps), (pair.target, pair.target_gaps)):
            words += new
            gaps += [" ", *new_gaps[1:]]

    def _lower(self, pair: TokenisedPair) -> None:
        """Lower-case the source; in the target, what is copied, and a first word that is not a
        noun. Final punctuation is removed on both sides."""
        for i, j in pair.links:
            if pair.source[i] == pair.target[j]:
                pair.target[j] = pair.target[j].lower()
        pair.source = [word.lower() for word in pair.source]
        if pair.target[0].lower() in self._inventory.lower_words:
            pair.target[0] = pair.target[0].lower()
        for words, gaps, side in (
            (pair.source, pair.source_gaps, 0),
            (pair.target, pair.target_gaps, 1),
        ):
            while len(words) > 1 and words[-1] in ".!?":
                words.pop()
                gaps.pop()
                pair.links = [link for link in pair.links if link[side] < len(words)]


def _mask(pair: TokenisedPair, rng: random.Random) -> None:
    """Replace up to three words that are the same on both sides by masks, numbered in the order of
    the source, of a shape that protection tries."""
    same = [(i, j) for i, j in _one_to_one(pair) if pair.source[i] == pair.target[j]]
    words = [(i, j) for i, j in same if pair.source[i].isalnum()]
    chosen = sorted(rng.sample(words, min(len(words), rng.randint(1, _MOST_MASKS))))
    shape = rng.choice(_MASKS)
    masks = shape.masks(len(chosen), " ".join(pair.source + pair.target))
    for (i, j), mask in zip(chosen, masks, strict=True):
        pair.source[i] = pair.target[j] = mask


def _one_to_one(pair: TokenisedPair) -> list[tuple[int, int]]:
    """The links of words that have no other."""
    by_source = Counter(i for i, _ in pair.links)
    by_target = Counter(j for _, j in pair.links)
    return [(i, j) for i, j in pair.links if by_source[i] == by_target[j] == 1]


def _swappable(pair: TokenisedPair) -> list[tuple[int, int]]:
    """The links of names and numbers that are aligned one to one and may be exchanged.

    A link may when both words are the same, or when both are capitalised and neither opens its
    sentence (Mary, Maria).
    """
    return [
        (i, j)
        for i, j in _one_to_one(pair)
        if _is_name_or_number(pair.source[i])
        and (
            pair.source[i] == pair.target[j]
            or (i and j and _is_capitalised(pair.source[i]) and _is_capitalised(pair.target[j]))
        )
    ]


def _is_name_or_number(word: str) -> bool:
    """A capitalised word or one with a digit."""
    return word[:1].isupper() or any(c.isdigit() for c in word)


def _is_capitalised(word: str) -> bool:
    return len(word) > 2 and word[0].isupper() and word[1:].islower()
