"""The subwords step: the joint SentencePiece vocabulary of both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sentencepiece

from augmentation.pipeline.artifacts import Artifact
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.layout import SUBWORDS_STEP, TrainSetup, checksums
from corpora.fingerprint import file_hash, fingerprint
from corpora.shards import ShardRef, read_batches
from translators.marian_folder import StartingPoint
from translators.subwords import SubwordConfig, take_subwords, train_subwords


def make_subwords(
    shards: Sequence[ShardRef],
    tags: Sequence[str],
    run: Path,
    config: SubwordConfig,
    taken: Path | None = None,
) -> Path:
    """A joint SentencePiece model of the clean bitext `shards`, made as `config` says, or a copy of
    `taken`, in the run folder `run`.

    `tags` are the languages (BCP 47) that have a tag among its pieces.
    """
    path = run / SUBWORDS_STEP / "subwords.model"
    source = checksums(shards) if taken is None else ["taken", file_hash(taken)]
    made_from = fingerprint(["subwords", 1, tags, config, source])
    artifact = Artifact.beside(path)
    if not artifact.is_done(made_from):
        if taken is None:
            train_subwords(_texts(shards), tags, path, config)
        else:
            take_subwords(taken, tags, path, config)
        artifact.note_done(made_from)
    return path


def _texts(shards: Sequence[ShardRef]) -> Iterator[str]:
    for shard in shards:
        for batch in read_batches(shard):
            for column in ("source", "target"):
                yield from batch.column(column).to_pylist()


def subwords_step(setup: TrainSetup, listener: Listener) -> str:
    """Make the vocabulary of the run of `setup`; `listener` is told nothing."""
    config = setup.config
    taken = None
    if config.init_from is not None and config.init_subwords == "take":
        taken = StartingPoint.find(config.init_from).subwords
    # A model of one direction needs no tags; their absence shows that it has one direction.
    path = make_subwords(setup.clean, config.tagged(), setup.work, config.subwords, taken)
    count = sentencepiece.SentencePieceProcessor(model_file=str(path)).get_piece_size()
    return f"{count:,} pieces" + ("" if taken is None else f", those of {config.init_from}")
