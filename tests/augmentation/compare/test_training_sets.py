"""Which rows a strategy trains on, and how they are read."""

import json

import pytest

from augmentation.compare.config import CorpusConfig
from augmentation.compare.run import compare
from augmentation.compare.strategies import SOURCE, Part, training_sets
from augmentation.compare.table import table
from augmentation.compare.training_sets import read_corpus, roots_of
from corpora.errors import UserError
from corpora.records import Provenance, Row
from tests.helpers.compare_runs import compare_config


@pytest.mark.parametrize("lang", ["de", "zh-Hans"])
def test_round_trip_rows_are_traced_to_their_source_rows(lang):
    there = Provenance("s", "en", "hello", "translate-train", "toy")
    back = Provenance("s-there", lang, "...", "translate-train", "toy")
    sets = {
        SOURCE: [Row("s", "en", "hello")],
        Part("translated", lang): [Row("s-there", lang, "...", provenance=there)],
        Part("round-trip", lang): [Row("s-back", "en", "hi", provenance=back)],
    }
    assert roots_of(sets) == {
        Part("translated", lang): {"s-there": "s"},
        Part("round-trip", lang): {"s-back": "s"},
    }


def test_rows_beyond_the_limit_are_left_unread_and_bad_ones_are_counted(files, toy):
    path = files / "train.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:40], '{"id": "bad"}', "{"]) + "\n", encoding="utf-8")
    corpus = CorpusConfig(path=path, limit=40)
    assert [len(part) for part in read_corpus(corpus, "en", "tokens")] == [40, 0]
    with pytest.raises(UserError, match="line 41"):
        read_corpus(CorpusConfig(path=path), "en", "tokens")
    skipping = CorpusConfig(path=path, on_error="skip")
    assert [len(part) for part in read_corpus(skipping, "en", "tokens")] == [40, 2]
    source = {"lang": "en", "train": {"path": str(path), "on_error": "skip"}}
    run = compare(compare_config(files, source=source, strategies=["zero-shot"], seeds=1))
    assert "2 bad rows of source-train were left out" in table(run.results)


def test_the_limit_is_of_the_split(tmp_path):
    path = tmp_path / "in.jsonl"
    splits = ["train", "train", "dev", "dev", "dev"]
    lines = [
        json.dumps({"id": str(i), "lang": "en", "text": "x", "label": "a", "split": split})
        for i, split in enumerate(splits)
    ]
    path.write_text("\n".join([*lines, "{"]) + "\n", encoding="utf-8")
    rows, _ = read_corpus(CorpusConfig(path=path, split="dev", limit=2), "en", "classification")
    assert [row.id for row in rows] == ["2", "3"]
    with pytest.raises(UserError, match="no row of the split 'test'"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        read_corpus(CorpusConfig(path=path, split="test"), "en", "classification")


def test_training_sets_of_strategies():
    def names(strategy, lang):
        return [one.name for one in training_sets(strategy, lang, "en", ["de", "fr"])]

    assert names("ensemble", "de") == ["translated-de", "source"]
    assert names("few-shot", "de") == ["source+few-de"]
    assert names("translate-train-all", "de") == ["source+translated-all"]
    assert names("zero-shot", "en") == ["source"]
