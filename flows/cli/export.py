"""`labelferry export`: a run's rows in another format."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import UserError
from flows.cli.arguments import check_outputs

if TYPE_CHECKING:
    from augmentation.translate_train.runs import FinishedRun
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
    from augmentation.translate_train.finished import (
        check_format,
        check_outside,
        default_export_path,
        export_rows,
    )
    from augmentation.translate_train.runs import open_finished

    given = vars(args)
    finished = open_finished(given["run"])
    target, split = finished.target(given.get("target")), given.get("split")
    name, out = given.get("format"), given.get("out")
    check_format(name)
    piped = str(out) == "-"
    if piped:
        report = _write_out(finished, name or "jsonl", target, split)
    else:
        if out is None:
            name = name or "jsonl"
            out = default_export_path(finished, target, name)
        check_outside(out, finished)
        check_outputs({"--out": out}, {"of the run": finished.config.input})
        report = export_rows(finished, out, target=target, format=name, split=split)
    told = sys.stderr if piped else sys.stdout
    print(f"{report.rows} rows to {'standard output' if piped else report.path}", file=told)
    for note, count in sorted(report.notes.items()):
        print(f"  {note}: {count}", file=told)
    return 0


def _write_out(finished: FinishedRun, name: str, target: str, split: str | None) -> WriteReport:
    """Write to standard output, by way of a file, so that rows that cannot be written leave it
    empty."""
    from augmentation.translate_train.finished import export_rows

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        try:
            report = export_rows(finished, path, target=target, format=name, split=split)
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
