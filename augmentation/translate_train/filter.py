"""The filter step: projected rows are scored, and those that fail a filter are dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from augmentation.pipeline.shards import checksum, read_facts, read_whole
from augmentation.projection.rows import row_dropped
from augmentation.translate_train.layout import filter_step
from augmentation.translation.config import FilterConfig
from corpora.fingerprint import fingerprint
from corpora.schema import DROPPED_SCHEMA
from corpora.shards import ShardRef, ShardWriter, is_done
from filters.protocol import Filter

VERSION = 3
MIN_LETTERS = 40
"""Shorter texts take as long to identify and are mostly names and commands."""


def filter_rows(ref: ShardRef, gates: FilterConfig, source: str, target: str) -> ShardRef:
    """Filter the projected rows of shard `ref` by the filters of `gates`; every score is
    recorded. `source` and `target` are the languages of the rows' texts."""
    out = ref.next(filter_step(target))
    made_from = fingerprint(["filter", VERSION, checksum(ref), gates, source, target])
    if is_done(out, made_from):
        return out
    with ShardWriter(out, made_from) as writer:
        batch = read_whole(ref)
        kept, dropped = _apply(batch, gates, source, target)
        writer.write(kept, dropped, rows_in=batch.num_rows)
        projected = read_facts(ref)
        if projected.get("spans"):
            writer.facts = {"lost": _spans_dropped(dropped, projected.get("unplaced", {}))}
    return out


def _spans_dropped(
    dropped: pa.RecordBatch, unplaced: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """How many projected spans the filters dropped with their rows, by label and reason.

    `unplaced` are the spans that projection could not place, by source id and label."""
    lost: dict[str, dict[str, int]] = {}
    columns = (dropped.column(n).to_pylist() for n in ("source_id", "source_spans", "drop_reason"))
    for source_id, spans, reason in zip(*columns, strict=True):
        placed = Counter(span["label"] for span in spans)
        placed.subtract(unplaced.get(source_id, {}))
        for label, count in (+placed).items():
            by_reason = lost.setdefault(label, {})
            by_reason[row_dropped(reason)] = by_reason.get(row_dropped(reason), 0) + count
    return lost


def _apply(
    batch: pa.RecordBatch, gates: FilterConfig, source: str, target: str
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    pairs = pl.DataFrame(
        {
            "source": pl.Series(batch.column("source_text")),
            "target": pl.Series(batch.column("text")),
        }
    )
    scores: dict[str, np.ndarray[Any, Any]] = {}
    reasons = np.full(batch.num_rows, "", object)
    details = np.full(batch.num_rows, "", object)
    for gate in load_filters(gates, source, target, pairs):
        values = gate.score(pairs).cast(pl.Float64)
        scores[gate.name] = values.to_numpy()
        refused = ~gate.accept(values) & (reasons == "")
        reasons[refused] = gate.name
        details[refused] = [f"{score:.3f}" for score in scores[gate.name][refused]]
    if gates.min_translation_score is not None:
        values = batch.column("translation_score").to_numpy(zero_copy_only=False)
        refused = (values < gates.min_translation_score) & (reasons == "")
        reasons[refused] = "translation-score"
        details[refused] = [f"{score:.3f}" for score in values[refused]]
    index = batch.schema.get_field_index("scores")
    batch = batch.set_column(index, batch.schema.field("scores"), _score_column(scores, batch))
    keep = pa.array(reasons == "")
    dropped = pa.RecordBatch.from_arrays(
        [*batch.columns, pa.array(reasons, pa.string()), pa.array(details, pa.string())],
        schema=DROPPED_SCHEMA,
    )
    return batch.filter(keep), dropped.filter(pa.array(reasons != ""))


def load_filters(
    gates: FilterConfig, source: str, target: str, pairs: pl.DataFrame
) -> list[Filter]:
    """The filters that `gates` switches on, for translations from `source` to `target`.

    The usual ratio of lengths is estimated from `pairs` (columns `source` and `target`).
    """
    from filters.length_ratio import LengthRatio, expected_ratio
    from filters.untranslated import Untranslated

    chosen: list[Filter] = []
    if gates.max_length_ratio is not None:
        chosen.append(LengthRatio(gates.max_length_ratio, expected_ratio(pairs)))
    if gates.max_untranslated is not None:
        chosen.append(Untranslated(gates.max_untranslated))
    if gates.max_wrong_language is not None:
        from filters.language import WrongLanguage

        chosen.append(WrongLanguage(source, target, gates.max_wrong_language, MIN_LETTERS))
    return chosen


def _score_column(scores: dict[str, np.ndarray[Any, Any]], batch: pa.RecordBatch) -> pa.Array:
    type_ = batch.schema.field("scores").type
    if not scores or not batch.num_rows:
        return pa.nulls(batch.num_rows, type_)
    names = sorted(scores)
    offsets = pa.array(np.arange(batch.num_rows + 1, dtype=np.int32) * len(names))
    keys = pa.array(names * batch.num_rows, pa.string())
    values = np.stack([scores[name] for name in names], axis=1).ravel()
    return pa.MapArray.from_arrays(offsets, keys, pa.array(values, pa.float64()))
