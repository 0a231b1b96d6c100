"""The words of the bitext aligned."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from alignment.statistical import StatisticalAligner, StatisticalOptions

from alignment.pharaoh import read_pharaoh
from alignment.protocol import WordPair
from alignment.symmetrize import SYMMETRIZATIONS
from alignment.words.splitting import split_words
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import AlignmentConfig
from augmentation.train_translator.layout import ALIGN_STEP, TrainSetup, checksums
from corpora.bitext import ALIGNED_BITEXT_SCHEMA
from corpora.errors import MissingExtraError
from corpora.manifest import fingerprint
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
        elif config.chosen() == "eflomal":
            links = align_with_eflomal(shards, Path(folder), config)
        else:
            links = align_statistically(shards)
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


MAX_WORDS = 1000
"""Longer pairs get no links: eflomal takes sentences of up to 1,023 words."""


def align_with_eflomal(
    shards: Sequence[ShardRef], folder: Path, config: AlignmentConfig
) -> Iterator[list[int]]:
    """Flattened links of every pair of all shards, in order; `folder` is for working files.

    Words are lower-cased. eflomal draws samples from a generator that it seeds by itself, so two
    runs differ in a few links.
    """
    try:
        import eflomal
    except ImportError as error:
        raise MissingExtraError("the aligner eflomal", "eflomal") from error
    symmetrize = SYMMETRIZATIONS[config.symmetrization]
    names = [folder / name for name in ("source", "target", "forward", "reverse")]
    with names[0].open("w", encoding="utf-8") as src, names[1].open("w", encoding="utf-8") as tgt:
        for pair in _word_pairs(shards):
            words = [pair.source.strings(), pair.target.strings()]
            if max(map(len, words)) > MAX_WORDS:
                words = [["-"], ["-"]]
            for side, file in zip(words, (src, tgt), strict=True):
                file.write(" ".join(side).lower() + "\n")
    aligner = eflomal.Aligner(rel_iterations=config.relative_iterations)
    try:
        with names[0].open(encoding="utf-8") as src, names[1].open(encoding="utf-8") as tgt:
            aligner.align(
                src,
                tgt,
                links_filename_fwd=str(names[2]),
                links_filename_rev=str(names[3]),
                quiet=True,
            )
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"eflomal failed with exit code {error.returncode}") from error
    for both in zip(read_pharaoh(names[2]), read_pharaoh(names[3]), strict=True):
        forward, reverse = ([(i, j) for i, j in one.links.tolist()] for one in both)
        yield [index for link in sorted(symmetrize(forward, reverse)) for index in link]


def align_statistically(shards: Sequence[ShardRef]) -> Iterator[list[int]]:
    """Flattened links of every pair of all shards, in order, by `StatisticalAligner`.

    It learns from an even sample of the pairs, as large as it takes, and is then applied to all.
    """
    cells = sum(_cells(pair) for pair in _word_pairs(shards))
    step = -(-cells // StatisticalOptions().max_cells) or 1
    aligner = StatisticalAligner().fit(
        [pair for pair in itertools.islice(_word_pairs(shards), 0, None, step) if _cells(pair)]
    )
    everything = _word_pairs(shards)
    while pairs := list(itertools.islice(everything, ALIGNED_TOGETHER)):
        for alignment in aligner.align([one if _cells(one) else _NO_WORDS for one in pairs]):
            yield alignment.links.ravel().tolist()


ALIGNED_TOGETHER = 4096
"""Pairs whose link tables are in memory together."""


_NO_WORDS = WordPair(split_words(""), split_words(""))


def _cells(pair: WordPair) -> int:
    """Pairs of words, none for a pair that is too long to be aligned."""
    counts = len(pair.source.offsets), len(pair.target.offsets)
    return 0 if max(counts) > MAX_WORDS else counts[0] * counts[1]


def _word_pairs(shards: Sequence[ShardRef]) -> Iterator[WordPair]:
    for shard in shards:
        for batch in read_batches(shard):
            sides = (batch.column(side).to_pylist() for side in ("source", "target"))
            for source, target in zip(*sides, strict=True):
                yield WordPair(split_words(source), split_words(target))


def align_step(setup: TrainSetup, listener: Listener) -> str:
    """Align the words of the bitext of `setup`; `listener` is told if that is switched off."""
    config = setup.config.alignment
    if config is None:
        listener.message("no guided alignment: the attention of this model will be no alignment")
    align_bitext(setup.clean, setup.work, config)
    return "no links" if config is None else f"links of {config.chosen()}"
