"""The counts of spans by label: the most frequent ones for a page, all of them in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.storage import replacing

SHOWN_LABELS = 100
"""Labels that a page shows; a run may have hundreds of thousands."""
LABEL_CHARS = 100
"""Characters of a label that a page shows."""
_SCHEMA = pa.schema(
    [
        pa.field("label", pa.string(), nullable=False),
        pa.field("source_spans", pa.int64(), nullable=False),
        pa.field("projected", pa.int64(), nullable=False),
        pa.field("lost", pa.map_(pa.string(), pa.int64()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Spans by label: those of the source, those projected, and by reason those lost."""

    spans: Counter[str]
    placed: Counter[str]
    lost: Mapping[str, Counter[str]]

    def most_frequent(self) -> list[str]:
        """The labels that a page shows, the most frequent first."""
        ordered = sorted(self.spans, key=lambda label: (-self.spans[label], label))
        return ordered[:SHOWN_LABELS]

    def rest(self, file: str) -> str:
        """The other labels in a sentence that says that `file` has all; empty without others."""
        more = len(self.spans) - SHOWN_LABELS
        if more <= 0:
            return ""
        shown = self.most_frequent()
        spans = self.spans.total() - sum(self.spans[label] for label in shown)
        placed = self.placed.total() - sum(self.placed[label] for label in shown)
        return (
            f"{more:,} more labels have {spans:,} spans in the source, of which {placed:,} were "
            f"projected. All labels are in {file}."
        )

    def write(self, path: Path) -> None:
        """Write all labels to the Parquet file `path` where a page does not show them all; where
        it does, there is no such file."""
        if len(self.spans) <= SHOWN_LABELS:
            path.unlink(missing_ok=True)
            return
        labels = sorted(self.spans, key=lambda label: (-self.spans[label], label))
        table = pa.table(
            [
                pa.array(labels, pa.string()),
                pa.array([self.spans[label] for label in labels], pa.int64()),
                pa.array([self.placed[label] for label in labels], pa.int64()),
                pa.array(
                    [sorted(self.lost.get(label, {}).items()) for label in labels],
                    _SCHEMA.field("lost").type,
                ),
            ],
            schema=_SCHEMA,
        )
        with replacing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
