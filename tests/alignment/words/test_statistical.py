from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from alignment.protocol import WordPair
from alignment.words.splitting import split_words
from alignment.words.statistical.aligner import StatisticalAligner
from alignment.words.statistical.corpus import align_corpus
from alignment.words.statistical.options import StatisticalOptions
from alignment.words.statistical.priors import load_priors
from corpora.errors import UserError

BITEXT = [
    ("the house is red", "das Haus ist rot"),
    ("the red car", "das rote Auto"),
    ("a house and a car", "ein Haus und ein Auto"),
    ("the car is small", "das Auto ist klein"),
    ("a small house", "ein kleines Haus"),
    ("is the house small ?", "ist das Haus klein ?"),
    ("the book is red", "das Buch ist rot"),
    ("a small book", "ein kleines Buch"),
    ("the car and the book", "das Auto und das Buch"),
    ("Anna has a red book", "ein rotes Buch hat Anna"),
]


def pairs(bitext: list[tuple[str, str]] | None = None) -> list[WordPair]:
    chosen = BITEXT if bitext is None else bitext
    return [WordPair(split_words(s), split_words(t)) for s, t in chosen]


def linked_words(aligner: StatisticalAligner, bitext: list[WordPair]) -> list[set[tuple[str, str]]]:
    return [
        {(pair.source.strings()[i], pair.target.strings()[j]) for i, j in links.links.tolist()}
        for pair, links in zip(bitext, aligner.align(bitext), strict=True)
    ]


def test_ten_sentences_are_enough_to_learn_their_words() -> None:
    found = linked_words(StatisticalAligner(), pairs())
    assert found[0] == {("the", "das"), ("house", "Haus"), ("is", "ist"), ("red", "rot")}
    assert found[5] >= {("house", "Haus"), ("small", "klein"), ("is", "ist"), ("?", "?")}
    assert found[9] >= {("Anna", "Anna"), ("book", "Buch"), ("red", "rotes"), ("a", "ein")}


def test_probabilities_are_probabilities_and_the_result_is_reproducible() -> None:
    first = StatisticalAligner().posteriors(pairs())
    again = StatisticalAligner().posteriors(pairs())
    for pair, soft, same in zip(pairs(), first, again, strict=True):
        assert soft.forward.shape == (len(pair.source.offsets), len(pair.target.offsets))
        assert (soft.forward >= 0).all() and (soft.forward.sum(axis=0) <= 1.001).all()
        assert (soft.reverse >= 0).all() and (soft.reverse.sum(axis=1) <= 1.001).all()
        np.testing.assert_array_equal(soft.forward, same.forward)


def test_long_sentences_are_aligned_as_short_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"w{number % 37}" for number in range(90)]
    long = (" ".join(words), " ".join(f"{word}x" for word in words[40:] + words[:40]))
    bitext = pairs([*BITEXT, long])
    by_matrix = StatisticalAligner().posteriors(bitext)
    monkeypatch.setattr("alignment.words.statistical.jumps._DENSE_POSITIONS", 0)
    by_windows = StatisticalAligner().posteriors(bitext)
    for one, other in zip(by_matrix, by_windows, strict=True):
        np.testing.assert_allclose(one.forward, other.forward, atol=1e-3)
        np.testing.assert_allclose(one.reverse, other.reverse, atol=1e-3)


def test_empty_input_and_empty_sides() -> None:
    assert StatisticalAligner().align([]) == []
    found = StatisticalAligner().align(pairs([("", "a b"), ("a", ""), ("x y", "x y"), ("", "")]))
    assert [len(one.links) for one in found] == [0, 0, 2, 0]


def test_priors_are_saved_loaded_and_used(tmp_path: Path) -> None:
    path = tmp_path / "priors.arrow"
    StatisticalAligner().fit(pairs()).save(path)
    # One sentence alone cannot tell which word is which; the priors can, against the order.
    odd = pairs([("house small", "klein Haus")])
    assert linked_words(StatisticalAligner(path), odd) == [{("house", "Haus"), ("small", "klein")}]
    assert ("haus" in load_priors(path).target) and (load_priors(path).count > 0).all()


def test_a_fitted_aligner_applies_what_it_learned() -> None:
    fitted = StatisticalAligner().fit(pairs())
    odd = pairs([("house small", "klein Haus")])
    assert linked_words(fitted, odd) == [{("house", "Haus"), ("small", "klein")}]


def test_extra_pairs_are_learned_from_and_not_returned() -> None:
    odd = pairs([("house small", "klein Haus")])
    aligner = StatisticalAligner(extra=pairs())
    assert linked_words(aligner, odd) == [{("house", "Haus"), ("small", "klein")}]


def test_a_bitext_larger_than_memory_allows_is_sampled_and_aligned_whole() -> None:
    many = pairs() * 6
    small = StatisticalOptions(max_cells=300)
    found = StatisticalAligner(options=small).align(many)
    assert len(found) == len(many)
    assert sum(len(one.links) for one in found) > 100


def test_a_corpus_is_aligned_as_a_list_is_but_for_pairs_that_are_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alignment.words.statistical.corpus._TOGETHER", 4)
    too_long = "the house " * 501

    class Corpus:
        def __iter__(self) -> Iterator[WordPair]:
            return iter(pairs([*BITEXT, (too_long, too_long), ("", "")]))

    streamed = [links.links.tolist() for links in align_corpus(Corpus())]
    fitted = StatisticalAligner().fit(pairs())
    assert streamed == [*(links.links.tolist() for links in fitted.align(pairs())), [], []]


@pytest.mark.parametrize("content", [b"", b"not arrow at all", b"ARROW1\0\0broken"])
def test_priors_that_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.arrow"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a file of alignment priors"):
        load_priors(path)


def test_missing_priors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_priors(tmp_path / "nothing.arrow")
