"""The evidence of the soft alignment, for every cell and every word of the source spans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.projectors.features.arrays import Floats, Ints, RunningSums, concatenated, ranges
from alignment.projectors.features.layout import Layout
from alignment.protocol import Posteriors
from alignment.unique import unique_with_inverse

FLOOR = 0.02
"""Added to probabilities before taking their logarithm."""


class LinkEvidence:
    """The soft alignments `posteriors`, by row, as evidence for the source spans of `layout`.

    Per cell: `inside` and `outside` are the probabilities that it comes from a word of the source
    span, and of the rest of the row; `unlinked` that it comes from none; `into` is the expected
    number of words of the source span that become it, and `away` the log-probability that none of
    the other source words does. `log_in` and `log_out` sum, over a run of cells, the
    log-probabilities that they come from the span and that they do not; `log_out_total` has the
    latter for all cells of each span. `linked`, per source word, is the probability that it has a
    partner.
    """

    def __init__(self, layout: Layout, posteriors: Sequence[Posteriors]) -> None:
        # Every sum is a difference of running sums over the tables of all rows, laid end to end
        # with the source words of a cell side by side.
        rows, row = unique_with_inverse(layout.row)
        tables = [posteriors[number] for number in rows.tolist()]
        sources = np.array([len(soft.forward) for soft in tables], dtype=np.int64)
        targets = np.array([soft.forward.shape[1] for soft in tables], dtype=np.int64)
        base = np.cumsum(sources * targets) - sources * targets
        reverse = concatenated([soft.reverse.T.ravel() for soft in tables])
        forward_sums = RunningSums(concatenated([soft.forward.T.ravel() for soft in tables]))
        avoid_sums = RunningSums(np.log(1.0 - np.minimum(reverse, 1.0) + FLOOR))
        span = layout.cell_span
        table = row[span]
        cell = np.arange(len(span)) - layout.cell_at[span]
        low = base[table] + cell * sources[table]
        high = low + sources[table]
        start, end = low + layout.source_start[span], low + layout.source_end[span]
        self.inside = np.maximum(forward_sums(start, end), 0.0)
        linked = forward_sums(low, high)
        self.outside = np.maximum(linked - self.inside, 0.0)
        self.unlinked = np.maximum(1.0 - linked, 0.0)
        self.into = np.maximum(RunningSums(reverse)(start, end), 0.0)
        self.away = avoid_sums(low, high) - avoid_sums(start, end)
        either = self.inside + self.outside + 2 * FLOOR
        self.log_in = RunningSums(np.log((self.inside + FLOOR) / either))
        log_out = np.log((self.outside + FLOOR) / either)
        self.log_out = RunningSums(log_out)
        self.log_out_total = np.bincount(span, log_out, len(layout.spans))
        # For each word of the source spans, its row of the table, target words side by side.
        self._reverse = RunningSums(concatenated([soft.reverse.ravel() for soft in tables]))
        table = row[layout.source_span]
        word = layout.source_start[layout.source_span] + ranges(layout.source_words)
        self._word_at = base[table] + word * targets[table]
        self.linked = self._reverse(self._word_at, self._word_at + targets[table])

    def linked_to(self, word: Ints, start: Ints, end: Ints) -> Floats:
        """The probability that each source word becomes one of a run of target words.

        `word` are numbers of source words in the layout, [`start`, `end`) word indices in the row's
        target; all have one shape.
        """
        low = self._word_at[word]
        return self._reverse(low + start, low + end)
