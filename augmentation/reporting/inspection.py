"""Samples of the rows of a file, to look at."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from augmentation.reporting.samples import reservoir
from corpora.choices import Task
from corpora.readers import ColumnMapping, open_corpus
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
    split: str | None = None,
    quoting: bool | None = None,
) -> list[Row]:
    """At most `count` rows of the file `path`, picked at random by `seed`, or the `first` ones.

    `task` is by default the one that fits the format; `format`, `columns`, `split` and `quoting`
    are those of `corpora.readers.open_corpus`. Raises `UserError` for what cannot be read.
    """
    path = regular_file(path)
    corpus = open_corpus(
        path,
        task=task or guess_task(path, format),
        format=format,
        columns=columns,
        split=split,
        labelled=False,
        quoting=quoting,
    )
    if first:
        return list(islice(corpus.rows(), count))
    return reservoir(corpus.rows(), count, seed)


def guess_task(path: Path, format: str | None) -> Task:
    """The task that the rows of `path` may be labelled for, by its name and `format`."""
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if format is None and suffixes & {".tsv", ".tab"} and path.is_file() and _has_tags(path):
        return "tokens"
    if format == "squad" or ".json" in suffixes:
        return "qa"
    if format == "conll" or suffixes & _CONLL_SUFFIXES:
        return "tokens"
    return "text"


def _has_tags(path: Path) -> bool:
    """Whether the first lines end in tags, as those of CoNLL files do; their names vary."""
    lines = (line.split() for line in islice(text_lines(path), 200) if not line.startswith("#"))
    last = [fields[-1] for fields in lines if fields]
    return bool(last) and all(map(is_tag, last))
