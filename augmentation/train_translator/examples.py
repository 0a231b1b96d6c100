"""The examples step: the pairs to train on selected, and the dev sets made."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sentencepiece import SentencePieceProcessor

from augmentation.pipeline.listener import Listener
from augmentation.train_translator.dev import DevPairs, read_dev_sets
from augmentation.train_translator.layout import EXAMPLES_STEP, TrainSetup, checksums
from corpora.bitext import ALIGNED_BITEXT_SCHEMA
from corpora.errors import UserError
from corpora.fingerprint import content_id, file_hash, fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches, read_dropped, sidecar_of

HELD_OUT, IN_DEV, TOO_MANY_PIECES = "held-out", "in-dev", "too-many-pieces"
_HELD_OUT_SCHEMA = ALIGNED_BITEXT_SCHEMA.append(
    pa.field("drop_reason", pa.string(), nullable=False)
)


def select_examples(
    shards: Sequence[ShardRef],
    run: Path,
    dev: Sequence[DevPairs],
    held_out: int,
    subwords: Path,
    max_pieces: int,
) -> tuple[ShardRef, list[DevPairs]]:
    """One shard of all pairs of `shards` to train on, in the run folder `run`, and the dev sets.

    Pairs with a sentence of a dev set of `dev`, on either side, are not trained on, nor are those
    that `subwords`, a SentencePiece model, splits into more than `max_pieces` on either side, with
    a language tag and the end of the sentence. Without a dev set, about `held_out` pairs (at most a
    tenth) are taken from the bitext, with all pairs that share their source. What is left out is
    in `dropped/`, with the reason.
    """
    ref = ShardRef(run, EXAMPLES_STEP, 0)
    made_from = fingerprint(
        ["examples", 2, checksums(shards), list(dev), held_out, file_hash(subwords), max_pieces]
    )
    if not is_done(ref, made_from):
        total = sum(sidecar_of(shard).rows_out for shard in shards)
        selection = _Selection(
            SentencePieceProcessor(model_file=str(subwords)),
            max_pieces,
            {text for pairs in dev for text in (*pairs.sources, *pairs.targets)},
            0.0 if dev else min(0.1, held_out / max(1, total)),
        )
        with ShardWriter(
            ref, made_from, schema=ALIGNED_BITEXT_SCHEMA, dropped_schema=_HELD_OUT_SCHEMA
        ) as writer:
            for shard in shards:
                for batch in read_batches(shard):
                    _write_examples(batch, writer, selection.reasons(batch))
    return ref, list(dev) or _held_out(ref, held_out)


@dataclass(frozen=True, slots=True)
class _Selection:
    """Which pairs are trained on."""

    pieces: SentencePieceProcessor
    max_pieces: int
    measured: Set[str]
    """The sentences of the dev sets."""
    share: float
    """How much of the bitext is held out."""

    def reasons(self, batch: pa.RecordBatch) -> list[str]:
        """Why each pair of `batch` is left out; empty where it is not."""
        sides = [batch.column(side).to_pylist() for side in ("source", "target")]
        longest = [
            max(map(len, pair)) + 2  # a tag and the end of the sentence
            for pair in zip(*map(self.pieces.encode, sides), strict=True)
        ]
        return [
            self._held_back(source, target) or (TOO_MANY_PIECES if length > self.max_pieces else "")
            for source, target, length in zip(*sides, longest, strict=True)
        ]

    def _held_back(self, source: str, target: str) -> str:
        if source in self.measured or target in self.measured:
            return IN_DEV
        return HELD_OUT if int(content_id(source), 16) < self.share * 2**64 else ""


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


def examples_step(setup: TrainSetup, listener: Listener) -> str:
    """Select what the run of `setup` trains on, without what is measured on; `listener` is told
    nothing. Raises `UserError` where too little is left of either."""
    dev = read_dev_sets(setup.config)
    ref, sets = _select(setup, dev)
    for pairs in sets or [DevPairs("the bitext", "", (), ())]:
        if not pairs.sources:
            raise UserError(f"no pair to measure on in {pairs.name}: give another dev set (--dev)")
    sidecar = sidecar_of(ref)
    if sidecar.rows_out < setup.config.min_pairs:
        left_out = ", ".join(f"{reason} {n:,}" for reason, n in sidecar.drop_reasons.items())
        raise UserError(
            f"only {sidecar.rows_out} sentence pairs are left to train on, at least "
            f"{setup.config.min_pairs} are needed (left out: {left_out or 'none'})"
        )
    measured = ", ".join(f"{pairs.name} {len(pairs.sources):,}" for pairs in sets)
    if unmeasured := set(setup.config.targets) - {pairs.target for pairs in sets}:
        measured += f", which has no pair in {', '.join(sorted(unmeasured))}"
    return f"{sidecar.rows_out:,} pairs to train on; measured on {measured}"


def dev_sets(setup: TrainSetup) -> list[DevPairs]:
    """What the run of `setup` is measured on: the dev sets, or else what was held out."""
    dev = read_dev_sets(setup.config)
    return _select(setup, dev)[1]


def _select(setup: TrainSetup, dev: Sequence[DevPairs]) -> tuple[ShardRef, list[DevPairs]]:
    limit = setup.config.training.max_pieces
    return select_examples(
        setup.aligned, setup.work, dev, setup.config.dev_pairs, setup.subwords, limit
    )
