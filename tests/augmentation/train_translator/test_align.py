"""The words of a corpus are aligned."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment.words.splitting import split_words
from augmentation.train_translator.align import align_bitext
from augmentation.train_translator.clean import read_and_clean
from augmentation.train_translator.config import AlignmentConfig, BitextSource
from tests.helpers.number_bitext import LOOSE, number_pairs, shard_rows, write_tsv_gz


@pytest.mark.parametrize(
    ("aligner", "method"),
    [
        ("eflomal", "intersection"),
        ("eflomal", "grow-diag-final-and"),
        ("statistical", "intersection"),
    ],
)
def test_words_are_aligned_over_all_shards_in_order(
    tmp_path: Path, aligner: str, method: str
) -> None:
    if aligner == "eflomal":
        pytest.importorskip("eflomal", reason="eflomal has an extra of its own")
    made = list(dict.fromkeys(number_pairs(300)))
    sources = [
        BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made[:100])),
        BitextSource(
            path=write_tsv_gz(tmp_path / "b.tsv.gz", [*made[100:], ("Tom " * 1100, "Tom " * 1100)])
        ),
    ]
    loose = LOOSE.model_copy(update={"max_chars": None, "max_untranslated": None})
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", loose)
    config = AlignmentConfig.model_validate({"aligner": aligner, "symmetrization": method})
    aligned = align_bitext(shards, tmp_path / "run", config)
    found = [row for shard in aligned for row in shard_rows(shard)]
    assert [(r["source"], r["target"]) for r in found[:-1]] == made
    assert not list((tmp_path / "run").glob(".align-*"))
    right = total = 0
    for row in found[:-1]:
        links = row["links"]
        assert isinstance(links, list)
        words = split_words(str(row["source"])).offsets
        for i, j in zip(links[::2], links[1::2], strict=True):
            assert 0 <= i < len(words) and 0 <= j < len(words)
            right += i == j
            total += 1
    # Word for word, so the alignment is the diagonal; a name may come twice in a sentence.
    assert total > 4.5 * len(made) and right / total > 0.9
    assert found[-1]["links"] == []
    before = [shard.path.stat().st_mtime_ns for shard in aligned]
    assert align_bitext(shards, tmp_path / "run", config) == aligned
    assert [shard.path.stat().st_mtime_ns for shard in aligned] == before
