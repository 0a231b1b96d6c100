"""The same labelled rows as every kind of data that the public functions take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from corpora.records import Row, Span
from corpora.writers import write_corpus

TEXTS = ("wake me at nine", "play <b>jazz</b> & more")

SPANS = (Span(11, 15, "time"), Span(5, 16, "<i>"))


@dataclass(frozen=True, slots=True)
class LabelledData:
    """Rows in English, labelled for `tokens`, as data of any kind."""

    folder: Path

    def rows(self) -> list[Row]:
        return [
            Row(str(number), "en", text, label="intent", spans=(span,))
            for number, (text, span) in enumerate(zip(TEXTS, SPANS, strict=True))
        ]

    def records(self) -> list[dict[str, Any]]:
        return [
            {
                "id": row.id,
                "text": row.text,
                "label": row.label,
                "spans": [
                    {"start": span.start, "end": span.end, "label": span.label}
                    for span in row.spans
                ],
            }
            for row in self.rows()
        ]

    def path(self) -> Path:
        return write_corpus(self.rows(), self.folder / "rows.jsonl", task="tokens").path

    def iterator(self) -> Any:
        return iter(self.rows())

    def polars(self) -> Any:
        return pl.DataFrame(self.records())

    def lazy(self) -> Any:
        return self.polars().lazy()

    def arrow(self) -> Any:
        return pa.Table.from_pylist(self.records())

    def dataset(self) -> Any:
        datasets = pytest.importorskip("datasets")
        # Out of order, so that what is read must be what the data set shows.
        return datasets.Dataset.from_list(self.records()[::-1]).select([1, 0])


KINDS = ("rows", "records", "iterator", "path", "polars", "lazy", "arrow", "dataset")
