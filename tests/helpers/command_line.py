"""What commands that tests run come to."""

from __future__ import annotations

from collections.abc import Callable

Command = Callable[..., tuple[int, str, str]]
"""Runs a command; gives exit code, standard output and standard error."""


def check_refused(result: tuple[int, str, str], *words: str) -> None:
    """Check that a command ended with 2 and a last line of error that has all of `words`."""
    code, _, err = result
    assert code == 2, err
    last = err.splitlines()[-1]
    assert last.startswith("labelferry: error: ")
    for word in words:
        assert word in last


def check_refused_in_one_line(result: tuple[int, str, str], *words: str) -> None:
    """Check that a command ended with 2 and nothing but a line of error with all of `words`."""
    code, _, err = result
    assert code == 2, err
    assert err.startswith("labelferry: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err
