"""How doubtful translated rows are, by all signals that a run has of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Signals = Mapping[str, Floats]
"""Doubt in [0, 1], one value per row, by the name of the signal."""

_OF_SCORES: Mapping[str, Callable[[Floats], Floats]] = {
    "length-ratio": lambda ratio: 1 - 1 / np.maximum(ratio, 1),
    "language": lambda probability: probability,
    "untranslated": lambda share: share,
    "round-trip": lambda agreement: 1 - agreement,
}
"""Doubt by the scores that rows may carry, those of filters and the agreement of a round trip."""


def doubts(batch: pa.RecordBatch, *, lost_spans: bool) -> tuple[Floats, Signals]:
    """How doubtful each row of `batch` (`ROW_SCHEMA`) is, in [0, 1], and the signals it comes from.

    Signals count as independent reasons to be wrong: the doubt is 1 - (1 - a)(1 - b)... They are
    `spans` (that one of the spans is wrong, by their confidence; with `lost_spans` 1.0 where the
    source has more spans), `translation` (1 - the geometric mean of the tokens' probabilities), and
    those of the rows' scores.
    """
    signals = {"spans": _spans(batch, lost_spans), "translation": _translation(batch)}
    for name, doubt in _OF_SCORES.items():
        scores = pc.map_lookup(batch.column("scores"), name, "first")
        if scores.null_count < len(scores):
            values = _floats(scores)
            signals[name] = np.where(np.isnan(values), 0.0, np.clip(doubt(values), 0, 1))
    certain = np.ones(batch.num_rows)
    for values in signals.values():
        certain *= 1 - values
    return 1 - certain, signals


def _floats(column: pa.Array) -> Floats:
    values: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _spans(batch: pa.RecordBatch, lost_spans: bool) -> Floats:
    spans = batch.column("spans")
    lengths = np.diff(spans.offsets.to_numpy())
    confidence = np.nan_to_num(_floats(spans.flatten().field("confidence")), nan=1.0)
    row = np.repeat(np.arange(batch.num_rows), lengths)
    logs = np.log(np.clip(confidence, 1e-9, 1.0))
    doubt: Floats = 1 - np.exp(np.bincount(row, logs, minlength=batch.num_rows))
    if lost_spans:
        source = pc.fill_null(pc.list_value_length(batch.column("source_spans")), 0)
        doubt[lengths < source.to_numpy(zero_copy_only=False)] = 1.0
    return doubt


def _translation(batch: pa.RecordBatch) -> Floats:
    scores = np.nan_to_num(_floats(batch.column("translation_score")), nan=0.0)
    return 1 - np.exp(np.minimum(scores, 0.0))
