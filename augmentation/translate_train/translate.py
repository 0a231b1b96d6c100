"""The translate step: the new segments of a shard translated, or taken from the memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment.limits import MAX_ATTENTION, blocks
from augmentation.pipeline.shards import checksum
from augmentation.translate_train.layout import translate_step
from augmentation.translation.memory import TranslationMemory
from augmentation.translation.segments import new_segments
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.table import TRANSLATION_SCHEMA, translation_batch
from corpora.fingerprint import fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done
from translators.protection.stretches import as_pairs

_MOST_ATTENTION = 1 << 26
"""Numbers of attention in memory together: 256 MB."""
_CHARS_A_PIECE = 3


def translate(
    ref: ShardRef, translation: TranslationSetup, target: str, input_hash: str
) -> ShardRef:
    """Translate the segments that are first seen in the shard `ref` of segments to `target`.

    `translation` says how; `input_hash` is the hash of the run's input, by which the snapshot of
    the memory is found that was taken when the run began.
    """
    out = ref.next(translate_step(target))
    by_hand = _by_hand(ref, translation, target)
    identity = translation.identity(target)
    made_from = fingerprint(["translate", checksum(ref), identity, *([by_hand] if by_hand else [])])
    if is_done(out, made_from):
        return out
    with ShardWriter(out, made_from, schema=TRANSLATION_SCHEMA) as writer:
        memory = translation.translation_memory(target)
        counts: Counter[str] = Counter()
        for segments in _parts(new_segments(ref)):
            corrected = [row for row, text in enumerate(_texts(segments)) if text in by_hand]
            others = _without(segments, corrected)
            remembered, table = _look_up(others, memory, out, input_hash)
            batch = _translate(_without(others, remembered), translation, target)
            if memory is not None:
                # Before the shard is marked as done, because done shards are never read again.
                memory.add(batch)
            machine = _in_order(pa.Table.from_batches([batch]), table, remembered)
            kept = segments.take(pa.array(corrected, pa.int64()))
            human = _corrected(kept, by_hand, translation, target)
            writer.write(_in_order(machine, human, corrected), rows_in=segments.num_rows)
            counts.update(remembered=len(remembered), translated=batch.num_rows)
            if corrected:
                counts.update(by_hand=len(corrected))
        writer.facts = dict(counts)
    return out


def _parts(segments: pa.Table) -> list[pa.Table]:
    """`segments` in parts whose attention fits into the memory: mostly all of them in one."""
    lengths = pc.utf8_length(segments.column("text")).to_numpy().astype(np.int64)
    sizes = np.minimum((lengths // _CHARS_A_PIECE) ** 2, MAX_ATTENTION).tolist()
    parts = blocks(sizes, _MOST_ATTENTION) or [slice(0, 0)]
    return [segments.slice(part.start, part.stop - part.start) for part in parts]


def _by_hand(ref: ShardRef, translation: TranslationSetup, target: str) -> dict[str, str]:
    """People's translations of the segments of the shard `ref`."""
    sentences = translation.human(target).sentences
    if not sentences:
        return {}
    return {text: sentences[text] for text in _texts(new_segments(ref)) if text in sentences}


def _texts(segments: pa.Table) -> list[str]:
    texts: list[str] = segments.column("text").to_pylist()
    return texts


def _corrected(
    segments: pa.Table, by_hand: dict[str, str], translation: TranslationSetup, target: str
) -> pa.Table:
    """The `segments`, all of which people translated (`by_hand`), with those translations."""
    if not segments.num_rows:
        return TRANSLATION_SCHEMA.empty_table()
    texts = _texts(segments)
    hypotheses = translation.human_hypotheses(texts, [by_hand[t] for t in texts], target)
    keys, sources = (segments.combine_chunks().column(name).chunk(0) for name in ("key", "text"))
    return pa.Table.from_batches([translation_batch(keys, sources, hypotheses)])


def _look_up(
    segments: pa.Table, memory: TranslationMemory | None, out: ShardRef, input_hash: str
) -> tuple[list[int], pa.Table]:
    """Which segments the memory has, by row, and their translations."""
    if memory is None:
        return [], TRANSLATION_SCHEMA.empty_table()
    snapshot = memory.snapshot(out.folder / "memory.json", input_hash)
    return memory.look_up(segments.column("key").to_pylist(), snapshot)


def _without(segments: pa.Table, remembered: list[int]) -> pa.Table:
    if not remembered:
        return segments
    mask = np.ones(segments.num_rows, bool)
    mask[remembered] = False
    return segments.filter(pa.array(mask))


def _translate(segments: pa.Table, translation: TranslationSetup, target: str) -> pa.RecordBatch:
    segments = segments.combine_chunks()
    if not segments.num_rows:
        return pa.RecordBatch.from_pylist([], TRANSLATION_SCHEMA)
    texts = segments.column("text").to_pylist()
    protected = [as_pairs(offsets) for offsets in segments.column("protected").to_pylist()]
    hypotheses = translation.translate_segments(texts, protected, target, translation.options())
    keys, sources = (segments.column(name).chunk(0) for name in ("key", "text"))
    return translation_batch(keys, sources, hypotheses)


def _in_order(fresh: pa.Table, table: pa.Table, rows: list[int]) -> pa.Table:
    """The translations of all segments: those of `table` are those of the segments `rows`, those
    that are `fresh` of the others, in order."""
    if not rows:
        return fresh
    total = fresh.num_rows + len(rows)
    order = np.empty(total, np.int64)
    mask = np.ones(total, bool)
    mask[rows] = False
    order[mask] = np.arange(fresh.num_rows)
    order[rows] = fresh.num_rows + np.arange(len(rows))
    return pa.concat_tables([fresh, table]).take(pa.array(order)).combine_chunks()
