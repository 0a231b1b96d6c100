"""The source spans of a batch with their words, and the target words of their rows, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignment.projectors.features.arrays import concatenated
from alignment.projectors.features.lexicon import Lexicon

MOST_WORDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """A span to place: words [start, end) of row `row`, and its index among the row's spans.

    Its place is among the target words [`low`, `high`): those of the sentences that its own became.
    """

    row: int
    index: int
    start: int
    end: int
    low: int = 0
    high: int = MOST_WORDS


class Layout:
    """The source `spans` of a batch, laid end to end; `lexicon` is that of the batch.

    Per span: `row`, `source_start`, `source_end` and `source_words` (their number), the types of
    its first and last word, `first_type` and `last_type`, and `target_words`, their number in its
    row; `low` and `high` bound the target words among which it is looked for.

    Per source word of the spans: `source_span`, the span it is in, and `source_type`; those of span
    i are [source_at[i], source_at[i + 1]).

    Per cell (a target word of a span's row): `cell_span` and `cell_type`; those of span i are
    [cell_at[i], cell_at[i + 1]).
    """

    def __init__(self, spans: Sequence[SourceSpan], lexicon: Lexicon) -> None:
        self.spans = spans
        self.lexicon = lexicon
        self.row = np.array([span.row for span in spans], dtype=np.int64)
        self.source_start = np.array([span.start for span in spans], dtype=np.int64)
        self.source_end = np.array([span.end for span in spans], dtype=np.int64)
        self.source_words = self.source_end - self.source_start
        self.low = np.array([span.low for span in spans], dtype=np.int64)
        targets = [lexicon.targets[span.row] for span in spans]
        self.target_words = np.array([len(types) for types in targets], dtype=np.int64)
        high = np.array([span.high for span in spans], dtype=np.int64)
        self.high = np.minimum(high, self.target_words)
        self.cell_at = np.concatenate([[0], np.cumsum(self.target_words)])
        self.cell_span = np.repeat(np.arange(len(spans)), self.target_words)
        self.cell_type = concatenated(targets, np.int64)
        sources = [lexicon.sources[span.row][span.start : span.end] for span in spans]
        self.source_type = concatenated(sources, np.int64)
        self.source_at = np.concatenate([[0], np.cumsum(self.source_words)])
        self.source_span = np.repeat(np.arange(len(spans)), self.source_words)
        first, last = self.source_at[:-1], self.source_at[1:] - 1
        empty = len(self.source_type) == 0
        self.first_type = self.source_type[first] if not empty else first
        self.last_type = self.source_type[last] if not empty else last
