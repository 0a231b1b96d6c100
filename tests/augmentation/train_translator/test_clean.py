"""Bitext is read and cleaned: nothing is lost, and what is done is not done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from augmentation.train_translator.clean import read_and_clean
from augmentation.train_translator.config import BitextSource, CleaningConfig
from corpora.errors import UserError
from corpora.shards import read_dropped, sidecar_of
from tests.helpers.number_bitext import LOOSE, number_pairs, shard_rows, write_tsv_gz


def test_corpora_of_all_formats_with_their_weights(tmp_path: Path) -> None:
    made = number_pairs(30)
    (tmp_path / "b.en").write_text("".join(f"{s}\n" for s, _ in made[10:20]), encoding="utf-8")
    (tmp_path / "b.de").write_text("".join(f"{t}\n" for _, t in made[10:20]), encoding="utf-8")
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>{s}</seg></tuv><tuv xml:lang="de"><seg>{t}</seg></tuv></tu>'
        for s, t in made[20:]
    )
    (tmp_path / "c.tmx").write_text(f"<tmx><body>{units}</body></tmx>", encoding="utf-8")
    sources = [
        BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", made[:10])),
        BitextSource(path=tmp_path / "b.en", target_path=tmp_path / "b.de", weight=2.5),
        BitextSource(path=tmp_path / "c.tmx", name="memory"),
    ]
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    found = [row for shard in shards for row in shard_rows(shard)]
    dropped = [r for s in shards for batch in read_dropped(s) for r in batch.to_pylist()]
    assert sorted((r["source"], r["target"]) for r in found + dropped) == sorted(made)
    assert {(r["origin"], r["weight"]) for r in found} == {
        ("a", 1.0),
        ("b.en", 2.5),
        ("memory", 1.0),
    }
    for shard, source in zip(shards, sources, strict=True):
        sidecar = sidecar_of(shard)
        assert sidecar.rows_in == 10 == sidecar.rows_out + sidecar.rows_dropped, source


def test_machine_translations_may_be_used_in_one_direction_only(tmp_path: Path) -> None:
    made = number_pairs(3)
    rows = [(*made[0], "en-de"), (*made[1], "de-en"), (*made[2], "")]
    path = write_tsv_gz(tmp_path / "a.tsv.gz", rows, "en\tde\tdirection\n")
    for how, expected in (
        ("both", ["both", "both", "both"]),
        ("machine-target", ["forward", "backward", "both"]),
    ):
        source = BitextSource.model_validate({"path": path, "directions": how})
        (shard,) = read_and_clean([source], "en", "de", tmp_path / how, LOOSE)
        assert [row["direction"] for row in shard_rows(shard)] == expected
        assert [row["machine"] for row in shard_rows(shard)] == ["target", "source", ""]


@pytest.mark.parametrize("header", ["en\tde\tdirection\n", "en\tde\tset\n"])
def test_directions_that_no_line_has_cannot_be_kept(tmp_path: Path, header: str) -> None:
    path = write_tsv_gz(
        tmp_path / "a.tsv.gz", [(*pair, "en-fr") for pair in number_pairs(3)], header
    )
    source = BitextSource.model_validate({"path": path, "directions": "machine-target"})
    with pytest.raises(UserError, match=r"a\.tsv\.gz: .* no line says en-de or de-en in a column"):
        read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)


def test_duplicates_are_found_across_corpora_after_a_restart(tmp_path: Path) -> None:
    sources = [
        BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", number_pairs(40))),
        BitextSource(path=write_tsv_gz(tmp_path / "b.tsv.gz", number_pairs(40))),
    ]
    first, second = read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    assert sidecar_of(second).rows_out == 0
    before = first.path.stat().st_mtime_ns
    second.sidecar_path.unlink()
    read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    assert sidecar_of(second).drop_reasons == {"duplicate": 40}
    assert first.path.stat().st_mtime_ns == before


def test_a_restart_knows_the_duplicates_of_what_was_in_another_language(tmp_path: Path) -> None:
    french = ("Je ne sais pas ce que tu as dit.", "Ich weiß nicht, was du gesagt hast.")
    sources = [
        BitextSource(path=write_tsv_gz(tmp_path / name, [*number_pairs(20, seed), french]))
        for seed, name in enumerate(("a.tsv.gz", "b.tsv.gz"))
    ]
    config = CleaningConfig(max_wrong_language_share=1.0)
    first, second = read_and_clean(sources, "en", "de", tmp_path / "run", config)
    assert sidecar_of(first).drop_reasons["language"] == 1
    whole = sidecar_of(second)
    second.sidecar_path.unlink()
    read_and_clean(sources, "en", "de", tmp_path / "run", config)
    assert sidecar_of(second).drop_reasons == whole.drop_reasons
    assert sidecar_of(second).dropped_checksum == whole.dropped_checksum


def test_the_same_pair_in_another_language_is_no_duplicate(tmp_path: Path) -> None:
    path = write_tsv_gz(tmp_path / "names.tsv.gz", [("Anna in Berlin", "Anna in Berlin")] * 2)
    sources = [BitextSource(path=path, target=target) for target in ("de", "it", "de")]
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    assert [sidecar_of(shard).rows_out for shard in shards] == [1, 1, 0]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    source = BitextSource(path=write_tsv_gz(tmp_path / "a.tsv.gz", number_pairs(10)))
    read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)
    write_tsv_gz(tmp_path / "a.tsv.gz", number_pairs(20, seed=1))
    (shard,) = read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)
    assert sidecar_of(shard).rows_in == 20
