"""The rows of a finished run: written in another format, or sampled to be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from augmentation.reporting.samples import sample_dropped, sample_rows
from augmentation.translate_train.runs import FinishedRun, final_batches, final_rows
from corpora.errors import UserError
from corpora.readers.inputs import paths_of
from corpora.readers.options import checked_splits
from corpora.records import Row
from corpora.writers import WRITERS, find_writer, write_corpus
from corpora.writers.by_split import split_paths
from corpora.writers.options import WriteReport


@dataclass(frozen=True, slots=True)
class SampledRow:
    """A row to look at."""

    row: Row
    note: str = ""
    """Why it was dropped; empty for a row that was kept."""


def finished_rows(
    run: FinishedRun, target: str, split: str | Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of `run` in `target`, of `split` alone, one or several, where it is given.

    Raises `UserError` at once where no row is of one of them.
    """
    wanted = checked_splits(split)
    if not wanted:
        return final_rows(run.folder, target)
    splits = run_splits(run, target)
    for name in wanted:
        if name not in splits:
            raise UserError(f"no row is of the split {name!r}", file=run.folder, choices=splits)
    return (row for row in final_rows(run.folder, target) if (row.split or "train") in wanted)


def run_splits(run: FinishedRun, target: str) -> set[str]:
    """The splits of the rows of `run` in `target`; those without one are of `train`."""
    splits: set[str | None] = set()
    for batch in final_batches(run.folder, target):
        splits.update(batch.column("split").unique().to_pylist())
    return {split or "train" for split in splits}


def default_export_path(run: FinishedRun, target: str, format: str) -> Path:
    """Where an export of `run` in `target` and `format` goes if no file is given.

    Raises `UserError` for an unknown format.
    """
    check_format(format)
    return run.folder / "export" / f"{target}{WRITERS[format].suffix}"


def check_format(format: str | None) -> None:
    """Raise `UserError` for a `format` that cannot be written; None is by the file's name."""
    if format is not None and format not in WRITERS:
        raise UserError(f"no format {format!r} to write", choices=WRITERS)


def languages_of_export(run: FinishedRun, target: str | None, format: str | None) -> list[str]:
    """The languages of an export of `run`: `target`, or the only one; in the format `hf`, which
    keeps languages apart, all of them."""
    if target is None and format == "hf":
        return list(run.config.targets)
    return [run.target(target)]


def check_outside(out: Path, run: FinishedRun) -> None:
    """Raise `UserError` where `out` would be among the files of `run`, which must not change; only
    its folder `export` takes further files."""
    path, folder = out.resolve(), run.folder.resolve()
    if path.is_relative_to(folder) and path.parent != folder / "export":
        raise UserError(
            f"--out is in the run's own folder; use {run.folder / 'export'} or another folder",
            file=out,
        )


def export_rows(
    run: FinishedRun,
    out: Path,
    *,
    target: str | Sequence[str],
    format: str | None = None,
    split: str | Sequence[str] | None = None,
    safe_cells: bool = False,
) -> WriteReport:
    """Write the rows of `run` in `target`, a language or several, to the file `out`, those of
    `split` where it is given.

    `format` is by default that of the name of `out`; `safe_cells` is as in `write_corpus`. Several
    splits are a file each in formats that cannot hold the split of a row. Raises `UserError` for a
    split without rows, for a file in the run's own folder or one that is the run's input, and for
    what `corpora.writers.write_corpus` does.
    """
    check_outside(out, run)
    targets = (target,) if isinstance(target, str) else target
    inputs = paths_of(run.config.input)
    for path in files_of_export(run, out, target=targets[0], format=format, split=split):
        if path.exists() and any(part.exists() and path.samefile(part) for part in inputs):
            raise UserError("the export would overwrite the input of the run", file=path)
    rows = chain.from_iterable(finished_rows(run, lang, split) for lang in targets)
    task = run.config.task
    return write_corpus(rows, out, format=format, task=task, safe_cells=safe_cells)


def files_of_export(
    run: FinishedRun,
    out: Path,
    *,
    target: str,
    format: str | None = None,
    split: str | Sequence[str] | None = None,
) -> list[Path]:
    """The files that `export_rows` would write for `run`, `out`, `target`, `format` and `split`."""
    if find_writer(out, format, run.config.task).splits:
        return [out]
    return list(split_paths(out, sorted(checked_splits(split) or run_splits(run, target))).values())


def sample_run(
    run: FinishedRun,
    target: str,
    count: int,
    *,
    seed: int = 0,
    first: bool = False,
    dropped: bool = False,
) -> list[SampledRow]:
    """At most `count` rows of `run` in `target`, picked at random by `seed`, or the `first` ones.

    With `dropped` they are rows that were dropped, always picked at random.
    """
    if dropped:
        rows = sample_dropped(run.dropping_shards(target), count, seed)
        return [SampledRow(d.row, f"{d.reason} {d.detail}".strip()) for d in rows]
    if first:
        return [SampledRow(row) for row in islice(final_rows(run.folder, target), count)]
    return [SampledRow(row) for row in sample_rows(run.shards(target), count, seed)]
