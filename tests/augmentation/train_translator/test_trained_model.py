"""What a model that was trained in miniature knows, and what its folders hold."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="training needs the train extra")

from alignment.words.splitting import split_words
from corpora.errors import UserError
from corpora.shards import ShardRef, read_batches, read_dropped
from tests.helpers.swapped_words import WORDS, make_swapped_pairs, translate_words
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model

pytestmark = pytest.mark.timeout(600)


def test_the_folder_holds_a_model_like_any_other(trained_model: Path) -> None:
    assert {path.name for path in trained_model.iterdir()} == {
        "README.md", "config.json", "curves.svg", "labelferry.json", "model.bin",
        "shared_vocabulary.json", "source.spm", "target.spm",
    }  # fmt: skip
    card = read_model(trained_model).card
    assert (card.name, card.family, card.quantization) == ("en-de", "marian", "int8")
    assert card.pairs == (("en", "de"),)
    assert card.alignment is not None
    assert len(card.markers) == 4
    (corpus,) = card.training["corpora"]
    assert corpus["name"] == "train"
    assert {(s["set"], s["metric"]) for s in card.training["scores"]} == {
        ("held-out", "BLEU"),
        ("held-out", "chrF"),
    }


def test_the_card_says_what_the_model_was_made_from(trained_model: Path) -> None:
    text = (trained_model / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---")[1])
    assert header["language"] == ["de", "en"]
    for part in (
        "train.tsv,", "empty 1", "(held-out)", "nrefs:1", "token for token", "max_steps: 260",
        "260 steps", "cores",
    ):  # fmt: skip
        assert part in text
    picture = (trained_model / "curves.svg").read_text(encoding="utf-8")
    assert picture.count("<polyline") >= 2


def test_the_model_has_learned_the_rule(trained_model: Path) -> None:
    pairs = make_swapped_pairs(60, seed=99)
    options = DecodingOptions(beam_size=1)
    outputs = open_translator(trained_model).translate([s for s, _ in pairs], "en", "de", options)
    words = [
        (got, wanted)
        for output, (_, target) in zip(outputs, pairs, strict=True)
        for got, wanted in zip(output.text.split(), target.split(), strict=False)
    ]
    assert np.mean([got == wanted for got, wanted in words]) > 0.7


def test_the_attention_is_the_alignment(trained_model: Path) -> None:
    sources = [random.Random(i).sample(WORDS, k=5) for i in range(40)]
    targets = [translate_words(words) for words in sources]
    texts = [" ".join(words) for words in sources]
    outputs = open_translator(trained_model).force(
        texts, [" ".join(t) for t, _ in targets], "en", "de"
    )
    right = []
    for text, output, (_, order) in zip(texts, outputs, targets, strict=True):
        assert output.attention is not None
        source_words, target_words = split_words(text).offsets, split_words(output.text).offsets
        for j, (start, end) in enumerate(target_words):
            rows = [i for i, (a, b) in enumerate(output.target_pieces) if a < end and b > start]
            mass = [
                output.attention[
                    np.ix_(rows, [k for k, (a, b) in enumerate(output.source_pieces)
                                  if a < stop and b > first])
                ].sum()
                for first, stop in source_words
            ]  # fmt: skip
            right.append(int(np.argmax(mass)) == order[j])
    assert np.mean(right) > 0.8


def test_a_language_pair_that_the_model_does_not_have(trained_model: Path) -> None:
    with pytest.raises(UserError, match="de"):
        open_translator(trained_model).translate(["mira"], "de", "en", DecodingOptions())


def test_what_was_dropped_is_written_with_its_reason(trained_model: Path) -> None:
    ref = ShardRef(trained_model.with_name("model.work"), "10-clean", 0)
    dropped = [row for batch in read_dropped(ref) for row in batch.to_pylist()]
    assert {"duplicate", "empty"} == {row["drop_reason"] for row in dropped}
    assert ("mira", "...", 601) in {(r["source"], r["target"], r["line"]) for r in dropped}
    assert len(dropped) + sum(batch.num_rows for batch in read_batches(ref)) == 601


def test_held_out_pairs_are_not_trained_on(trained_model: Path) -> None:
    ref = ShardRef(trained_model.with_name("model.work"), "40-examples", 0)
    seen = {text for batch in read_batches(ref) for text in batch.column("source").to_pylist()}
    held_out = {text for batch in read_dropped(ref) for text in batch.column("source").to_pylist()}
    assert held_out and not seen & held_out
