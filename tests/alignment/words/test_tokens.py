"""Links between words and links between the tokens that others count."""

from __future__ import annotations

import numpy as np

from alignment.protocol import WordAlignment, WordPair, Words
from alignment.words.given import GivenLinks
from alignment.words.splitting import split_pair
from alignment.words.tokens import space_tokens, token_links, token_of_words, words_of_tokens

SOURCE, TARGET = "the place, Anna !", "el lugar , Anna!"
TOKENS = WordPair(Words(SOURCE, space_tokens(SOURCE)), Words(TARGET, space_tokens(TARGET)))
WORDS = split_pair(SOURCE, TARGET)


def alignment(**weights: float) -> WordAlignment:
    links = [[int(number) for number in link[1:].split("_")] for link in weights]
    return WordAlignment(
        np.array(links, np.int32).reshape(-1, 2), np.array(list(weights.values()), np.float32)
    )


def test_words_of_tokens() -> None:
    assert token_of_words(WORDS.source, TOKENS.source.offsets) == [0, 1, 1, 2, 3]
    # A comma at a word is left out, one that stands alone is a word.
    assert words_of_tokens(WORDS.source, TOKENS.source.offsets) == [[0], [1], [3], [4]]
    assert words_of_tokens(WORDS.target, TOKENS.target.offsets) == [[0], [1], [2], [3]]


def test_links_of_words_become_links_of_tokens() -> None:
    links = token_links(TOKENS, WORDS, alignment(l0_0=0.5, l1_1=0.75, l2_2=1.0, l3_3=1.0, l4_4=1.0))
    assert links.links.tolist() == [[0, 0], [1, 1], [2, 3]]
    assert links.weights.tolist() == [0.5, 0.75, 1.0]
    assert token_links(TOKENS, WORDS, alignment()).links.shape == (0, 2)


def test_given_links_of_tokens_become_links_of_words() -> None:
    aligner = GivenLinks([TOKENS], [alignment(l1_1=0.5, l2_3=1.0)])
    given, unknown = aligner.align([WORDS, split_pair("a", "b")])
    assert given.links.tolist() == [[1, 1], [3, 3]] and given.weights.tolist() == [0.5, 1.0]
    assert unknown.links.shape == (0, 2)
