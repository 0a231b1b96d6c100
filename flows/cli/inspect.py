"""`labelferry inspect`: a sample of rows in the terminal, spans highlighted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from corpora.errors import UserError
from flows.cli.arguments import (
    SEED,
    Columns,
    Delimiter,
    Encoding,
    LabelSeparator,
    Number,
    Offsets,
    Quoting,
    Splits,
    columns_in_words,
    option,
    parse_columns,
    quoted,
    stream,
)
from flows.cli.messages import say

if TYPE_CHECKING:
    from corpora.records import Row, Span

_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")


def inspect(
    path: Annotated[
        Path, stream("File or folder of rows, a pattern, or run folder.", metavar="FILE|RUN")
    ],
    /,
    *,
    rows: Annotated[int, option("How many rows.", number=Number(1))] = 10,
    seed: Annotated[int, option("Seed of the sample.", number=SEED)] = 0,
    first: Annotated[bool, option("Show the first rows, not a sample.", negative=())] = False,
    dropped: Annotated[bool, option("Show a run's dropped rows.", negative=())] = False,
    target: Annotated[
        str | None, option("A run's language.", default="its only one", metavar="LANG")
    ] = None,
    task: Annotated[str | None, option("Task of a file.", default="by its format")] = None,
    format: Annotated[str | None, option("Format of a file.", default="by its name")] = None,
    columns: Columns = None,
    split: Splits = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    quoting: Quoting = None,
    offsets: Offsets = None,
    label_separator: LabelSeparator = None,
) -> int:
    """Show some rows of a file or a run: the source above the target, spans in brackets with their
    label. For a file also which columns were taken, and what its rows lack for --task.
    """
    from corpora.manifest import is_run

    console = _console()
    if path.is_dir() and is_run(path):
        from augmentation.translate_train.finished import sample_run
        from augmentation.translate_train.runs import open_finished

        run = open_finished(path)
        sample = sample_run(run, run.target(target), rows, seed=seed, first=first, dropped=dropped)
        for sampled in sample:
            _show(console, sampled.row, sampled.note)
        return 0
    if dropped:
        raise UserError("only a run has dropped rows", file=path)
    from augmentation.reporting.inspection import sample_file
    from corpora.readers import ColumnMapping

    of_file = sample_file(
        path,
        rows,
        seed=seed,
        first=first,
        task=task,
        format=format,
        columns=ColumnMapping.of(parse_columns(columns) if columns is not None else {}),
        split=split,
        delimiter=delimiter,
        encoding=encoding,
        quoting=quoted(quoting),
        offsets=offsets,
        label_separator=label_separator,
    )
    for row in of_file.rows:
        _show(console, row, "")
    if of_file.columns:
        say(f"labelferry: columns: {columns_in_words(of_file.columns)}", sys.stderr)
    for note in of_file.notes:
        say(f"labelferry: warning: {note}", sys.stderr)
    return 0


def _console() -> Any:
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to `main`: who closes the pipe has seen enough."""
            raise BrokenPipeError

    return Output(highlight=False, soft_wrap=True)


def _show(console: Any, row: Row, note: str) -> None:
    from corpora.labels import shown_label
    from corpora.text.visible import visible

    facts = [row.id, *([label] if (label := shown_label(row)) else []), *([note] if note else [])]
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

    from augmentation.reporting.highlights import split_at_spans
    from corpora.text.visible import visible

    line = Text(f"  {lang + ' ':<4}")
    for piece in split_at_spans(text, spans):
        if piece.label is None:
            line.append(piece.text)
        else:
            colour = _COLOURS[sum(map(ord, piece.label)) % len(_COLOURS)]
            line.append(f"[{piece.text}]", style=f"bold {colour}")
            line.append(f"({visible(piece.label)})", style=colour)
    return line
