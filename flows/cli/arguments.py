"""What several commands ask of their arguments: numbers in a range, settings, safe outputs."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from corpora.storage import check_writable

_UNBOUNDED = 2**31 - 1
"""More rows, pieces or seconds than anyone means; beyond it libraries overflow."""


@dataclass(frozen=True, slots=True)
class Number:
    """The `type` of a numeric option: what its text says, if that is in the range.

    Raises `UserError` that names the option, the text and what is allowed; argparse would print a
    screenful of usage first.
    """

    option: str
    least: float
    most: float = _UNBOUNDED
    whole: bool = True
    above: bool = False
    """Whether `least` itself is not allowed."""

    def __call__(self, text: str) -> int | float:
        """The number that `text` is."""
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            raise self._refusal(text) from None
        enough = value > self.least if self.above else value >= self.least
        if not math.isfinite(value) or not enough or value > self.most:
            raise self._refusal(text)
        return value

    def _refusal(self, text: str) -> UserError:
        kind = "a whole number" if self.whole else "a number"
        least = f"{'above' if self.above else 'from'} {self.least:g}"
        return UserError(f"{self.option} {text}: it must be {kind} {least} to {self.most:.10g}")


def seed(option: str = "--seed") -> Number:
    """The `type` of an option that seeds random numbers, as NumPy takes them."""
    return Number(option, 0)


Option = tuple[str, str, str, dict[str, Any]]
"""Flag, place in the configuration, help, and what argparse is told beside."""


def add_options(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Add `options` to a command whose settings may come from a file, too; see `overrides`."""
    for flag, place, text, more in options:
        if "action" not in more and "metavar" not in more:
            more = {**more, "metavar": flag.strip("-").upper().replace("-", "_")}
        parser.add_argument(flag, dest=place, help=text, **more)


def overrides(given: Mapping[str, Any], options: Sequence[Option]) -> dict[str, Any]:
    """What the command line says of `input` and of `options`, as a nested configuration."""
    values: dict[str, Any] = {}
    if "input" in given:
        values["input"] = given["input"]
    for _, place, _, _ in options:
        if place not in given:
            continue
        value = given[place]
        if place == "reading.columns":
            value = parse_columns(value)
        elif place == "model":
            value = value[0] if len(value) == 1 else tuple(value)
        *parents, last = place.split(".")
        inner = values
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return values


def parse_columns(text: str) -> dict[str, str]:
    """`text=a,label=b` as a mapping."""
    columns = {}
    for part in text.split(","):
        name, equals, column = part.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise UserError(f"--columns: {part!r} is not of the form NAME=COLUMN")
        columns[name.strip()] = column.strip()
    return columns


def add_quoting(parser: argparse.ArgumentParser) -> None:
    """The option `--quoting`, for commands that read tables; see `quoting`."""
    parser.add_argument(
        "--quoting",
        choices=("yes", "no"),
        default=None,
        help="whether fields of tables may stand in quotes (default: in CSV they may, in TSV "
        "not)%(default).0s",
    )


def quoting(answer: str | None) -> bool | None:
    """The answer to `--quoting`, as readers take it."""
    return None if answer is None else answer == "yes"


def check_outputs(
    outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | int | None]
) -> None:
    """Raise `UserError` now for an output that would destroy an input or cannot be written.

    Keys are what the user calls a file; an input may be a file descriptor. Links are followed.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        for name, source in inputs.items():
            if source is not None and _same_file(path, source):
                raise UserError(f"{option} would overwrite the input {name}", file=path)
    for number, (option, path) in enumerate(given.items()):
        for other in list(given)[:number]:
            if os.path.realpath(path) == os.path.realpath(given[other]):
                raise UserError(f"{other} and {option} are the same file", file=path)
        check_writable(path)


def _same_file(path: Path, source: Path | int) -> bool:
    try:
        return os.path.samefile(path, source)  # noqa: PTH121 (takes descriptors too)
    except OSError:  # one of them is not there, so they are not the same
        return False
