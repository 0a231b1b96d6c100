"""The files of a parallel corpus: a table, a translation memory, or two line-aligned files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import UserError
from corpora.readers.streams import format_suffix
from corpora.storage import COMPRESSIONS, NOT_TWICE, reading


@dataclass(frozen=True, slots=True)
class Bitext:
    """One corpus: `path` alone (TSV or TMX), or `path` and `target_path`, line by line.

    `columns` are the two columns of a TSV file, by name (the file has a header line) or by
    number from 1 (it has none). Without them a header line that names both languages, or
    `source` and `target`, is recognised, and so are exactly two columns without a header.
    `weight` is how often a pair is seen, against 1 for other corpora.
    """

    path: Path
    target_path: Path | None = None
    columns: tuple[str, str] | None = None
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The file's name without the suffixes of its format."""
        name = _without(self.path.name, COMPRESSIONS)
        return _without(name, (".tsv", ".tmx", ".txt"))

    @property
    def is_table(self) -> bool:
        """Whether it is tab-separated, so that it has columns."""
        return self.target_path is None and not self.is_tmx

    @property
    def is_tmx(self) -> bool:
        """Whether it is a translation memory, going by the file's name."""
        return self.target_path is None and format_suffix(self.path) == ".tmx"

    def files(self) -> tuple[Path, ...]:
        """The files that it is made of."""
        return (self.path,) if self.target_path is None else (self.path, self.target_path)

    def check_files(self) -> None:
        """Raise `UserError` for a file that is not there, and for what is no regular file."""
        for file in self.files():
            with reading(file):
                exists = file.exists()
            if file.is_dir():
                raise UserError("this is a folder, not a file", file=file)
            if not exists:
                raise UserError("no such file", file=file)
            if not file.is_file():
                raise UserError(NOT_TWICE, file=file)


def _without(name: str, suffixes: Iterable[str]) -> str:
    """`name` without the one of `suffixes` that it ends in."""
    return next((name.removesuffix(s) for s in suffixes if name.endswith(s)), name)
