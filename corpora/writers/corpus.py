"""Rows to a file of any format."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from corpora.choices import Task
from corpora.errors import UserError
from corpora.records import Row
from corpora.storage import COMPRESSIONS, compressing, replacing, replacing_folder
from corpora.writers.annotation_tools import (
    write_argilla,
    write_doccano,
    write_json,
    write_label_studio,
    write_prodigy,
)
from corpora.writers.brat import write_brat
from corpora.writers.by_split import split_paths, spooled_by_split
from corpora.writers.columnar import write_arrow, write_parquet
from corpora.writers.conll import write_conll
from corpora.writers.hf import check_replaceable, write_hf
from corpora.writers.options import Target, Writer, WriteReport
from corpora.writers.spacy import write_spacy
from corpora.writers.squad import write_lines, write_squad
from corpora.writers.tables import write_csv, write_jsonl, write_tsv

_LABELLED: tuple[Task, ...] = ("classification", "pair", "tokens", "text")
WRITERS: Mapping[str, Writer] = {
    writer.name: writer
    for writer in (
        Writer("jsonl", write_jsonl, ".jsonl"),
        Writer("csv", write_csv, ".csv"),
        Writer("tsv", write_tsv, ".tsv"),
        Writer("parquet", write_parquet, ".parquet"),
        Writer("arrow", write_arrow, ".arrow"),
        Writer("conll", write_conll, ".conll", ("tokens", "classification"), splits=False),
        Writer("squad", write_squad, ".json", ("qa",), splits=False),
        Writer("hf", write_hf, ".hf", is_folder=True, check_folder=check_replaceable),
        Writer("json", write_json, ".json"),
        Writer("doccano", write_doccano, ".jsonl", _LABELLED),
        Writer("label-studio", write_label_studio, ".json", _LABELLED),
        Writer("argilla", write_argilla, ".json", _LABELLED),
        Writer("prodigy", write_prodigy, ".jsonl", ("tokens", "classification")),
        Writer("spacy", write_spacy, ".spacy", ("tokens", "classification"), splits=False),
        Writer("brat", write_brat, ".brat", ("tokens",), splits=False, is_folder=True),
        Writer("text", write_lines, ".txt", splits=False),
    )
}
"""Every format that rows can be written in, by its name on the command line."""


def write_corpus(
    rows: Iterable[Row],
    path: str | Path,
    *,
    format: str | None = None,
    task: Task | None = None,
    safe_cells: bool = False,
) -> WriteReport:
    """Write `rows` to `path`, whole or not at all; `.gz`, `.zst`, `.bz2` and `.xz` at its
    end compress.

    The format `hf` is a folder, which `path` is the name of. A format whose rows cannot say of
    which split they are has a file for each split, where there are several: `rows.train.conll` and
    `rows.test.conll` for the `path` `rows.conll`. `format` None goes by the name. Raises
    `UserError` for an unknown format, one that cannot hold rows for `task`, a row that it cannot
    hold, and for no space or no permission. Memory stays bounded. With `safe_cells`, for CSV and
    TSV alone, fields that begin with =, +, -, @, a tab or a carriage return get an apostrophe
    before them: a spreadsheet would compute them.
    """
    path = Path(path)
    writer = find_writer(path, format, task)
    if safe_cells and writer.name not in ("csv", "tsv"):
        raise UserError("safe cells are for CSV and TSV alone", file=path)
    notes: Counter[str] = Counter()
    if writer.splits:
        files = _write(rows, path, writer, task, notes, safe_cells)
        return WriteReport(path, sum(files.values()), dict(notes), files)
    files = {}
    with TemporaryDirectory() as folder:
        parts = spooled_by_split(rows, Path(folder))
        paths = split_paths(path, parts)
        for split, part in parts.items():
            files |= _write(part, paths[split], writer, task, notes, safe_cells)
    return WriteReport(next(iter(files)), sum(files.values()), dict(notes), files)


def _write(
    rows: Iterable[Row],
    path: Path,
    writer: Writer,
    task: Task | None,
    notes: Counter[str],
    safe_cells: bool,
) -> dict[Path, int]:
    """Write `rows` to `path`; the files, or what a folder has, with their number of rows."""
    counted = _Counted(rows)
    if writer.is_folder:
        with replacing_folder(path, writer.check_folder) as folder:
            target = Target(path, io.BytesIO(), task, notes, folder=folder)
            writer.write(iter(counted), target)
        return target.files or {path: counted.count}
    with replacing(path) as temporary, compressing(temporary, path.suffix) as file:
        writer.write(iter(counted), Target(path, file, task, notes, safe_cells))
    return {path: counted.count}


class _Counted:
    """Counts the rows that pass."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def find_writer(path: Path, name: str | None = None, task: Task | None = None) -> Writer:
    """The writer of the format called `name`, or of that in the name of `path`.

    Raises `UserError` where that is none, or one that cannot hold rows for `task`: to be called
    before work whose result would be written there.
    """
    if path.suffix == ".zip":
        raise UserError("zip is read only; .gz, .zst, .bz2 and .xz compress", file=path)
    writer = WRITERS.get(name) if name is not None else _by_suffix(path, task)
    if writer is None:
        raise UserError(f"no format {name!r} to write", choices=WRITERS)
    if task is not None and task not in writer.tasks:
        raise UserError(
            f"the format {writer.name!r} cannot hold rows for the task {task!r}",
            file=path,
            choices=[w.name for w in WRITERS.values() if task in w.tasks],
        )
    return writer


def _by_suffix(path: Path, task: Task | None) -> Writer:
    suffixes = [s for s in path.suffixes if s not in COMPRESSIONS]
    fitting = [w for w in WRITERS.values() if suffixes and w.suffix == suffixes[-1]]
    if fitting:
        return next((w for w in fitting if task in w.tasks), fitting[0])
    raise UserError(
        f"the format cannot be detected from the name {path.name!r}; name it",
        file=path,
        choices=WRITERS,
    )
