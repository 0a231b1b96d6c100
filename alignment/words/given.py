"""Links that exist already, such as those of a Pharaoh file, as a word aligner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.limits import is_too_long
from alignment.protocol import WordAlignment, WordPair
from alignment.words.tokens import words_of_tokens


class GivenLinks:
    """A `WordAligner` that has the links of given pairs, in tokens, and gives them in words.

    `pairs` are the texts with their tokens as `offsets`, `alignments` their links, one for each.
    """

    name = "links"

    def __init__(self, pairs: Sequence[WordPair], alignments: Sequence[WordAlignment]) -> None:
        self._by_text = {
            (pair.source.text, pair.target.text): (pair, links)
            for pair, links in zip(pairs, alignments, strict=True)
        }

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of all `pairs`; see `WordAligner`.

        There are none for one whose texts were not given, and for one that is too long."""
        return [self._align(pair) for pair in pairs]

    def _align(self, pair: WordPair) -> WordAlignment:
        entry = self._by_text.get((pair.source.text, pair.target.text))
        weights: dict[tuple[int, int], float] = {}
        if entry is not None and not is_too_long(pair):
            tokens, given = entry
            source = words_of_tokens(pair.source, tokens.source.offsets)
            target = words_of_tokens(pair.target, tokens.target.offsets)
            for (i, j), weight in zip(given.links.tolist(), given.weights.tolist(), strict=True):
                for left in source[i]:
                    for right in target[j]:
                        weights[left, right] = max(weights.get((left, right), 0.0), weight)
        links = np.array(sorted(weights), dtype=np.int32).reshape(-1, 2)
        values = [weights[i, j] for i, j in links.tolist()]
        return WordAlignment(links, np.array(values, dtype=np.float32))
