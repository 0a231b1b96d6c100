"""Where a writer writes to, and what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from corpora.choices import TASKS, Task
from corpora.errors import UserError
from corpora.records import Row
from corpora.storage import check_new_folder


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go: the open file, the path it will have, and notes on what had to be changed."""

    path: Path
    file: BinaryIO
    """Compresses the bytes it is given where the path says so. Where a format is a folder, this is
    nothing."""
    task: Task | None
    notes: Counter[str] = field(default_factory=Counter)
    safe_cells: bool = False
    """Whether fields of tables that a spreadsheet would compute get an apostrophe before them."""
    folder: Path = Path()
    """The folder to write files to, where a format is a folder."""
    files: dict[Path, int] = field(default_factory=dict)
    """What is written to the folder, with the number of rows, where the format counts it."""

    def write(self, text: str) -> None:
        """Write `text` as UTF-8."""
        self.file.write(text.encode("utf-8"))

    def refuse(self, row: Row, problem: str) -> UserError:
        """The error for a `row` that this format cannot hold; `problem` says why."""
        return UserError(problem, file=self.path, row=row.id)


@dataclass(frozen=True, slots=True)
class Writer:
    """A format that rows can be written in: its entry in the table of writers."""

    name: str
    write: Callable[[Iterator[Row], Target], None]
    suffix: str
    tasks: tuple[Task, ...] = TASKS
    splits: bool = True
    """Whether its rows say of which split they are; else every split goes to its own file."""
    is_folder: bool = False
    """Whether it is a folder of files, not a file."""
    check_folder: Callable[[Path], None] = check_new_folder
    """Raises `UserError` for a folder that may not be replaced."""


@dataclass(frozen=True, slots=True)
class WriteReport:
    """How many rows were written, and how often something had to be changed."""

    path: Path
    """The file, or the first of several."""
    rows: int
    notes: dict[str, int]
    files: Mapping[Path, int] = field(default_factory=dict)
    """Every file with its number of rows: one, or one per split."""
