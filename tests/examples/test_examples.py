"""The example scripts train a tiny model on an export of the format hf."""

import runpy
import sys
from pathlib import Path

import pytest

from corpora.records import Row, Span
from corpora.writers import write_corpus
from tests.helpers.tiny_encoders import tiny_bert
from trainers.load import load_predictor

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXTS = ("Anna wohnt in Rom", "das Wetter ist gut")


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Runs an example on the export `hf` of a folder; gives the trained model's folder."""

    def run(script):
        base = tiny_bert(tmp_path / "base", TEXTS)
        arguments = [tmp_path / "hf" / "de", base, tmp_path / "out", "1"]
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
        return tmp_path / "out"

    return run


def test_the_examples_are_short():
    for script in EXAMPLES.glob("*.py"):
        assert len(script.read_text(encoding="utf-8").splitlines()) <= 40, script


def test_a_token_classifier_is_trained_on_an_export(tmp_path, train):
    rows = [Row("1", "de", TEXTS[0], spans=(Span(0, 4, "PER"), Span(14, 17, "LOC")))]
    write_corpus(rows, tmp_path / "hf", format="hf", task="tokens")
    predictor = load_predictor(train("train_tokens.py"), "tokens")
    assert predictor.labels == ("LOC", "PER")
    assert len(predictor.predict(rows)) == 1


@pytest.mark.parametrize(
    "field", [("label", "a", "b"), ("labels", ("a", "b"), ()), ("value", 1.5, 2)]
)
def test_a_text_classifier_is_trained_on_an_export(tmp_path, train, field):
    name, *labels = field
    rows = [
        Row(str(n), "de", t, **{name: label})
        for n, (t, label) in enumerate(zip(TEXTS, labels, strict=True))
    ]
    write_corpus(rows, tmp_path / "hf", format="hf", task="classification")
    predictor = load_predictor(train("train_text.py"), "classification")
    assert predictor.labels == (() if name == "value" else ("a", "b"))
    assert all(getattr(p, name) is not None for p in predictor.predict(rows))
