"""The steps of translate-train, each `step(shard, settings) -> shard`.

A step reads the shard before it, writes its own, and leaves it alone when it is done already. What
it needs beside (the translator, the input) is opened once a process and shared by its threads.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from augmentation.carry import Outcome, carry_rows, row_dropped
from augmentation.config import FilterConfig, Settings, runs_folder
from augmentation.memory import TranslationMemory
from augmentation.projecting import Alternatives, Carrier
from augmentation.segments import homes_of, own_segments, read_segments, segment_shard
from augmentation.translations import TRANSLATION_SCHEMA, Translations, translation_batch
from corpora.manifest import fingerprint
from corpora.readers import CorpusBatch
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA
from corpora.shards import (
    ShardRef,
    ShardWriter,
    is_done,
    list_shards,
    read_batches,
    sidecar_of,
)
from corpora.storage import write_text
from filters.protocol import Filter
from translators.protocol import DecodingOptions, Hypothesis, Translator

ASKS_TRANSLATOR = ("candidate", "marker")
"""Projectors that translate or score as they go."""
INGEST, SEGMENT = "10-ingest", "20-segment"
VERSIONS = {"ingest": 3, "project": 3, "filter": 2}
"""That of translating is in `Settings.identity`: the memory rests on it, too."""


def translate_step(target: str) -> str:
    """The folder of the translations to `target`."""
    return f"30-translate-{target}"


def project_step(target: str) -> str:
    """The folder of the rows with projected spans."""
    return f"40-project-{target}"


def filter_step(target: str) -> str:
    """The folder of the rows that passed the filters."""
    return f"50-filter-{target}"


def report_path(run: Path) -> Path:
    """The report, the last thing that a run makes."""
    return run / "report.html"


def checksum(ref: ShardRef) -> str:
    """The checksum on record of a shard that is done."""
    return sidecar_of(ref).checksum


def rows_dropped(ref: ShardRef) -> int:
    """How many rows a shard that is done left out."""
    return sidecar_of(ref).rows_dropped


def read_whole(ref: ShardRef, schema: pa.Schema = ROW_SCHEMA) -> pa.RecordBatch:
    """A shard as one batch."""
    batches = pa.Table.from_batches(read_batches(ref), schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


class _Shared:
    """Things that a process makes once, by key, however many threads ask."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def drop(self, key: Any) -> None:
        with self._lock:
            self._made.pop(key, None)


_shared = _Shared()


# Ingest: the input, in shards.


class _Input:
    """The input, read once from front to back; asked for a shard out of turn it starts again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._next = 0
        self._batches: Iterator[CorpusBatch] = iter(())
        self._lock = threading.Lock()
        self._restart()

    def _restart(self) -> None:
        config = self._settings.config
        corpus = config.reading.open(config.input, config.task, config.source)
        self._batches = corpus.batches(config.shard_rows, limit=config.reading.limit)
        self._next = 0

    def shard(self, index: int) -> CorpusBatch | None:
        """The rows of a shard; None after the last."""
        with self._lock:
            if index < self._next:
                self._restart()
            while True:
                batch = next(self._batches, None)
                self._next += 1
                if batch is None or self._next > index:
                    return batch


def ingest(ref: ShardRef, settings: Settings) -> ShardRef | None:
    """Read the rows of shard `ref` from the input; None where the input has ended."""
    made_from = ingest_fingerprint(ref, settings)
    key = ("input", settings.run, ingest_fingerprint(replace(ref, index=0), settings))
    try:
        batch = _shared.get(key, lambda: _Input(settings)).shard(ref.index)
    except BaseException:
        _shared.drop(key)
        raise
    if batch is None:
        _shared.drop(key)
        return None
    if not is_done(ref, made_from):
        with ShardWriter(ref, made_from) as out:
            out.write_rows(batch.rows, batch.dropped, rows_in=batch.rows_in)
            write_json(ref, {"mended": dict(batch.mended)})
    return ref


def ingest_fingerprint(ref: ShardRef, settings: Settings) -> str:
    """What decides the rows of a shard."""
    config = settings.config
    reading = config.reading.model_dump(mode="json")
    made_of = [config.task, config.source, reading, config.shard_rows, ref.index]
    return fingerprint(["ingest", VERSIONS["ingest"], settings.input_hash, made_of])


def write_json(ref: ShardRef, facts: dict[str, Any]) -> None:
    """What is worth knowing of a shard beside its rows; written before its sidecar."""
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(ref.folder / f"part-{ref.index:05d}.facts.json", text + "\n")


def read_json(ref: ShardRef) -> dict[str, Any]:
    """What `write_json` wrote; empty where there is nothing."""
    try:
        path = ref.folder / f"part-{ref.index:05d}.facts.json"
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return facts
    except (FileNotFoundError, ValueError):
        return {}


# Segment: see `augmentation.segments`.


def segment(ref: ShardRef, settings: Settings) -> ShardRef:
    """Cut the texts of a shard of rows into sentences."""
    from translators.sentences import split_sentences

    return segment_shard(ref, ref.next(SEGMENT), settings.config.source, split_sentences)


# Translate.


def translator_of(settings: Settings) -> Translator:
    """The run's translator, loaded once a process."""
    from translators.open import open_translator

    config = settings.config
    runtime = config.runtime
    key = (
        *("translator", tuple(sorted(settings.model.hashes.items())), config.pivot),
        *(config.decoding.compute_type, runtime.device, runtime.threads, runtime.batch_tokens),
    )
    translator: Translator = _shared.get(
        key,
        lambda: open_translator(
            config.model,
            pivot=config.pivot,
            device=runtime.device,
            compute_type=config.decoding.compute_type,
            threads=runtime.threads,
            batch_tokens=runtime.batch_tokens,
        ),
    )
    return translator


def open_memory(settings: Settings, target: str) -> TranslationMemory | None:
    """The translation memory for `target`; None where it is switched off."""
    given = settings.config.memory
    if given == "off":
        return None
    root = runs_folder() / "memory" if given is None else given
    key = ("memory", root, fingerprint(settings.identity(target)))
    memory: TranslationMemory = _shared.get(
        key, lambda: TranslationMemory(root, settings.identity(target))
    )
    return memory


def translate(ref: ShardRef, settings: Settings, target: str) -> ShardRef:
    """Translate the segments that live in shard `ref` of the segments."""
    out = ref.next(translate_step(target))
    made_from = fingerprint(["translate", checksum(ref), settings.identity(target)])
    if is_done(out, made_from):
        return out
    with ShardWriter(out, made_from, schema=TRANSLATION_SCHEMA) as writer:
        segments = own_segments(ref)
        known, found = _remembered(segments, settings, target)
        fresh = _without(segments, known)
        batch = _translate(fresh, settings, target)
        memory = open_memory(settings, target)
        if memory is not None:
            # Before the shard is done: what is done is never looked at again.
            memory.add(batch, made_from)
        writer.write(_in_order(batch, found, known), rows_in=segments.num_rows)
        write_json(out, {"remembered": len(known), "translated": batch.num_rows})
    return out


def _remembered(segments: pa.Table, settings: Settings, target: str) -> tuple[list[int], pa.Table]:
    memory = open_memory(settings, target)
    if memory is None:
        return [], TRANSLATION_SCHEMA.empty_table()
    snapshot = memory.snapshot(
        settings.run / translate_step(target) / "memory.json", settings.input_hash
    )
    return memory.look_up(segments.column("key").to_pylist(), snapshot)


def _without(segments: pa.Table, known: list[int]) -> pa.Table:
    if not known:
        return segments
    mask = np.ones(segments.num_rows, bool)
    mask[known] = False
    return segments.filter(pa.array(mask))


def _translate(segments: pa.Table, settings: Settings, target: str) -> pa.RecordBatch:
    segments = segments.combine_chunks()
    if not segments.num_rows:
        return pa.RecordBatch.from_pylist([], TRANSLATION_SCHEMA)
    texts = segments.column("text").to_pylist()
    hypotheses = translator_of(settings).translate(
        texts, settings.config.source, target, settings.options()
    )
    keys, sources = (segments.column(name).chunk(0) for name in ("key", "text"))
    return translation_batch(keys, sources, hypotheses)


def _in_order(batch: pa.RecordBatch, found: pa.Table, known: list[int]) -> pa.Table:
    """Remembered and new translations by place."""
    fresh = pa.Table.from_batches([batch])
    if not known:
        return fresh
    total = batch.num_rows + len(known)
    places = np.empty(total, np.int64)
    mask = np.ones(total, bool)
    mask[known] = False
    places[mask] = np.arange(batch.num_rows)
    places[known] = batch.num_rows + np.arange(len(known))
    return pa.concat_tables([fresh, found]).take(pa.array(places)).combine_chunks()


# Project.


def project(ref: ShardRef, settings: Settings, target: str) -> ShardRef:
    """Join the rows of shard `ref` with their translations, and project their spans."""
    out = ref.next(project_step(target))
    segments_ref = ref.next(SEGMENT)
    homes = [ShardRef(ref.run, translate_step(target), home) for home in homes_of(segments_ref)]
    config = settings.config
    made_from = fingerprint(
        [
            "project",
            VERSIONS["project"],
            checksum(ref),
            checksum(segments_ref),
            [checksum(home) for home in homes],
            [config.task, config.source, target, settings.model.name],
            [settings.projector, config.projection.options, config.projection.unplaced],
            dict(settings.projection_files),
            [config.projection.alternatives, settings.identity(target)]
            if config.projection.alternatives
            else None,
        ]
    )
    if is_done(out, made_from):
        return out
    carrier = Carrier(
        config.task,
        config.source,
        target,
        settings.model.name,
        open_projector(settings),
        config.projection.unplaced == "drop-row",
        _alternatives(settings, target) if config.projection.alternatives else None,
    )
    with ShardWriter(out, made_from) as writer:
        batch = read_whole(ref)
        segments = read_segments(segments_ref)
        translations, which = _translations_of(segments, homes)
        outcome = carry_rows(batch, segments, translations, which, carrier)
        writer.write(outcome.kept, outcome.dropped, rows_in=batch.num_rows)
        write_json(out, _span_facts(outcome))
    return out


def options_for_alternatives(settings: Settings) -> DecodingOptions:
    """How the n-best list is asked for; as the translation is where no alternatives are wanted."""
    count, options = settings.config.projection.alternatives + 1, settings.options()
    if count == 1:
        return options
    return replace(options, num_hypotheses=count, beam_size=max(options.beam_size, count))


def _alternatives(settings: Settings, target: str) -> Alternatives:
    """Gives what the n-best list of a text has after its translation."""
    options = options_for_alternatives(settings)

    def ask(texts: Sequence[str]) -> list[tuple[Hypothesis, ...]]:
        translator = translator_of(settings)
        found = translator.translate(texts, settings.config.source, target, options)
        return [one.alternatives for one in found]

    return ask


def open_projector(settings: Settings) -> Any:
    """The run's projector; None where there are no spans."""
    if settings.projector is None:
        return None
    from alignment.projectors import load_projector

    options = dict(settings.config.projection.options)
    if settings.projector in ASKS_TRANSLATOR:
        options["translator"] = translator_of(settings)
    if settings.projector == "marker":
        options["options"] = replace(settings.options(), return_attention=False)
    return load_projector(settings.projector, **options)


def _translations_of(
    segments: pa.Table, homes: list[ShardRef]
) -> tuple[Translations, np.ndarray[Any, np.dtype[np.int64]]]:
    """The translations that a shard needs, each once, and which of them each segment has."""
    home = segments.column("home").to_numpy().astype(np.int64)
    address = (home << 32) | segments.column("place").to_numpy()
    distinct, which = np.unique(address, return_inverse=True)
    tables = [TRANSLATION_SCHEMA.empty_table()]
    for ref in homes:
        places = distinct[distinct >> 32 == ref.index] & 0xFFFFFFFF
        table = pa.Table.from_batches(read_batches(ref), TRANSLATION_SCHEMA)
        tables.append(table.take(pa.array(places)))
    return Translations(pa.concat_tables(tables)), which


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


# Filter.


def filter_rows(ref: ShardRef, settings: Settings, target: str) -> ShardRef:
    """Put the rows of shard `ref` through the quality gates; every score is recorded."""
    out = ref.next(filter_step(target))
    gates = settings.config.filters
    made_from = fingerprint(
        ["filter", VERSIONS["filter"], checksum(ref), gates, settings.config.source, target]
    )
    if is_done(out, made_from):
        return out
    with ShardWriter(out, made_from) as writer:
        batch = read_whole(ref)
        kept, dropped = _apply(batch, settings, target)
        writer.write(kept, dropped, rows_in=batch.num_rows)
        if settings.has_spans:
            write_json(out, {"lost": _spans_dropped(dropped, read_json(ref).get("unplaced", {}))})
    return out


def _spans_dropped(
    dropped: pa.RecordBatch, unplaced: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """How many spans had a place in rows that the filters dropped, by label and reason.

    `unplaced` is what projection left without one, by source id and label."""
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
    batch: pa.RecordBatch, settings: Settings, target: str
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
    gates = settings.config.filters
    for one in load_filters(gates, settings.config.source, target, pairs):
        values = one.score(pairs).cast(pl.Float64)
        scores[one.name] = values.to_numpy()
        refused = ~one.accept(values) & (reasons == "")
        reasons[refused] = one.name
        details[refused] = [f"{score:.3f}" for score in scores[one.name][refused]]
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
    """The filters that are switched on; usual lengths are those of `pairs`."""
    from filters.length_ratio import LengthRatio, expected_ratio
    from filters.untranslated import Untranslated

    chosen: list[Filter] = []
    if gates.max_length_ratio is not None:
        chosen.append(LengthRatio(gates.max_length_ratio, expected_ratio(pairs)))
    if gates.max_untranslated is not None:
        chosen.append(Untranslated(gates.max_untranslated))
    if gates.max_wrong_language is not None:
        from filters.language import WrongLanguage

        chosen.append(WrongLanguage(source, target, gates.max_wrong_language))
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


def forget_surplus(settings: Settings, shards: int) -> None:
    """Remove the shards beyond the input's end: left by an input that was longer."""
    steps = [INGEST, SEGMENT]
    for target in settings.config.targets:
        steps += [translate_step(target), project_step(target), filter_step(target)]
    for step in steps:
        for ref in list_shards(settings.run, step):
            if ref.index >= shards:
                facts = ref.folder / f"part-{ref.index:05d}.facts.json"
                for path in (ref.sidecar_path, ref.path, ref.dropped_path, facts):
                    path.unlink(missing_ok=True)
