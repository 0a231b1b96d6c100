"""The two kinds of error that users get: their own mistake (exit code 2) and a missing extra."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from corpora.text.shortened import listed
from corpora.text.visible import visible

_SHOWN_CHOICES = 300
"""Choices that a message names: models have 200 languages, but data may have more labels."""
_names: dict[str, str] = {}
"""What errors call files that stand for something else, by their path."""


def call(file: Path, name: str) -> None:
    """Have errors in `file`, a copy of what the user gave, call it `name`."""
    _names[str(file)] = name


def called(file: str | Path) -> str:
    """What errors call `file`: its path, or the name that `call` gave it."""
    return _names.get(str(file), str(file))


class UserError(Exception):
    """A mistake of the user's: exit code 2, one message, no traceback.

    The message names where it is (`file`, and `row` or `line`, counted from 1), what is wrong
    (`problem`), and, where there are any, the valid `choices`.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        row: int | str | None = None,
        line: int | None = None,
        choices: Iterable[str] | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else called(file)
        self.row = row
        self.line = line
        self.choices = None if choices is None else sorted(choices)
        super().__init__(self._message())

    def _message(self) -> str:
        where = []
        if self.file is not None:
            where.append(self.file)
        if self.line is not None:
            where.append(f"line {self.line}")
        if self.row is not None:
            where.append(f"row {self.row}")
        message = f"{', '.join(where)}: {self.problem}" if where else self.problem
        if self.choices is not None:
            message += f" (choose from: {listed(self.choices, _SHOWN_CHOICES) or 'none'})"
        # Half of a surrogate pair, quoted from the input, could not be printed; names and labels of
        # untrusted files may hold what moves a terminal's cursor.
        return visible(message.encode("utf-8", "backslashreplace").decode("utf-8"))


class MissingExtraError(UserError):
    """A feature needs an extra that is not installed; the message is the exact command to run."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the '{extra}' extra: "
            f"run `pip install -c constraints.txt -e '.[{extra}]'` in the labelferry checkout"
        )
