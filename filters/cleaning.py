"""Several filters applied to batches of pairs: rows are kept, or dropped with a reason."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from filters.normalisation import normalise
from filters.protocol import Filters


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`kept` and `dropped` together are the batch's rows, each in the batch's order.

    `dropped` has two more columns: `drop_reason` (the name of the first filter that dropped the
    row) and `drop_score` (its score by that filter). Texts are normalised in both.
    """

    kept: pl.DataFrame
    dropped: pl.DataFrame


def clean(batch: pl.DataFrame, filters: Filters) -> Cleaned:
    """Normalise the columns `source` and `target` of `batch` and apply the `filters` in order.

    Each filter sees only what those before it accepted; other columns are kept as they are.
    """
    rows = batch.with_columns(normalise(pl.col("source")), normalise(pl.col("target")))
    rows = rows.with_row_index("_row")
    dropped = []
    for filter_ in filters:
        scores = filter_.score(rows).cast(pl.Float64)
        mask = pl.Series(filter_.accept(scores))
        refused = rows.filter(~mask).with_columns(
            drop_reason=pl.lit(filter_.name), drop_score=scores.filter(~mask)
        )
        dropped.append(refused)
        rows = rows.filter(mask)
    if not dropped:
        dropped.append(
            rows.clear().with_columns(
                drop_reason=pl.lit("", pl.String), drop_score=pl.lit(0.0, pl.Float64)
            )
        )
    return Cleaned(rows.drop("_row"), pl.concat(dropped).sort("_row").drop("_row"))
