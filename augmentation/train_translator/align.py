"""The align step: word links of the bitext, for guided alignment."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from alignment.protocol import WordAlignment, WordPair
from alignment.words.eflomal import EflomalAligner
from alignment.words.splitting import split_pair, split_words
from alignment.words.statistical.corpus import align_corpus
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import AlignmentConfig
from augmentation.train_translator.layout import ALIGN_STEP, TrainSetup, checksums
from corpora.bitext import ALIGNED_BITEXT_SCHEMA
from corpora.fingerprint import fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches


def word_offsets(text: str) -> tuple[tuple[int, int], ...]:
    """Half-open code point offsets of the words of `text` that links count."""
    return split_words(text).offsets


def align_bitext(
    shards: Sequence[ShardRef], run: Path, config: AlignmentConfig | None
) -> list[ShardRef]:
    """Add word links to `shards`: shard i of the next step, in the run folder `run`, is shard i
    aligned as `config` says.

    The shards of a target language are aligned together. Without a configuration no pair gets any
    links.
    """
    together: dict[str, list[ShardRef]] = {}
    for shard in shards:
        together.setdefault(_target_of(shard), []).append(shard)
    for group in together.values():
        _align_together(group, run, config)
    return [shard.next(ALIGN_STEP) for shard in shards]


def _target_of(shard: ShardRef) -> str:
    """The target language of a shard; empty for an empty one."""
    first = next(iter(read_batches(shard)), None)
    return "" if first is None or not first.num_rows else first.column("target_lang")[0].as_py()


def _align_together(shards: Sequence[ShardRef], run: Path, config: AlignmentConfig | None) -> None:
    identity = None if config is None else config.identity()
    made_from = [
        fingerprint(["align", 1, identity, checksums(shards), index])
        for index, _ in enumerate(shards)
    ]
    aligned = [shard.next(ALIGN_STEP) for shard in shards]
    if all(is_done(ref, mark) for ref, mark in zip(aligned, made_from, strict=True)):
        return
    with tempfile.TemporaryDirectory(dir=run, prefix=".align-") as folder:
        links: Iterator[list[int]]
        if config is None:
            links = itertools.repeat([])
        else:
            alignments = _align_words(_WordPairs(shards), Path(folder), config)
            links = (alignment.links.ravel().tolist() for alignment in alignments)
        for shard, ref, mark in zip(shards, aligned, made_from, strict=True):
            with ShardWriter(ref, mark, schema=ALIGNED_BITEXT_SCHEMA) as writer:
                for batch in read_batches(shard):
                    column = pa.array(
                        list(itertools.islice(links, batch.num_rows)), pa.list_(pa.int16())
                    )
                    writer.write(
                        pa.RecordBatch.from_arrays(
                            [*batch.columns, column], schema=ALIGNED_BITEXT_SCHEMA
                        ),
                        rows_in=batch.num_rows,
                    )


def _align_words(
    pairs: Iterable[WordPair], folder: Path, config: AlignmentConfig
) -> Iterator[WordAlignment]:
    """The links of all `pairs`, in order; `folder` is for working files."""
    if config.chosen() == "statistical":
        return align_corpus(pairs)
    aligner = EflomalAligner(config.symmetrization, config.relative_iterations)
    return aligner.align_corpus(pairs, folder)


class _WordPairs:
    """The pairs of all shards, in order, cut into words; can be iterated any number of times."""

    def __init__(self, shards: Sequence[ShardRef]) -> None:
        self._shards = shards

    def __iter__(self) -> Iterator[WordPair]:
        for shard in self._shards:
            for batch in read_batches(shard):
                sides = (batch.column(side).to_pylist() for side in ("source", "target"))
                for source, target in zip(*sides, strict=True):
                    yield split_pair(source, target)


def align_step(setup: TrainSetup, listener: Listener) -> str:
    """Align the words of the bitext of `setup`; `listener` is told if that is switched off."""
    config = setup.config.alignment
    if config is None:
        listener.message("no guided alignment: the attention of this model will be no alignment")
    align_bitext(setup.clean, setup.work, config)
    return "no links" if config is None else f"links of {config.chosen()}"
