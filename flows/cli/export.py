"""`labelferry export`: a run's rows in another format."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import UserError
from flows.cli.arguments import check_outputs

if TYPE_CHECKING:
    from corpora.checks import Task
    from corpora.records import Row
    from corpora.writers.options import WriteReport

DESCRIPTION = """\
Write the rows of a finished run in another format. Parquet for trainers is in RUN/export already.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        help="jsonl, csv, tsv, parquet, arrow, conll, squad or text "
        "(default: by the name of --out, else jsonl)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="file to write; .gz and .zst compress, - is standard output "
        "(default: RUN/export/LANG.SUFFIX)",
    )
    parser.add_argument(
        "--target", metavar="LANG", help="which language (default: the run's only one)"
    )
    parser.add_argument(
        "--split", metavar="NAME", help="only the rows of this split (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Export and say what was written."""
    from augmentation.translate_train.runs import final_rows, open_finished
    from corpora.writers import WRITERS, write_corpus

    given = vars(args)
    finished = open_finished(given["run"])
    target = finished.target(given.get("target"))
    name = given.get("format")
    if name is not None and name not in WRITERS:
        raise UserError(f"no format {name!r} to write", choices=WRITERS)
    out = given.get("out")
    if out is None:
        name = name or "jsonl"
        out = finished.folder / "export" / f"{target}{WRITERS[name].suffix}"
    piped = str(out) == "-"
    if not piped:
        _check_outside(out, finished.folder)
        check_outputs({"--out": out}, {"of the run": finished.config.input})
    split = given.get("split")
    if split is not None:
        splits = {row.split or "train" for row in final_rows(finished.folder, target)}
        if split not in splits:
            raise UserError(f"no row is of the split {split!r}", file=given["run"], choices=splits)
    rows = (
        row
        for row in final_rows(finished.folder, target)
        if split is None or (row.split or "train") == split
    )
    task = finished.config.task
    if piped:
        report = _write_out(rows, name or "jsonl", task)
    else:
        report = write_corpus(rows, out, format=name, task=task)
    told = sys.stderr if piped else sys.stdout
    print(f"{report.rows} rows to {'standard output' if piped else report.path}", file=told)
    for note, count in sorted(report.notes.items()):
        print(f"  {note}: {count}", file=told)
    return 0


def _write_out(rows: Iterable[Row], name: str, task: Task) -> WriteReport:
    """Write to standard output, by way of a file, so that rows that cannot be written leave it
    empty."""
    from corpora.writers import write_corpus

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        try:
            report = write_corpus(rows, path, format=name, task=task)
        except UserError as error:
            if error.file != str(path):
                raise
            raise UserError(
                error.problem,
                file="standard output",
                row=error.row,
                line=error.line,
                choices=error.choices,
            ) from error
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    return report


def _check_outside(out: Path, run: Path) -> None:
    """A run's own files stay as they are; its folder `export` takes further files."""
    place, folder = out.resolve(), run.resolve()
    if place.is_relative_to(folder) and place.parent != folder / "export":
        raise UserError(
            f"--out would write among the run's own files; {run / 'export'} may take it", file=out
        )
