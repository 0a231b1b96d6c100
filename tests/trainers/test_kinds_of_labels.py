"""Trainers of several labels and of numbers."""

import numpy as np
import pytest
import torch

from corpora.errors import UserError
from corpora.records import Row
from tests.helpers.tiny_encoders import tiny_bert
from trainers.fine_tuning.loop_torch import FineTuning
from trainers.fine_tuning.trainer import TransformersTrainer
from trainers.linear import LinearTrainer
from trainers.load import load_predictor

WORDS = {"rot": ("colour",), "laut": ("sound",), "rot laut": ("colour", "sound"), "grau": ()}
SETS = [Row(f"{n}", "de", text, labels=WORDS[text]) for n, text in enumerate([*WORDS] * 4)]
GRADES = {"sehr gut": 5.0, "gut": 4.0, "schlecht": 1.5, "sehr schlecht": 0.5}
NUMBERS = [Row(f"{n}", "de", text, value=GRADES[text]) for n, text in enumerate([*GRADES] * 4)]


def same(predictions, others):
    return [(p.labels, p.value) for p in predictions] == [(p.labels, p.value) for p in others]


def test_the_light_trainer_predicts_several_labels(tmp_path):
    predictor = LinearTrainer().fit(SETS)
    predictions = predictor.predict(SETS)
    assert [p.labels for p in predictions] == [row.labels for row in SETS]
    assert predictions[0].probabilities["colour"] > 0.5 > predictions[0].probabilities["sound"]
    predictor.save(tmp_path / "p")
    loaded = load_predictor(tmp_path / "p", "classification")
    assert same(loaded.predict(SETS), predictions)


def test_a_label_that_all_rows_have_is_always_predicted():
    rows = [Row(r.id, r.lang, r.text, labels=("all", *r.labels)) for r in SETS]
    assert all("all" in p.labels for p in LinearTrainer().fit(rows).predict(rows))


def test_the_light_trainer_predicts_numbers(tmp_path):
    predictor = LinearTrainer().fit(NUMBERS)
    predictions = predictor.predict(NUMBERS)
    errors = [abs(p.value - r.value) for p, r in zip(predictions, NUMBERS, strict=True)]
    assert np.mean(errors) < 0.5 and predictor.labels == ()
    predictor.save(tmp_path / "p")
    assert same(load_predictor(tmp_path / "p", "classification").predict(NUMBERS), predictions)


def test_pairs_have_numbers(tmp_path):
    rows = [Row(r.id, r.lang, r.text, "gut", value=r.value) for r in NUMBERS]
    predictions = LinearTrainer(pair=True).fit(rows).predict(rows)
    assert predictions[0].value > predictions[3].value


@pytest.mark.parametrize("trainer", [LinearTrainer(), TransformersTrainer("-", "classification")])
def test_rows_of_several_kinds_cannot_be_trained_on(trainer):
    with pytest.raises(UserError, match="row 0: labelled with a number, the rows before it"):
        trainer.fit([SETS[0], NUMBERS[0]])


@pytest.fixture
def single_thread():
    """A model this small is slower with several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("single_thread")
@pytest.mark.parametrize(("rows", "weights"), [(SETS, True), (NUMBERS, False)])
def test_transformers_learn_several_labels_and_numbers(tmp_path, rows, weights):
    base = tiny_bert(tmp_path / "base", [row.text for row in rows], layers=1)
    tuning = FineTuning(epochs=12, batch_size=4, learning_rate=1e-2, class_weights=weights)
    predictor = TransformersTrainer(base, "classification", tuning, device="cpu").fit(
        rows, rows[:4]
    )
    predictions = predictor.predict(rows)
    if rows is SETS:
        assert [p.labels for p in predictions] == [row.labels for row in rows]
    else:
        assert all(abs(p.value - r.value) < 1 for p, r in zip(predictions, rows, strict=True))
    predictor.save(tmp_path / "p")
    loaded = load_predictor(tmp_path / "p", "classification", device="cpu").predict(rows)
    assert [p.labels for p in loaded] == [p.labels for p in predictions]
    if rows is NUMBERS:
        assert [p.value for p in loaded] == pytest.approx([p.value for p in predictions], abs=1e-4)


def test_class_weights_of_numbers_are_an_error(tmp_path):
    base = tiny_bert(tmp_path / "base", [row.text for row in NUMBERS], layers=1)
    trainer = TransformersTrainer(base, "classification", FineTuning(class_weights=True))
    with pytest.raises(UserError, match="class_weights are for classes"):
        trainer.fit(NUMBERS)
