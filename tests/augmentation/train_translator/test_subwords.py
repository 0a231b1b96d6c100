"""The subwords of a corpus."""

from __future__ import annotations

from pathlib import Path

from augmentation.train_translator.clean import read_and_clean
from augmentation.train_translator.config import BitextSource
from augmentation.train_translator.subwords import make_subwords
from tests.helpers.number_bitext import LOOSE, number_pairs, write_tsv_gz
from translators.subwords import SubwordConfig


def test_subwords_are_made_once_and_again_when_damaged(tmp_path: Path) -> None:
    shards = read_and_clean(
        [BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", number_pairs(200)))],
        "en",
        "de",
        tmp_path,
        LOOSE,
    )
    config = SubwordConfig(vocabulary=310)
    path = make_subwords(shards, ("en", "de"), tmp_path, config)
    content, made = path.read_bytes(), path.stat().st_mtime_ns
    make_subwords(shards, ("en", "de"), tmp_path, config)
    assert path.stat().st_mtime_ns == made
    path.write_bytes(content[:-1])
    make_subwords(shards, ("en", "de"), tmp_path, config)
    assert path.read_bytes() == content
