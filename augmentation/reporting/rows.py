"""`read`: the rows of a file or of data in memory, to iterate over or to see in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.pipeline.inputs import RowData
from augmentation.reporting.notebook import first_rows, notebook_html
from corpora.choices import OffsetUnit, Task
from corpora.readers import BATCH_ROWS, ColumnMapping, Corpus, CorpusBatch, OnError, open_corpus
from corpora.readers.memory import rows_of
from corpora.records import Row
from corpora.text.languages import normalise_tag


@dataclass(frozen=True, slots=True)
class RowsView:
    """The rows of a corpus: iterable any number of times; notebooks show the first rows."""

    corpus: Corpus

    def __iter__(self) -> Iterator[Row]:
        return self.corpus.rows()

    def batches(self, size: int = BATCH_ROWS, *, limit: int | None = None) -> Iterator[CorpusBatch]:
        """The rows, `size` at a time, with those that were dropped; at most `limit` are read."""
        return self.corpus.batches(size, limit=limit)

    def _repr_html_(self) -> str:
        return notebook_html(first_rows("First rows", self))


def read(
    data: RowData,
    *,
    task: Task,
    lang: str | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "error",
    scheme: str | None = None,
    split: str | Sequence[str] | None = None,
    labelled: bool = True,
    delimiter: str | None = None,
    encoding: str | None = None,
    quoting: bool | None = None,
    max_chars: int | None = None,
    unescape: bool = False,
    offsets: OffsetUnit | None = None,
    label_separator: str | None = None,
) -> RowsView:
    """The rows of `data`, a file or folder or rows in memory, checked for `task`.

    `lang` is the language (BCP 47) of rows that do not state theirs. `columns` says which
    column holds what, as in `{"text": "sentence"}`; the usual names are found without it.
    `on_error` says what happens to bad rows: `error`, `skip` or `repair`. `scheme` is the
    tagging scheme, `split` the only split to read, or several; `labelled` says whether every
    row must have a label. A row with a text of more than `max_chars` characters is a bad row.
    `offsets` is what offsets count: `codepoints`, `utf16` or `bytes`. `unescape` reads `-LRB-`
    and `&quot;` in tokens as the signs that they stand for. `format`, `delimiter`, `encoding`,
    `quoting` and `unescape` are of files alone. `label_separator` is what stands between the
    labels of a row where text names several. See `corpora.readers.open_corpus`.

    Raises `UserError` for what cannot be read, some of it only when the rows are gone through, and
    `TypeError` for data of another kind.
    """
    how: dict[str, Any] = {
        "task": task,
        "lang": None if lang is None else normalise_tag(lang),
        "columns": ColumnMapping.of(columns or {}),
        "on_error": on_error,
        "scheme": scheme,
        "split": split,
        "labelled": labelled,
        "max_chars": max_chars,
        "offsets": offsets,
        "label_separator": label_separator,
    }
    of_files = (format, delimiter, encoding, quoting)
    if isinstance(data, str | Path):
        names = ("format", "delimiter", "encoding", "quoting")
        how |= dict(zip(names, of_files, strict=True))
        return RowsView(open_corpus(data, unescape=unescape, **how))
    if unescape or any(value is not None for value in of_files):
        raise TypeError("format, delimiter, encoding, quoting and unescape are of files alone")
    return RowsView(rows_of(data, **how))
