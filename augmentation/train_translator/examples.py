"""What is trained on and what is measured on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from sentencepiece import SentencePieceProcessor

from augmentation.train_translator.clean import _frames
from augmentation.train_translator.config import BitextSource, TrainTranslatorConfig
from augmentation.train_translator.layout import EXAMPLES_STEP, TrainRun, _checksums
from corpora.bitext import ALIGNED_BITEXT_SCHEMA
from corpora.errors import UserError
from corpora.manifest import file_hash, fingerprint
from corpora.schema import content_id
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches, read_dropped, sidecar_of
from filters.normalisation import normalise

HELD_OUT, IN_DEV, TOO_MANY_PIECES = "held-out", "in-dev", "too-many-pieces"


_HELD_OUT_SCHEMA = ALIGNED_BITEXT_SCHEMA.append(
    pa.field("drop_reason", pa.string(), nullable=False)
)


@dataclass(frozen=True, slots=True)
class DevPairs:
    """Sentence pairs to measure on while training; `name` is that of their corpus, `target` the
    language of `targets`."""

    name: str
    target: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


def read_dev(one: BitextSource, source: str, target: str, limit: int) -> DevPairs:
    """The dev corpus `one`, normalised as the training bitext is.

    Of a corpus with more than `limit` pairs, those are taken whose content hash is lowest: an
    even draw that another order of lines does not change.
    """
    target = one.target or target
    frames = [
        frame.select(normalise(pl.col("source")), normalise(pl.col("target")))
        for frame in _frames(one, source, target)
    ]
    rows = [row for row in pl.concat(frames).rows() if all(row)]
    if len(rows) > limit:
        rows = sorted(rows, key=lambda row: content_id(*row))[:limit]
    sources, targets = zip(*rows, strict=True) if rows else ((), ())
    return DevPairs(one.name or one.bitext().name, target, sources, targets)


def set_apart(
    shards: Sequence[ShardRef],
    run: Path,
    dev: Sequence[DevPairs],
    held_out: int,
    subwords: Path,
    max_pieces: int,
) -> tuple[ShardRef, list[DevPairs]]:
    """One shard of all pairs to train on, and the dev sets.

    Pairs with a sentence of a dev set, on either side, are not trained on, nor are those that
    `subwords`, a SentencePiece model, splits into more than `max_pieces` on either side, with a
    language tag and the end of the sentence. Without a dev set, about `held_out` pairs (at most a
    tenth) are taken from the bitext, with all pairs that share their source. What is left out is
    in `dropped/`, with the reason.
    """
    ref = ShardRef(run, EXAMPLES_STEP, 0)
    made_from = fingerprint(
        ["examples", 2, _checksums(shards), list(dev), held_out, file_hash(subwords), max_pieces]
    )
    if not is_done(ref, made_from):
        pieces = SentencePieceProcessor(model_file=str(subwords))
        total = sum(sidecar_of(shard).rows_out for shard in shards)
        share = 0.0 if dev else min(0.1, held_out / max(1, total))
        known = {text for one in dev for text in (*one.sources, *one.targets)}
        with ShardWriter(
            ref, made_from, schema=ALIGNED_BITEXT_SCHEMA, dropped_schema=_HELD_OUT_SCHEMA
        ) as writer:
            for shard in shards:
                for batch in read_batches(shard):
                    sides = [batch.column(side).to_pylist() for side in ("source", "target")]
                    longest = [
                        max(map(len, pair)) + 2  # a tag and the end of the sentence
                        for pair in zip(*map(pieces.encode, sides), strict=True)
                    ]
                    reasons = [
                        _left_out(source, target, known, share)
                        or (TOO_MANY_PIECES if length > max_pieces else "")
                        for source, target, length in zip(*sides, longest, strict=True)
                    ]
                    _write_examples(batch, writer, reasons)
    return ref, list(dev) or _held_out(ref, held_out)


def _left_out(source: str, target: str, known: Set[str], share: float) -> str:
    """Why a pair is measured on, or must not be trained on for what is measured."""
    if source in known or target in known:
        return IN_DEV
    return HELD_OUT if int(content_id(source), 16) < share * 2**64 else ""


def _write_examples(batch: pa.RecordBatch, writer: ShardWriter, reasons: Sequence[str]) -> None:
    out = pa.array([bool(r) for r in reasons])
    dropped = batch.append_column("drop_reason", pa.array(reasons, pa.string())).filter(out)
    writer.write(
        batch.filter(pc.invert(out)),
        dropped.cast(_HELD_OUT_SCHEMA),
        rows_in=batch.num_rows,
    )


def _held_out(ref: ShardRef, limit: int) -> list[DevPairs]:
    """What was held out, at most `limit` pairs of each target language."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for batch in read_dropped(ref):
        for row in batch.to_pylist():
            if row["drop_reason"] == HELD_OUT:
                pairs.setdefault(row["target_lang"], []).append((row["source"], row["target"]))
    return [
        DevPairs(HELD_OUT, language, *zip(*rows[:limit], strict=True))
        for language, rows in sorted(pairs.items())
    ]


def examples_step(run: TrainRun) -> str:
    """Gather what is trained on, without what is measured on."""
    dev = read_dev_sets(run.config)
    ref, sets = _set_apart(run, dev)
    for one in sets or [DevPairs("the bitext", "", (), ())]:
        if not one.sources:
            raise UserError(f"no pair to measure on in {one.name}: bring another dev set (--dev)")
    sidecar = sidecar_of(ref)
    if sidecar.rows_out < run.config.min_pairs:
        left_out = ", ".join(f"{reason} {n:,}" for reason, n in sidecar.drop_reasons.items())
        raise UserError(
            f"only {sidecar.rows_out} sentence pairs are left to train on, at least "
            f"{run.config.min_pairs} are needed (left out: {left_out or 'none'})"
        )
    measured = ", ".join(f"{one.name} {len(one.sources):,}" for one in sets)
    if unmeasured := set(run.config.targets) - {one.target for one in sets}:
        measured += f", which has no pair in {', '.join(sorted(unmeasured))}"
    return f"{sidecar.rows_out:,} pairs to train on; measured on {measured}"


def read_dev_sets(config: TrainTranslatorConfig) -> list[DevPairs]:
    """The dev sets that the configuration names, the second `dev` of a target as `dev-2`."""
    seen: Counter[tuple[str, str]] = Counter()
    sets = []
    for one in config.dev:
        pairs = read_dev(one, config.source, config.targets[0], config.dev_pairs)
        seen[pairs.name, pairs.target] += 1
        again = seen[pairs.name, pairs.target]
        sets.append(pairs if again == 1 else replace(pairs, name=f"{pairs.name}-{again}"))
    return sets


def dev_sets(run: TrainRun) -> list[DevPairs]:
    """What is measured on: the dev sets, or else what was held out of the bitext."""
    dev = read_dev_sets(run.config)
    return _set_apart(run, dev)[1]


def _set_apart(run: TrainRun, dev: Sequence[DevPairs]) -> tuple[ShardRef, list[DevPairs]]:
    limit = run.config.training.max_pieces
    return set_apart(run.aligned, run.work, dev, run.config.dev_pairs, run.subwords, limit)


def _by_direction(
    config: TrainTranslatorConfig, dev: Sequence[DevPairs]
) -> dict[str, tuple[str | None, Sequence[str], Sequence[str]]]:
    sets: dict[str, tuple[str | None, Sequence[str], Sequence[str]]] = {}
    for one in dev:
        for source, target in config.directions():
            if one.target not in (source, target):
                continue
            sides = (one.sources, one.targets)
            if source != config.source:
                sides = sides[::-1]
            sets[f"{one.name}.{source}-{target}"] = (config.tag(target), *sides)
    return sets
