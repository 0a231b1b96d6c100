"""Readers: any input format to checked rows. `open_corpus` is the way in."""

from corpora.checks import TASKS, Task
from corpora.choices import ON_ERROR, OnError
from corpora.readers.corpus import BATCH_ROWS, FORMATS, Corpus, CorpusBatch, open_corpus
from corpora.readers.options import ColumnMapping, Format, ReadOptions
from corpora.tagging import SCHEMES, Scheme

__all__ = [
    "BATCH_ROWS",
    "FORMATS",
    "ON_ERROR",
    "SCHEMES",
    "TASKS",
    "ColumnMapping",
    "Corpus",
    "CorpusBatch",
    "Format",
    "OnError",
    "ReadOptions",
    "Scheme",
    "Task",
    "open_corpus",
]
