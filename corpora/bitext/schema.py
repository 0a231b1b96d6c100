"""What a sentence pair is, as a record and as Arrow."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

BITEXT_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("machine", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("target_lang", pa.string(), nullable=False),
    ]
)
"""A bitext as Arrow. `direction` says what a pair is for: `forward` (source to target),
`backward`, or `both`; `weight` how often it is seen; `target_lang` the BCP 47 tag of `target`."""

DROPPED_BITEXT_SCHEMA = BITEXT_SCHEMA.append(
    pa.field("drop_reason", pa.string(), nullable=False)
).append(pa.field("drop_score", pa.float64(), nullable=False))
"""A pair that cleaning dropped: the filter's name and its score."""

ALIGNED_BITEXT_SCHEMA = BITEXT_SCHEMA.append(
    pa.field("links", pa.list_(pa.int16()), nullable=False)
)
"""A bitext with word links: flattened pairs of (source word, target word), from 0."""


@dataclass(frozen=True, slots=True)
class BitextPair:
    """A text and its translation as they are in the file.

    `origin` names the corpus, and `line` is its line in the file, from 1 (for TMX the line
    on which its `<tu>` opens).
    """

    source: str
    target: str
    origin: str
    line: int
    machine: str = ""
    """The side that a machine wrote: `source`, `target`, or empty for neither."""
