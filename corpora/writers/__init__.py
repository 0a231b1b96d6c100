"""Writers: rows to files for people and trainers. Start at `write_corpus`."""

from corpora.writers.columnar import (
    EXPORT_SCHEMA,
    write_dataset_batches,
    write_dataset_folder,
)
from corpora.writers.corpus import WRITERS, find_writer, write_corpus
from corpora.writers.options import Writer, WriteReport

__all__ = [
    "EXPORT_SCHEMA",
    "WRITERS",
    "WriteReport",
    "Writer",
    "find_writer",
    "write_corpus",
    "write_dataset_batches",
    "write_dataset_folder",
]
