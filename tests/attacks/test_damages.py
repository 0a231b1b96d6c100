"""Damaged and lost files of runs, memories and models, and links in their place: healed, refused
in one line, or without effect."""

import random
from collections import Counter

import pytest

from tests.helpers.attacks.damages import (
    DAMAGES,
    HEALED,
    LINKS,
    REFUSED,
    UNAFFECTED,
    WRONG,
    Case,
    Subject,
    attack_all,
    cases,
    subjects,
)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> list[Subject]:
    return subjects(tmp_path_factory.mktemp("attacked"))


def sample(attacked: list[Subject], damages: list[str], most: int) -> list[Case]:
    rng = random.Random(17)
    made = [cases(subject, damages) for subject in attacked]
    return [case for each in made for case in rng.sample(each, min(most, len(each)))]


def outcomes(made: list[Case]) -> Counter[str]:
    verdicts = attack_all(made)
    assert [verdict for verdict in verdicts if verdict.outcome == WRONG] == []
    return Counter(verdict.outcome for verdict in verdicts)


def test_damaged_files(attacked: list[Subject]) -> None:
    counts = outcomes(sample(attacked, list(DAMAGES), 6))
    assert counts[HEALED] > 5
    assert counts[HEALED] + counts[REFUSED] + counts[UNAFFECTED] == 24


def test_links(attacked: list[Subject]) -> None:
    outcomes(sample(attacked, list(LINKS), 3))
