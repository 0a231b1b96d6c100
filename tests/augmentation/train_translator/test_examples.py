"""Training examples, apart from what is held out or too long."""

from __future__ import annotations

from pathlib import Path

from sentencepiece import SentencePieceProcessor

from augmentation.train_translator.align import align_bitext
from augmentation.train_translator.clean import read_and_clean
from augmentation.train_translator.config import (
    BitextSource,
    CleaningConfig,
)
from augmentation.train_translator.dev import read_dev
from augmentation.train_translator.examples import select_examples
from corpora.shards import read_dropped, sidecar_of
from tests.helpers.number_bitext import LOOSE, SUBWORDS, number_pairs, shard_rows, write_tsv_gz


def test_pairs_of_the_dev_sets_are_not_trained_on(tmp_path: Path) -> None:
    made = list(dict.fromkeys(number_pairs(120)))
    dev_pairs = [*made[:5], ("Tom", made[7][1])]
    source = BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made))
    dev = read_dev(
        BitextSource(path=write_tsv_gz(tmp_path / "dev.tsv.gz", dev_pairs)), "en", "de", 100
    )
    assert list(zip(dev.sources, dev.targets, strict=True)) == dev_pairs
    shards = read_and_clean([source], "en", "de", tmp_path, LOOSE)
    aligned = align_bitext(shards, tmp_path, None)
    ref, sets = select_examples(aligned, tmp_path, [dev], 50, SUBWORDS, 64)
    assert sets == [dev]
    texts = {t for row in shard_rows(ref) for t in (row["source"], row["target"])}
    assert not texts & ({s for s, _ in dev_pairs} | {t for _, t in dev_pairs})
    assert set(sidecar_of(ref).drop_reasons) == {"in-dev"}


def test_without_a_dev_set_pairs_are_held_out(tmp_path: Path) -> None:
    made = list(dict.fromkeys(number_pairs(400)))
    source = BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made))
    shards = align_bitext(read_and_clean([source], "en", "de", tmp_path, LOOSE), tmp_path, None)
    ref, (held_out,) = select_examples(shards, tmp_path, [], 20, SUBWORDS, 64)
    assert 5 <= len(held_out.sources) <= 20
    assert not {row["source"] for row in shard_rows(ref)} & set(held_out.sources)
    assert select_examples(shards, tmp_path, [], 20, SUBWORDS, 64) == (ref, [held_out])


def test_pairs_of_too_many_pieces_are_kept_aside_with_the_reason(tmp_path: Path) -> None:
    made = [*dict.fromkeys(number_pairs(40)), ("hello " * 9 + "world", "Hallo Welt")]
    source = BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made))
    cleaning = CleaningConfig(max_wrong_language=None, max_length_ratio=None)
    shards = align_bitext(read_and_clean([source], "en", "de", tmp_path, cleaning), tmp_path, None)
    pieces = SentencePieceProcessor(model_file=str(SUBWORDS))
    longest = max(len(pieces.encode(text)) for pair in made[:-1] for text in pair) + 2
    assert longest < len(pieces.encode(made[-1][0])) + 2
    for limit, out in ((longest, [made[-1]]), (longest + 30, [])):
        ref, _ = select_examples(shards, tmp_path, [], 0, SUBWORDS, limit)
        left = [row for batch in read_dropped(ref) for row in batch.to_pylist()]
        assert [(row["source"], row["target"]) for row in left] == out
        assert {row["drop_reason"] for row in left} <= {"too-many-pieces"}
        assert len(shard_rows(ref)) == len(made) - len(out)
