"""`labelferry export`: a run's rows in another format."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from corpora.choices import OutputFormat
from corpora.errors import UserError
from flows.cli.arguments import check_outputs, dash_or_output, option, stream
from flows.cli.messages import say

if TYPE_CHECKING:
    from augmentation.translate_train.runs import FinishedRun
    from corpora.writers.options import WriteReport


def export(
    run: Annotated[Path, option("Run folder.", metavar="RUN")],
    /,
    *,
    format: Annotated[
        OutputFormat | None, option("Format to write.", default="by the name of --out, else jsonl")
    ] = None,
    out: Annotated[
        Path | None,
        stream(
            "File to write; .gz, .zst, .bz2 and .xz compress, - is standard output.",
            default="RUN/export/LANG.SUFFIX",
            metavar="FILE",
            converter=dash_or_output,
        ),
    ] = None,
    target: Annotated[
        str | None, option("Which language.", default="the run's only one", metavar="LANG")
    ] = None,
    split: Annotated[
        list[str] | None,
        option("Only the rows of this split; may be repeated.", default="all", metavar="NAME"),
    ] = None,
    safe_cells: Annotated[
        bool,
        option(
            "For spreadsheets, in CSV and TSV: an apostrophe before fields that begin with =, +, "
            "-, @, a tab or a carriage return, which could be formulas.",
            negative=(),
        ),
    ] = False,
) -> int:
    """Write the rows of a finished run in another format. Parquet for trainers is in RUN/export
    already.

    CoNLL, SQuAD and text do not say of which split a row is: several splits are a file each, as in
    rows.train.conll and rows.test.conll. hf is a folder for trainers of transformers, with a folder
    for each language and split: tokens and ner_tags, or labels, and the names of their classes.
    """
    from augmentation.translate_train.finished import (
        check_outside,
        default_export_path,
        export_rows,
        languages_of_export,
    )
    from augmentation.translate_train.runs import open_finished
    from corpora.readers.inputs import first_input
    from corpora.writers import find_writer

    finished = open_finished(run)
    languages = languages_of_export(finished, target, format)
    piped = str(out) == "-"
    if piped:
        report = _write_out(finished, format or "jsonl", languages[0], split, safe_cells)
    else:
        if out is None:
            format = format or "jsonl"
            out = default_export_path(finished, "+".join(languages), format)
        check_outside(out, finished)
        if not find_writer(out, format, finished.config.task).is_folder:
            check_outputs({"--out": out}, {"of the run": first_input(finished.config.input)})
        report = export_rows(
            finished, out, target=languages, format=format, split=split, safe_cells=safe_cells
        )
    stream = sys.stderr if piped else sys.stdout
    for path, count in report.files.items():
        say(f"{count} rows to {'standard output' if piped else path}", stream)
    for note, count in sorted(report.notes.items()):
        say(f"  {note}: {count}", stream)
    return 0


def _write_out(
    finished: FinishedRun, name: str, target: str, split: list[str] | None, safe_cells: bool
) -> WriteReport:
    """Write to a file first, then to standard output, so that nothing is printed if a row cannot
    be written."""
    from augmentation.translate_train.finished import export_rows, files_of_export, run_splits
    from corpora.writers import find_writer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        if find_writer(path, name).is_folder:
            raise UserError(f"{name} is a folder of files: name one with --out")
        if len(files_of_export(finished, path, target=target, format=name, split=split)) > 1:
            raise UserError(
                f"{name} does not say of which split a row is: name one with --split",
                file="standard output",
                choices=split or run_splits(finished, target),
            )
        try:
            report = export_rows(
                finished, path, target=target, format=name, split=split, safe_cells=safe_cells
            )
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
