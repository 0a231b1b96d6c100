"""Alignments of words converted to alignments of tokens, which files and other tools count.

Tokens of a file may be anything (`lugar,` with its comma); the aligners want words (`lugar`,
`,`). Both are offsets into the same text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from alignment.limits import MAX_CELLS, no_links
from alignment.protocol import Posteriors, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors
from alignment.words.splitting import split_pair

Offsets = Sequence[tuple[int, int]]
_TOKEN = re.compile(r"[^ \t\r\n]+")


def space_tokens(text: str) -> tuple[tuple[int, int], ...]:
    """Offsets of the tokens of `text` between spaces, tabs and line breaks, which Pharaoh files
    count: other white space, such as a no-break space, is part of a token."""
    return tuple(match.span() for match in _TOKEN.finditer(text))


def token_of_words(words: Words, tokens: Offsets) -> list[int]:
    """For each of `words` the index of the one of `tokens` that it begins in; -1 for none."""
    starts = [start for start, _ in tokens]
    indices = []
    for start, _ in words.offsets:
        token = bisect_right(starts, start) - 1
        indices.append(token if token >= 0 and start < tokens[token][1] else -1)
    return indices


def words_of_tokens(words: Words, tokens: Offsets) -> list[list[int]]:
    """For each of `tokens` the indices of its `words`: those with letters or digits, else all."""
    members: list[list[int]] = [[] for _ in tokens]
    for word, token in enumerate(token_of_words(words, tokens)):
        if token >= 0:
            members[token].append(word)
    strings = words.strings()
    for token, inside in enumerate(members):
        alphanumeric = [word for word in inside if any(map(str.isalnum, strings[word]))]
        members[token] = alphanumeric or inside
    return members


def token_posteriors(tokens: WordPair, words: WordPair, soft: Posteriors) -> Posteriors:
    """The soft alignment of `tokens` from `soft`, that of the `words` of the same texts.

    A token is linked as its likeliest words are; those of a pair with more than `MAX_CELLS` word
    pairs are not.
    """
    shape = (len(tokens.source.offsets), len(tokens.target.offsets))
    if max(soft.forward.size, shape[0] * shape[1]) > MAX_CELLS:
        return no_links(*shape)
    source = words_of_tokens(words.source, tokens.source.offsets)
    target = words_of_tokens(words.target, tokens.target.offsets)
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
    """Links between the tokens of `pairs` from `soft`, the soft alignments of their texts' words.

    `threshold` and `method` are as for `links_from_posteriors`.
    """
    return [
        links_from_posteriors(
            token_posteriors(pair, split_pair(pair.source.text, pair.target.text), posteriors),
            threshold,
            method,
        )
        for pair, posteriors in zip(pairs, soft, strict=True)
    ]


def token_links(tokens: WordPair, words: WordPair, alignment: WordAlignment) -> WordAlignment:
    """Links between `tokens` from the `alignment` of the `words` of the same texts.

    A link between tokens has the greatest weight of those between their words.
    """
    source = _token_by_word(words_of_tokens(words.source, tokens.source.offsets))
    target = _token_by_word(words_of_tokens(words.target, tokens.target.offsets))
    weights: dict[tuple[int, int], float] = {}
    for (i, j), weight in zip(alignment.links.tolist(), alignment.weights.tolist(), strict=True):
        if i in source and j in target:
            link = source[i], target[j]
            weights[link] = max(weights.get(link, 0.0), weight)
    links = sorted(weights)
    return WordAlignment(
        np.array(links, dtype=np.int32).reshape(-1, 2),
        np.array([weights[link] for link in links], dtype=np.float32),
    )


def _token_by_word(words_by_token: Sequence[Sequence[int]]) -> dict[int, int]:
    return {word: token for token, words in enumerate(words_by_token) for word in words}
