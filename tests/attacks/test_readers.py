"""Broken files of every format: no row is lost, no offset is wrong, nothing but `UserError`."""

from pathlib import Path

from tests.helpers.attacks.readers import Case, attack_all, kinds

FILES = 12
"""Broken files of each kind."""


def test_broken_files(tmp_path: Path) -> None:
    cases = [Case(kind, n, tmp_path, seed=17) for kind in kinds(tmp_path) for n in range(FILES)]
    refused = 0
    for case, outcome in attack_all(cases):
        assert not outcome.problems, f"{case.kind.name} {case.number}: {outcome.problems}"
        refused += outcome.refused
    assert len(cases) > 400
    assert 0.1 < refused / len(cases) < 0.6  # most are read in spite of what is bad in them
