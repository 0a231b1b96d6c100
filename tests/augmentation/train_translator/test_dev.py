"""Development sets."""

from __future__ import annotations

from pathlib import Path

from augmentation.train_translator.config import (
    BitextSource,
    load_config,
)
from augmentation.train_translator.dev import read_dev, read_dev_sets
from tests.helpers.number_bitext import number_pairs, write_tsv_gz
from tests.helpers.swapped_words import make_swapped_pairs, write_tsv


def test_a_large_dev_set_is_drawn_evenly_whatever_its_order(tmp_path: Path) -> None:
    made = list(dict.fromkeys(number_pairs(200)))
    one = read_dev(BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made)), "en", "de", 30)
    other = read_dev(
        BitextSource(path=write_tsv_gz(tmp_path / "b.tsv.gz", made[::-1])), "en", "de", 30
    )
    assert len(one.sources) == 30
    assert (one.sources, one.targets) == (other.sources, other.targets)


def test_two_dev_sets_of_one_name(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(
            {"path": write_tsv(tmp_path / name / "dev.tsv", make_swapped_pairs(5, seed=ord(name)))}
        )
    given = {"source": "en", "targets": ["de"], "bitext": files[:1], "dev": files}
    sets = read_dev_sets(load_config(None, given))
    assert [one.name for one in sets] == ["dev", "dev-2"]
    assert sets[0].sources != sets[1].sources
