"""Between the tokens that others count and the words that our aligners see.

Tokens of a file may be anything (`lugar,` with its comma); the aligners want words (`lugar`,
`,`). Links go from one to the other by the offsets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from alignment.protocol import Posteriors, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors
from alignment.words import split_words

Offsets = Sequence[tuple[int, int]]


def space_tokens(text: str) -> tuple[tuple[int, int], ...]:
    """Offsets of what stands between white space, which Pharaoh files count."""
    offsets, at = [], 0
    for token in text.split():
        start = text.index(token, at)
        at = start + len(token)
        offsets.append((start, at))
    return tuple(offsets)


def token_of_words(words: Words, tokens: Offsets) -> list[int]:
    """The number of the token that each word begins in; -1 for none."""
    starts = [start for start, _ in tokens]
    found = []
    for start, _ in words.offsets:
        token = bisect_right(starts, start) - 1
        found.append(token if token >= 0 and start < tokens[token][1] else -1)
    return found


def _words_of_tokens(words: Words, tokens: Offsets) -> list[list[int]]:
    """The words in every token: those with letters or digits, else all of them."""
    members: list[list[int]] = [[] for _ in tokens]
    for word, token in enumerate(token_of_words(words, tokens)):
        if token >= 0:
            members[token].append(word)
    strings = words.strings()
    for token, group in enumerate(members):
        spoken = [word for word in group if any(map(str.isalnum, strings[word]))]
        members[token] = spoken or group
    return members


class TokenLinks:
    """A `WordAligner` that knows the links of given pairs, in tokens, and gives them in words.

    `pairs` are the texts with their tokens as `offsets`, `alignments` their links.
    """

    name = "links"

    def __init__(self, pairs: Sequence[WordPair], alignments: Sequence[WordAlignment]) -> None:
        self._known = {
            (pair.source.text, pair.target.text): (pair, links)
            for pair, links in zip(pairs, alignments, strict=True)
        }

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of every pair; none for a pair of texts that is not known."""
        return [self._one(pair) for pair in pairs]

    def _one(self, pair: WordPair) -> WordAlignment:
        known = self._known.get((pair.source.text, pair.target.text))
        weights: dict[tuple[int, int], float] = {}
        if known is not None:
            tokens, given = known
            source = _words_of_tokens(pair.source, tokens.source.offsets)
            target = _words_of_tokens(pair.target, tokens.target.offsets)
            for (i, j), weight in zip(given.links.tolist(), given.weights.tolist(), strict=True):
                for left in source[i]:
                    for right in target[j]:
                        weights[left, right] = max(weights.get((left, right), 0.0), weight)
        links = np.array(sorted(weights), dtype=np.int32).reshape(-1, 2)
        values = [weights[i, j] for i, j in links.tolist()]
        return WordAlignment(links, np.array(values, dtype=np.float32))


def in_words(pair: WordPair) -> WordPair:
    """The same texts, cut into our words."""
    return WordPair(split_words(pair.source.text), split_words(pair.target.text))


def token_posteriors(tokens: WordPair, words: WordPair, soft: Posteriors) -> Posteriors:
    """Soft links between words as soft links between tokens: their likeliest words'."""
    shape = (len(tokens.source.offsets), len(tokens.target.offsets))
    source = _words_of_tokens(words.source, tokens.source.offsets)
    target = _words_of_tokens(words.target, tokens.target.offsets)
    result = []
    for matrix, axis in ((soft.forward, 0), (soft.reverse, 1)):
        rows = np.zeros((shape[0], matrix.shape[1]), np.float32)
        for token, members in enumerate(source):
            if members:
                part = matrix[members]
                rows[token] = part.sum(axis=0) if axis == 0 else part.max(axis=0)
        whole = np.zeros(shape, np.float32)
        for token, members in enumerate(target):
            if members:
                part = rows[:, members]
                whole[:, token] = part.max(axis=1) if axis == 0 else part.sum(axis=1)
        total = whole.sum(axis=axis, keepdims=True)
        result.append(np.asarray(whole / np.maximum(total, 1.0), dtype=np.float32))
    return Posteriors(*result)


def align_tokens(
    pairs: Sequence[WordPair], soft: Sequence[Posteriors], threshold: float, method: str
) -> list[WordAlignment]:
    """Links between tokens from soft links between our words of the same texts."""
    return [
        links_from_posteriors(token_posteriors(pair, in_words(pair), one), threshold, method)
        for pair, one in zip(pairs, soft, strict=True)
    ]
