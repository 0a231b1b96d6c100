"""Readers: any input format to checked rows. Start at `open_corpus`."""

from corpora.choices import ON_ERROR, TASKS, OnError, Task
from corpora.readers.checking import BATCH_ROWS, CorpusBatch
from corpora.readers.corpus import Corpus, open_corpus
from corpora.readers.formats import FORMATS
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
