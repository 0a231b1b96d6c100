"""Records in JSON lines, written and read back."""

from __future__ import annotations

import json
from pathlib import Path

from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Row


def write_json_lines(path: Path, *records: object) -> Path:
    """Write records as JSON lines."""
    path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return path


def read_rows(path: Path, task: str = "classification", **options: object) -> list[Row]:
    """All rows of a corpus."""
    arguments = {"lang": "de"} | options
    return list(open_corpus(path, task=task, **arguments).rows())  # type: ignore[arg-type]


def read_batch(path: Path, task: str, **options: object) -> CorpusBatch:
    """The only batch of a corpus."""
    (batch,) = open_corpus(path, task=task, lang="de", **options).batches()  # type: ignore[arg-type]
    return batch
