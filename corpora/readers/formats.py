"""The formats that can be read, and which of them a file has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from corpora.choices import Task
from corpora.errors import UserError
from corpora.readers.annotated import TEXT_FIELDS
from corpora.readers.argilla import read_argilla
from corpora.readers.brat import read_brat
from corpora.readers.columnar import read_arrow
from corpora.readers.columns import FIELDS, usual_names
from corpora.readers.conll import read_conll
from corpora.readers.doccano import read_doccano
from corpora.readers.folders import (
    has_parquet,
    is_datasets_folder,
    read_datasets,
    read_parquet,
)
from corpora.readers.json_kinds import kind_of_json
from corpora.readers.json_records import read_json
from corpora.readers.label_studio import read_label_studio
from corpora.readers.lines import read_lines
from corpora.readers.options import ColumnMapping, Format, ReadOptions
from corpora.readers.prodigy import read_prodigy
from corpora.readers.spacy import read_spacy
from corpora.readers.squad import read_squad
from corpora.readers.streams import format_suffix, text_lines
from corpora.readers.tables import read_csv, read_jsonl, read_tsv

_ANNOTATED: tuple[Task, ...] = ("classification", "pair", "tokens", "text")
FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("jsonl", read_jsonl, (".jsonl", ".ndjson"), "line"),
        Format("csv", read_csv, (".csv",), "line"),
        Format("tsv", read_tsv, (".tsv", ".tab"), "line"),
        Format("parquet", read_parquet, (".parquet", ".pq"), "row"),
        Format("arrow", read_arrow, (".arrow", ".feather", ".ipc"), "row"),
        Format("datasets", read_datasets, (), "row"),
        Format(
            "conll",
            read_conll,
            (".conll", ".conllu", ".conll03", ".iob", ".iob2", ".bio"),
            "line",
            ("tokens", "classification"),
            ("tokens", "tags"),
        ),
        Format("squad", read_squad, (), "row", ("qa",), ()),
        Format("json", read_json, (".json",), "row"),
        Format("doccano", read_doccano, (), "row", _ANNOTATED, ()),
        Format("label-studio", read_label_studio, (), "row", _ANNOTATED, TEXT_FIELDS),
        Format("argilla", read_argilla, (), "row", _ANNOTATED, TEXT_FIELDS),
        Format("prodigy", read_prodigy, (), "row", ("classification", "tokens"), ()),
        Format("spacy", read_spacy, (), "row", ("classification", "tokens"), ()),
        Format("brat", read_brat, (".ann",), "row", ("tokens",), ()),
        Format("text", read_lines, (".txt",), "line", ("text",), ()),
    )
}
"""Every format that can be read, by its name on the command line."""


def find_format(path: Path, name: str | None, options: ReadOptions) -> Format:
    """The format called `name`, or where that is None the one detected from `path` and its content.

    Raises `UserError` for an unknown format, for one that cannot hold rows for the task of
    `options` or does not have its columns, and where the format cannot be detected.
    """
    format = _format(path, name, options)
    if options.task not in format.tasks:
        raise UserError(
            f"the format {format.name!r} cannot hold rows for the task {options.task!r}; "
            "name the format if it is another one",
            file=path,
            choices=[f.name for f in FORMATS.values() if options.task in f.tasks],
        )
    if options.gold is None:  # else the columns are those of the gold
        _check_columns(path, format, options.columns)
    return format


def _format(path: Path, name: str | None, options: ReadOptions) -> Format:
    if name is not None:
        if name not in FORMATS:
            raise UserError(f"no format {name!r}", choices=FORMATS)
        if path.is_dir() and name not in ("datasets", "parquet", "brat"):
            raise UserError("this is a folder, not a file", file=path)
        return FORMATS[name]
    if path.is_dir():
        return _folder_format(path)
    suffix = format_suffix(path)
    if suffix in (".json", ".jsonl", ".ndjson"):
        return FORMATS[kind_of_json(path, options)]
    if suffix == ".txt" and options.task == "tokens" and path.with_suffix(".ann").is_file():
        return FORMATS["brat"]
    if suffix == ".tsv" and options.task == "tokens" and _looks_like_conll(path, options.columns):
        return FORMATS["conll"]
    for format in FORMATS.values():
        if suffix in format.suffixes:
            return format
    raise UserError(
        f"the format cannot be detected from the name {path.name!r}; name it",
        file=path,
        choices=FORMATS,
    )


def _looks_like_conll(path: Path, columns: ColumnMapping) -> bool:
    """Whether the first line is no header that names what a table of spans has."""
    first = [name.strip('"') for name in next(text_lines(path, strict=False), "").split("\t")]
    if not {"text", "spans", "tokens", "tags", *columns.given().values()}.isdisjoint(first):
        return False
    # Each of the other names may be a word of a sentence.
    usual = {name for field in FIELDS for name in usual_names(field, "tokens")}
    return len(usual.intersection(first)) < 2


def _folder_format(path: Path) -> Format:
    if is_datasets_folder(path):
        return FORMATS["datasets"]
    if has_parquet(path):
        return FORMATS["parquet"]
    if next(path.rglob("*.ann"), None) is not None:
        return FORMATS["brat"]
    raise UserError(
        "this folder holds neither Parquet files nor what datasets' save_to_disk writes",
        file=path,
    )


def _check_columns(path: Path, format: Format, columns: ColumnMapping) -> None:
    """Raise `UserError` for a column that would be ignored silently."""
    for name in columns.given():
        if name not in format.columns:
            raise UserError(
                f"the format {format.name!r} has no column for {name!r}",
                file=path,
                choices=format.columns,
            )
