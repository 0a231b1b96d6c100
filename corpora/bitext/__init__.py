"""Parallel corpora: tab-separated files, two line-aligned files (Moses), and TMX; gzip and zstd.

Everything is streamed: memory does not grow with the corpus. `read_bitext` is the way in.
"""

from corpora.bitext.files import Bitext
from corpora.bitext.reading import read_bitext
from corpora.bitext.schema import (
    ALIGNED_BITEXT_SCHEMA,
    BITEXT_SCHEMA,
    DROPPED_BITEXT_SCHEMA,
    BitextPair,
)
from corpora.bitext.tsv import DIRECTION_COLUMN

__all__ = [
    "ALIGNED_BITEXT_SCHEMA",
    "BITEXT_SCHEMA",
    "DIRECTION_COLUMN",
    "DROPPED_BITEXT_SCHEMA",
    "Bitext",
    "BitextPair",
    "read_bitext",
]
