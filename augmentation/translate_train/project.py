"""The project step: rows joined with their translations, and their spans projected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from augmentation.pipeline.shards import checksum, read_whole
from augmentation.projection.rows import Outcome, project_rows
from augmentation.projection.spans import ProjectionContext
from augmentation.translate_train.layout import SEGMENT, project_step, translate_step
from augmentation.translation.segments import needed_shards, read_segments
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.table import TRANSLATION_SCHEMA, Translations
from corpora.fingerprint import fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches

VERSION = 3


def project(ref: ShardRef, translation: TranslationSetup, target: str) -> ShardRef:
    """Join the rows of shard `ref` with their translations to `target`, and project their spans as
    `translation` says."""
    out = ref.next(project_step(target))
    segments_ref = ref.next(SEGMENT)
    translated = [
        ShardRef(ref.run, translate_step(target), shard) for shard in needed_shards(segments_ref)
    ]
    made_from = fingerprint(
        ["project", VERSION, checksum(ref), checksum(segments_ref), list(map(checksum, translated)),
         *translation.projection_identity(target)]
    )  # fmt: skip
    if is_done(out, made_from):
        return out
    context = ProjectionContext.of(translation, target)
    with ShardWriter(out, made_from) as writer:
        batch = read_whole(ref)
        segments = read_segments(segments_ref)
        translations, which = _translations_of(segments, translated)
        outcome = project_rows(batch, segments, translations, which, context)
        writer.write(outcome.kept, outcome.dropped, rows_in=batch.num_rows)
        writer.facts = _span_facts(outcome)
    return out


def _translations_of(
    segments: pa.Table, translated: list[ShardRef]
) -> tuple[Translations, NDArray[np.int64]]:
    """The translations that the segments need, each once, and the number of each segment's."""
    shards = segments.column("shard").to_numpy().astype(np.int64)
    address = (shards << 32) | segments.column("shard_row").to_numpy()
    unique, inverse = np.unique(address, return_inverse=True)
    tables = [TRANSLATION_SCHEMA.empty_table()]
    for ref in translated:
        rows = unique[unique >> 32 == ref.index] & 0xFFFFFFFF
        begin = 0
        for batch in read_batches(ref):  # together, their attention may be more than a list holds
            end = begin + batch.num_rows
            inside = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, end)]
            tables.append(pa.Table.from_batches([batch]).take(pa.array(inside - begin)))
            begin = end
    return Translations(pa.concat_tables(tables)), inverse


def _span_facts(outcome: Outcome) -> dict[str, Any]:
    lost: dict[str, dict[str, int]] = {}
    for (label, reason), count in sorted(outcome.lost.items()):
        lost.setdefault(label, {})[reason] = count
    return {
        "spans": dict(outcome.spans),
        "placed": dict(outcome.placed),
        "lost": lost,
        "unplaced": outcome.unplaced,
        "retranslated": outcome.retranslated,
    }
