from __future__ import annotations

import numpy as np
import pytest

from alignment.protocol import Posteriors
from alignment.symmetrize import (
    best_links,
    grow_diag,
    grow_diag_final_and,
    intersection,
    links_from_posteriors,
    posteriors_from_links,
    union,
)
from corpora.errors import UserError

# Worked out by hand from Koehn, Och & Marcu's description.
FORWARD = {(0, 0), (1, 1), (2, 1), (4, 4)}
REVERSE = {(0, 0), (1, 1), (1, 2), (5, 5)}


def test_intersection_and_union() -> None:
    assert intersection(FORWARD, REVERSE) == {(0, 0), (1, 1)}
    assert union(FORWARD, REVERSE) == FORWARD | REVERSE


def test_growing_takes_neighbours_that_cover_something_new() -> None:
    assert grow_diag(FORWARD, REVERSE) == {(0, 0), (1, 1), (2, 1), (1, 2)}


def test_final_and_adds_pairs_of_uncovered_words_only() -> None:
    assert grow_diag_final_and(FORWARD, REVERSE) == {
        (0, 0), (1, 1), (2, 1), (1, 2), (4, 4), (5, 5),
    }  # fmt: skip


def test_neighbours_of_neighbours_are_reached() -> None:
    forward = {(0, 0), (1, 1), (2, 2), (3, 3)}
    assert grow_diag(forward, {(0, 0)}) == forward


def soft() -> Posteriors:
    forward = np.array([[0.9, 0.1, 0.2], [0.0, 0.8, 0.3]], np.float32)
    reverse = np.array([[0.9, 0.05, 0.0], [0.0, 0.4, 0.5]], np.float32)
    return Posteriors(forward, reverse)


def test_weighted_links_are_those_above_the_threshold() -> None:
    found = links_from_posteriors(soft(), 0.45)
    assert found.links.tolist() == [[0, 0], [1, 1]]
    assert found.weights == pytest.approx([0.9, 0.6])


def test_a_word_likelier_alone_has_no_link() -> None:
    forward, reverse = best_links(soft())
    assert forward == {(0, 0), (1, 1)}  # word 2 is unlinked with probability 0.5
    assert reverse == {(0, 0), (1, 2)}
    assert links_from_posteriors(soft(), method="union").links.tolist() == [[0, 0], [1, 1], [1, 2]]


def test_unknown_method_names_the_choices() -> None:
    with pytest.raises(UserError, match="grow-diag-final-and"):
        links_from_posteriors(soft(), method="magic")


def test_links_become_probabilities_that_sum_to_one_at_most() -> None:
    links = links_from_posteriors(soft(), method="union")
    back = posteriors_from_links(links, 2, 3)
    assert (back.forward.sum(axis=0) <= 1.0001).all()
    assert (back.reverse.sum(axis=1) <= 1.0001).all()
    assert back.forward[0, 0] == pytest.approx(0.9)


def test_empty_sides() -> None:
    nothing = Posteriors(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32))
    assert best_links(nothing) == (set(), set())
    assert links_from_posteriors(nothing).links.shape == (0, 2)
