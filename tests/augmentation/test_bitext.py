"""The steps from bitext files to examples: nothing is lost, and what is done is not done again."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from alignment.words.splitting import split_words
from augmentation.train_translator.align import align_bitext
from augmentation.train_translator.clean import read_and_clean
from augmentation.train_translator.config import AlignmentConfig, BitextSource, CleaningConfig
from augmentation.train_translator.dev import read_dev
from augmentation.train_translator.examples import select_examples
from augmentation.train_translator.subwords import make_subwords
from corpora.errors import UserError
from corpora.shards import ShardRef, read_batches, read_dropped, sidecar_of
from translators.subwords import SubwordConfig

NUMBERS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}
NAMES = ["Tom", "Mary", "Berlin", "Paris", "Anna", "Paul"]
LOOSE = CleaningConfig(max_wrong_language=None)
SUBWORDS = Path(__file__).parents[2] / "data" / "models" / "en-de" / "source.spm"


def pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        name, (number, zahl) = rng.choice(NAMES), rng.choice(list(NUMBERS.items()))
        tail = " ".join(rng.choices(NAMES, k=3))
        made.append((f"{name} sees {number} , {tail}", f"{name} sieht {zahl} , {tail}"))
    return made


def tsv(path: Path, rows: list[tuple[str, ...]], header: str = "") -> Path:
    text = header + "".join("\t".join(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def rows_of(ref: ShardRef) -> list[dict[str, object]]:
    return [row for batch in read_batches(ref) for row in batch.to_pylist()]


def test_corpora_of_all_formats_with_their_weights(tmp_path: Path) -> None:
    made = pairs(30)
    (tmp_path / "b.en").write_text("".join(f"{s}\n" for s, _ in made[10:20]), encoding="utf-8")
    (tmp_path / "b.de").write_text("".join(f"{t}\n" for _, t in made[10:20]), encoding="utf-8")
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>{s}</seg></tuv><tuv xml:lang="de"><seg>{t}</seg></tuv></tu>'
        for s, t in made[20:]
    )
    (tmp_path / "c.tmx").write_text(f"<tmx><body>{units}</body></tmx>", encoding="utf-8")
    sources = [
        BitextSource(path=tsv(tmp_path / "a.tsv.gz", made[:10])),
        BitextSource(path=tmp_path / "b.en", target_path=tmp_path / "b.de", weight=2.5),
        BitextSource(path=tmp_path / "c.tmx", name="memory"),
    ]
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    found = [row for shard in shards for row in rows_of(shard)]
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
    made = pairs(3)
    rows = [(*made[0], "en-de"), (*made[1], "de-en"), (*made[2], "")]
    path = tsv(tmp_path / "a.tsv.gz", rows, "en\tde\tdirection\n")
    for how, expected in (
        ("both", ["both", "both", "both"]),
        ("machine-target", ["forward", "backward", "both"]),
    ):
        source = BitextSource.model_validate({"path": path, "directions": how})
        (shard,) = read_and_clean([source], "en", "de", tmp_path / how, LOOSE)
        assert [row["direction"] for row in rows_of(shard)] == expected
        assert [row["machine"] for row in rows_of(shard)] == ["target", "source", ""]


@pytest.mark.parametrize("header", ["en\tde\tdirection\n", "en\tde\tset\n"])
def test_directions_that_no_line_has_cannot_be_kept(tmp_path: Path, header: str) -> None:
    path = tsv(tmp_path / "a.tsv.gz", [(*pair, "en-fr") for pair in pairs(3)], header)
    source = BitextSource.model_validate({"path": path, "directions": "machine-target"})
    with pytest.raises(UserError, match=r"a\.tsv\.gz: .* no line says en-de or de-en in a column"):
        read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)


def test_only_tables_have_columns() -> None:
    for files in ({"path": "a.tmx.gz"}, {"path": "a.en", "target_path": "a.de"}):
        with pytest.raises(ValueError, match="only a tab-separated file has columns"):
            BitextSource.model_validate(files | {"columns": ["1", "2"]})


@pytest.mark.parametrize(
    "limits", [{"max_chars": 0}, {"max_length_ratio": 0.5}, {"min_alphabet_share": 50}]
)
def test_limits_that_nothing_could_keep_to_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        CleaningConfig.model_validate(limits)


def test_duplicates_are_found_across_corpora_after_a_restart(tmp_path: Path) -> None:
    sources = [
        BitextSource(path=tsv(tmp_path / "a.tsv.gz", pairs(40))),
        BitextSource(path=tsv(tmp_path / "b.tsv.gz", pairs(40))),
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
        BitextSource(path=tsv(tmp_path / name, [*pairs(20, seed), french]))
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
    path = tsv(tmp_path / "names.tsv.gz", [("Anna in Berlin", "Anna in Berlin")] * 2)
    sources = [BitextSource(path=path, target=target) for target in ("de", "it", "de")]
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", LOOSE)
    assert [sidecar_of(shard).rows_out for shard in shards] == [1, 1, 0]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    source = BitextSource(path=tsv(tmp_path / "a.tsv.gz", pairs(10)))
    read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)
    tsv(tmp_path / "a.tsv.gz", pairs(20, seed=1))
    (shard,) = read_and_clean([source], "en", "de", tmp_path / "run", LOOSE)
    assert sidecar_of(shard).rows_in == 20


def test_subwords_are_made_once_and_again_when_damaged(tmp_path: Path) -> None:
    shards = read_and_clean(
        [BitextSource(path=tsv(tmp_path / "a.tsv.gz", pairs(200)))], "en", "de", tmp_path, LOOSE
    )
    config = SubwordConfig(vocabulary=310)
    path = make_subwords(shards, ("en", "de"), tmp_path, config)
    content, made = path.read_bytes(), path.stat().st_mtime_ns
    make_subwords(shards, ("en", "de"), tmp_path, config)
    assert path.stat().st_mtime_ns == made
    path.write_bytes(content[:-1])
    make_subwords(shards, ("en", "de"), tmp_path, config)
    assert path.read_bytes() == content


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
    made = list(dict.fromkeys(pairs(300)))
    sources = [
        BitextSource(path=tsv(tmp_path / "a.tsv.gz", made[:100])),
        BitextSource(
            path=tsv(tmp_path / "b.tsv.gz", [*made[100:], ("Tom " * 1100, "Tom " * 1100)])
        ),
    ]
    loose = LOOSE.model_copy(update={"max_chars": None, "max_untranslated": None})
    shards = read_and_clean(sources, "en", "de", tmp_path / "run", loose)
    config = AlignmentConfig.model_validate({"aligner": aligner, "symmetrization": method})
    aligned = align_bitext(shards, tmp_path / "run", config)
    found = [row for shard in aligned for row in rows_of(shard)]
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


def test_pairs_of_the_dev_sets_are_not_trained_on(tmp_path: Path) -> None:
    made = list(dict.fromkeys(pairs(120)))
    known = [*made[:5], ("Tom", made[7][1])]
    source = BitextSource(path=tsv(tmp_path / "a.tsv.gz", made))
    dev = read_dev(BitextSource(path=tsv(tmp_path / "dev.tsv.gz", known)), "en", "de", 100)
    assert list(zip(dev.sources, dev.targets, strict=True)) == known
    shards = read_and_clean([source], "en", "de", tmp_path, LOOSE)
    aligned = align_bitext(shards, tmp_path, None)
    ref, sets = select_examples(aligned, tmp_path, [dev], 50, SUBWORDS, 64)
    assert sets == [dev]
    texts = {t for row in rows_of(ref) for t in (row["source"], row["target"])}
    assert not texts & ({s for s, _ in known} | {t for _, t in known})
    assert set(sidecar_of(ref).drop_reasons) == {"in-dev"}


def test_without_a_dev_set_pairs_are_held_out(tmp_path: Path) -> None:
    made = list(dict.fromkeys(pairs(400)))
    source = BitextSource(path=tsv(tmp_path / "a.tsv.gz", made))
    shards = align_bitext(read_and_clean([source], "en", "de", tmp_path, LOOSE), tmp_path, None)
    ref, (held_out,) = select_examples(shards, tmp_path, [], 20, SUBWORDS, 64)
    assert 5 <= len(held_out.sources) <= 20
    assert not {row["source"] for row in rows_of(ref)} & set(held_out.sources)
    assert select_examples(shards, tmp_path, [], 20, SUBWORDS, 64) == (ref, [held_out])


def test_pairs_of_too_many_pieces_are_kept_aside_with_the_reason(tmp_path: Path) -> None:
    made = [*dict.fromkeys(pairs(40)), ("hello " * 9 + "world", "Hallo Welt")]
    source = BitextSource(path=tsv(tmp_path / "a.tsv.gz", made))
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
        assert len(rows_of(ref)) == len(made) - len(out)


def test_a_large_dev_set_is_drawn_evenly_whatever_its_order(tmp_path: Path) -> None:
    made = list(dict.fromkeys(pairs(200)))
    one = read_dev(BitextSource(path=tsv(tmp_path / "a.tsv.gz", made)), "en", "de", 30)
    other = read_dev(BitextSource(path=tsv(tmp_path / "b.tsv.gz", made[::-1])), "en", "de", 30)
    assert len(one.sources) == 30
    assert (one.sources, one.targets) == (other.sources, other.targets)
