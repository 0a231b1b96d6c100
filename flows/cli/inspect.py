"""`labelferry inspect`: a sample of rows in the terminal, spans highlighted."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpora.errors import UserError
from flows.cli.arguments import Number, add_quoting, parse_columns, quoting, seed

if TYPE_CHECKING:
    from augmentation.translate_train.finished import SampledRow
    from corpora.records import Row, Span

DESCRIPTION = """\
Show some rows of a file or a run: the source above the target, spans in brackets with their label.
"""
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("path", type=Path, metavar="FILE|RUN", help="file of rows, or run folder")
    add("--rows", type=Number("--rows", 1), default=10, metavar="N", help="how many rows")
    add("--seed", type=seed(), default=0, help="of the sample")
    add("--first", action="store_true", default=False, help="the first rows, not a sample")
    add("--dropped", action="store_true", default=False, help="a run's dropped rows")
    add("--target", metavar="LANG", help="a run's language (default: its only one)")
    add("--task", help="of a file (default: by its format)")
    add("--format", help="of a file (default: by its name)")
    add(
        "--columns",
        metavar="A=B,...",
        help="which column of a file holds what, as in text=sentence,label=class "
        "(default: the usual names)",
    )
    add("--split", help="only the rows of this split of a file (default: all)")
    add_quoting(parser)


def run(args: argparse.Namespace) -> int:
    """Print the sample."""
    from rich.console import Console

    given = vars(args)
    path: Path = given["path"]
    console = Console(highlight=False, soft_wrap=True)
    if path.is_dir() and (path / "run.json").is_file():
        for sampled in _rows_of_run(given):
            _show(console, sampled.row, sampled.note)
    elif given["dropped"]:
        raise UserError("only a run has dropped rows", file=path)
    else:
        for row in _rows_of_file(given):
            _show(console, row, "")
    return 0


def _rows_of_run(given: dict[str, Any]) -> list[SampledRow]:
    from augmentation.translate_train.finished import sample_run
    from augmentation.translate_train.runs import open_finished

    finished = open_finished(given["path"])
    return sample_run(
        finished,
        finished.target(given.get("target")),
        given["rows"],
        seed=given["seed"],
        first=given["first"],
        dropped=given["dropped"],
    )


def _rows_of_file(given: dict[str, Any]) -> list[Row]:
    from augmentation.reporting.inspection import sample_file
    from corpora.readers import ColumnMapping

    columns = parse_columns(given["columns"]) if "columns" in given else {}
    return sample_file(
        given["path"],
        given["rows"],
        seed=given["seed"],
        first=given["first"],
        task=given.get("task"),
        format=given.get("format"),
        columns=ColumnMapping.of(columns),
        split=given.get("split"),
        quoting=quoting(given["quoting"]),
    )


def _show(console: Any, row: Row, note: str) -> None:
    from augmentation.reporting.highlights import visible

    facts = [row.id, *([row.label] if row.label else []), *([note] if note else [])]
    console.print(visible("  ".join(facts)), style="bold", markup=False)
    made = row.provenance
    if made is not None:
        console.print(_line(made.source_lang, made.source_text, made.source_spans))
        if made.source_text_pair is not None:
            console.print(_line("", made.source_text_pair, ()))
    console.print(_line(row.lang, row.text, row.spans))
    if row.text_pair is not None:
        console.print(_line("", row.text_pair, ()))
    if row.target is not None:
        console.print(_line("", row.target, ()))
    console.print()


def _line(lang: str, text: str, spans: Sequence[Span]) -> Any:
    from rich.text import Text

    from augmentation.reporting.highlights import marked, visible

    line = Text(f"  {lang + ' ':<4}")
    for piece, label in marked(text, spans):
        if label is None:
            line.append(piece)
        else:
            colour = _COLOURS[sum(map(ord, label)) % len(_COLOURS)]
            line.append(f"[{piece}]", style=f"bold {colour}")
            line.append(f"({visible(label)})", style=colour)
    return line
