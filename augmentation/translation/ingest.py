"""The first step of a run: its input is read and checked, shard by shard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from augmentation.pipeline.cache import PROCESS_CACHE
from augmentation.translation.config import ReadingConfig
from corpora.choices import Task
from corpora.fingerprint import fingerprint
from corpora.readers import CorpusBatch
from corpora.readers.inputs import Inputs, check_inputs, inputs_hash
from corpora.shards import ShardRef, ShardWriter, is_done

VERSION = 5


@dataclass(frozen=True, slots=True)
class Input:
    """The input of a run, and how it is read."""

    path: Inputs
    content_hash: str
    task: Task
    lang: str
    """Language of its rows, a BCP 47 tag."""
    reading: ReadingConfig
    shard_rows: int
    """Rows per shard."""
    labelled: bool = True
    """Whether every row must have a label."""

    @classmethod
    def at(
        cls,
        path: Inputs,
        task: Task,
        lang: str,
        reading: ReadingConfig,
        shard_rows: int,
        *,
        labelled: bool = True,
    ) -> Input:
        """The input at `path`, one or several, for `task`, in the language `lang`.

        It is read as `reading` says, `shard_rows` rows per shard; `labelled` says whether every
        row must have a label.

        Raises `UserError` where there is none, and where it is of no format that can be read.
        """
        check_inputs(path)
        # Before its content is hashed, which takes long for a large file or folder.
        reading.open(path, task, lang, labelled=labelled)
        return cls(path, inputs_hash(path), task, lang, reading, shard_rows, labelled)

    def fingerprint_of(self, index: int) -> str:
        """What decides the rows of the shard `index`."""
        reading = self.reading.model_dump(mode="json")
        rows = [self.task, self.lang, reading, self.shard_rows, index]
        return fingerprint(
            ["ingest", VERSION, self.content_hash, rows if self.labelled else [*rows, "unlabelled"]]
        )

    def batches(self) -> Iterator[CorpusBatch]:
        """The rows from the first on, one batch per shard."""
        corpus = self.reading.open(self.path, self.task, self.lang, labelled=self.labelled)
        return corpus.batches(self.shard_rows, limit=self.reading.limit)


class _Reader:
    """Reads an input once from front to back; a shard out of order makes it start again."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._batches = source.batches()
        self._next = 0

    def shard(self, index: int) -> CorpusBatch | None:
        """The rows of the shard `index`; None after the last."""
        with self._lock:
            if index < self._next:
                self._batches, self._next = self._source.batches(), 0
            while True:
                batch = next(self._batches, None)
                self._next += 1
                if batch is None or self._next > index:
                    return batch


def ingest(ref: ShardRef, source: Input) -> ShardRef | None:
    """Read the rows of shard `ref` from `source`; None where the input has ended."""
    made_from = source.fingerprint_of(ref.index)
    key = ("input", ref.run, source.fingerprint_of(0))
    try:
        batch = PROCESS_CACHE.get(key, lambda: _Reader(source)).shard(ref.index)
    except BaseException:
        PROCESS_CACHE.drop(key)
        raise
    if batch is None:
        PROCESS_CACHE.drop(key)
        return None
    if not is_done(ref, made_from):
        with ShardWriter(ref, made_from) as out:
            out.write_rows(batch.rows, batch.dropped, rows_in=batch.rows_in)
            out.facts = {"repaired": dict(batch.repaired)}
    return ref
