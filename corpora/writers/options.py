"""What a writer is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from corpora.checks import TASKS, Task
from corpora.errors import UserError
from corpora.records import Row


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go: the open file, the path it will have, and what could not be kept as it was."""

    path: Path
    file: BinaryIO
    """Takes bytes that are compressed, where the path asks for it, on the way."""
    task: Task | None
    notes: Counter[str] = field(default_factory=Counter)

    def write(self, text: str) -> None:
        """Write `text` as UTF-8."""
        self.file.write(text.encode("utf-8"))

    def refuse(self, row: Row, problem: str) -> UserError:
        """The error for a row that this format cannot hold."""
        return UserError(problem, file=self.path, row=row.id)


@dataclass(frozen=True, slots=True)
class Writer:
    """A format that rows can be written in: its entry in the table of writers."""

    name: str
    write: Callable[[Iterator[Row], Target], None]
    suffix: str
    tasks: tuple[Task, ...] = TASKS


@dataclass(frozen=True, slots=True)
class WriteReport:
    """How many rows were written, and how often something could not be kept as it was."""

    path: Path
    rows: int
    notes: dict[str, int]
