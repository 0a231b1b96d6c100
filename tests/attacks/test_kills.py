"""A run killed before an operation on files, anywhere: the same export, nothing done twice."""

from pathlib import Path

from tests.helpers.attacks.kills import attempt, kills, undisturbed


def test_killed_before_an_operation(tmp_path: Path) -> None:
    whole, count = undisturbed("translate-train", tmp_path / "whole")
    assert len(whole) == 3
    assert count > 500
    for kill in kills("translate-train", tmp_path, count, seed=17, most=3):
        assert attempt(kill, whole) == []
