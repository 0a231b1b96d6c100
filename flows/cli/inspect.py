"""`labelferry inspect`: a sample of rows in the terminal, spans highlighted."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpora.errors import UserError
from flows.cli.arguments import Number, add_quoting, parse_columns, quoting, seed

if TYPE_CHECKING:
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
        rows = _rows_of_run(given)
    elif given["dropped"]:
        raise UserError("only a run has dropped rows", file=path)
    else:
        rows = [(row, "") for row in _rows_of_file(given)]
    for row, note in rows:
        _show(console, row, note)
    return 0


def _rows_of_run(given: dict[str, Any]) -> list[tuple[Row, str]]:
    from itertools import islice

    from augmentation.reporting.samples import sample_dropped, sample_rows
    from augmentation.translate_train.runs import final_rows, open_finished

    finished = open_finished(given["path"])
    target = finished.target(given.get("target"))
    count, seed = given["rows"], given["seed"]
    if given["dropped"]:
        dropped = sample_dropped(finished.dropping_shards(target), count, seed)
        return [(one.row, f"{one.reason} {one.detail}".strip()) for one in dropped]
    if given["first"]:
        return [(row, "") for row in islice(final_rows(finished.folder, target), count)]
    return [(row, "") for row in sample_rows(finished.shards(target), count, seed)]


def _rows_of_file(given: dict[str, Any]) -> list[Row]:
    from itertools import islice

    from augmentation.reporting.samples import reservoir
    from corpora.readers import ColumnMapping, open_corpus

    path, name = given["path"], given.get("format")
    task = given.get("task") or _guess_task(path, name)
    columns = parse_columns(given["columns"]) if "columns" in given else {}
    corpus = open_corpus(
        path,
        task=task,
        format=name,
        columns=ColumnMapping.of(columns),
        split=given.get("split"),
        labelled=False,
        quoting=quoting(given["quoting"]),
    )
    if given["first"]:
        return list(islice(corpus.rows(), given["rows"]))
    return reservoir(corpus.rows(), given["rows"], given["seed"])


def _guess_task(path: Path, name: str | None) -> str:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if name is None and suffixes & {".tsv", ".tab"} and path.is_file() and _has_tags(path):
        return "tokens"
    if name == "squad" or ".json" in suffixes:
        return "qa"
    if name == "conll" or suffixes & {".conll", ".conllu", ".conll03", ".iob", ".iob2", ".bio"}:
        return "tokens"
    return "text"


def _has_tags(path: Path) -> bool:
    """Whether the first lines end in tags, as CoNLL files do whatever they are called."""
    from itertools import islice

    from corpora.readers.streams import text_lines
    from corpora.tagging import is_tag

    lines = (line.split() for line in islice(text_lines(path), 200) if not line.startswith("#"))
    last = [fields[-1] for fields in lines if fields]
    return bool(last) and all(map(is_tag, last))


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

    from augmentation.reporting.highlights import split_at_spans, visible

    line = Text(f"  {lang + ' ':<4}")
    for piece in split_at_spans(text, spans):
        if piece.label is None:
            line.append(piece.text)
        else:
            colour = _COLOURS[sum(map(ord, piece.label)) % len(_COLOURS)]
            line.append(f"[{piece.text}]", style=f"bold {colour}")
            line.append(f"({visible(piece.label)})", style=colour)
    return line
