"""Samples of the rows of a file, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from augmentation.reporting.samples import reservoir
from corpora.choices import OffsetUnit, Task
from corpora.errors import UserError
from corpora.readers import ColumnMapping, Corpus, open_corpus
from corpora.readers.inputs import listed_inputs
from corpora.readers.json_kinds import task_of_json
from corpora.readers.pipes import regular_file
from corpora.readers.streams import text_lines
from corpora.records import Row
from corpora.tagging import is_tag

_CONLL_SUFFIXES = frozenset({".conll", ".conllu", ".conll03", ".iob", ".iob2", ".bio"})


def sample_file(
    path: Path,
    count: int,
    *,
    seed: int = 0,
    first: bool = False,
    task: Task | str | None = None,
    format: str | None = None,
    columns: ColumnMapping | None = None,
    split: str | Sequence[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    quoting: bool | None = None,
    offsets: OffsetUnit | None = None,
    label_separator: str | None = None,
) -> FileSample:
    """At most `count` rows of the file `path`, picked at random by `seed`, or the `first` ones.

    `task` is by default the one that fits the format; `format`, `columns`, `split`, `delimiter`,
    `encoding`, `quoting`, `offsets` and `label_separator` are those of
    `corpora.readers.open_corpus`. Raises `UserError` for what cannot be read.
    """
    path = regular_file(path)
    files = listed_inputs(path)

    def opened(*, labelled: bool) -> Corpus:
        return open_corpus(
            files,
            task=task or guess_task(files[0], format),
            format=format,
            columns=columns,
            split=split,
            labelled=labelled,
            delimiter=delimiter,
            encoding=encoding,
            quoting=quoting,
            offsets=offsets,
            label_separator=label_separator,
        )

    corpus = opened(labelled=False)
    notes = []
    try:
        taken = opened(labelled=True).columns()
    except UserError as error:
        taken = corpus.columns()
        notes.append(str(error))
    rows = corpus.rows()
    sample = list(islice(rows, count)) if first else reservoir(rows, count, seed)
    return FileSample(sample, taken, notes)


class FileSample(NamedTuple):
    """Rows of a file, the columns that they are read from by field, and what they lack."""

    rows: list[Row]
    columns: dict[str, str]
    notes: list[str]


def guess_task(path: Path, format: str | None) -> Task:
    """The task that the rows of `path` may be labelled for, by its name and `format`."""
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if format is None and suffixes & {".tsv", ".tab"} and path.is_file() and _has_tags(path):
        return "tokens"
    if format == "squad":
        return "qa"
    if format == "brat" or ".ann" in suffixes or (path.is_dir() and any(path.rglob("*.ann"))):
        return "tokens"
    if suffixes & {".json", ".jsonl", ".ndjson"} and format is None:
        return task_of_json(path)
    if format == "conll" or suffixes & _CONLL_SUFFIXES:
        return "tokens"
    return "text"


def _has_tags(path: Path) -> bool:
    """Whether the first lines end in tags, as those of CoNLL files do; their names vary."""
    lines = (line.split() for line in islice(text_lines(path), 200) if not line.startswith("#"))
    last = [fields[-1] for fields in lines if fields]
    return bool(last) and all(map(is_tag, last))
