"""The linear classifier and the CRF."""

import io
import json
import random
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from corpora.errors import MissingExtraError, UserError
from corpora.records import Row, Span
from tests.helpers.intent_rows import make_intent_rows
from tests.helpers.paths import ROOT
from trainers.crf import MODEL_FILE, CrfTrainer
from trainers.features import sentence_features
from trainers.linear import LinearTrainer
from trainers.load import load_predictor
from trainers.storage import ARRAYS_FILE, FACTS_FILE
from trainers.tagging import WordCutter, candidate_spans, spans_of_tags


def right(predictions, rows):
    return sum(p.label == r.label for p, r in zip(predictions, rows, strict=True)) / len(rows)


def test_classification_is_learnt_kept_and_loaded(rows, test_rows, tmp_path):
    predictor = LinearTrainer().fit(rows)
    predictions = predictor.predict(test_rows)
    assert [p.id for p in predictions] == [r.id for r in test_rows]
    assert right(predictions, test_rows) > 0.95
    for one in predictions:
        assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert max(one.probabilities, key=one.probabilities.get) == one.label
    assert predictor.labels == ("news", "train", "weather")
    assert predictor.predict([]) == []
    predictor.save(tmp_path / "model")
    assert {p.name for p in (tmp_path / "model").iterdir()} == {FACTS_FILE, ARRAYS_FILE}
    loaded = load_predictor(tmp_path / "model", "classification")
    assert loaded.predict(test_rows) == predictions
    assert LinearTrainer().fit(rows, seed=7).predict(test_rows) == predictions


def test_labels_of_the_rows_to_predict_are_not_looked_at(rows, test_rows):
    bare = [replace(r, label=None, spans=(), target=None) for r in test_rows]
    assert LinearTrainer().fit(rows).predict(bare) == LinearTrainer().fit(rows).predict(test_rows)
    crf = CrfTrainer().fit(rows)
    assert crf.predict(bare) == crf.predict(test_rows)


def test_repeated_rows_weigh_more_and_two_labels_do():
    rows = [Row(str(i), "en", "same", label="a" if i < 9 else "b") for i in range(12)]
    (one,) = LinearTrainer().fit(rows).predict(rows[:1])
    assert one.label == "a"
    assert one.probabilities["a"] == pytest.approx(0.75, abs=0.02)


def test_a_pair_is_judged_by_what_its_texts_share():
    rng = np.random.default_rng(0)
    words = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ano", "ile", "uro", "ema")]

    def pairs(count):
        for number in range(count):
            one = rng.choice(words, 5, replace=False).tolist()
            same = bool(rng.integers(2))
            other = [w for w in words if w not in one]
            two = rng.permutation(one)[:3] if same else rng.choice(other, 3, replace=False)
            label = "entailment" if same else "neutral"
            yield Row(str(number), "en", " ".join(one), " ".join(two), label=label)

    predictor = LinearTrainer(pair=True).fit(list(pairs(300)))
    test = list(pairs(100))
    assert right(predictor.predict(test), test) > 0.9


def test_what_cannot_be_trained_on_is_refused(rows):
    with pytest.raises(UserError, match="row 9: a row to train on has no label"):
        LinearTrainer().fit([*rows, Row("9", "en", "x")])
    with pytest.raises(UserError, match="at least two labels"):
        LinearTrainer().fit([Row("1", "en", "x", label="a")])
    with pytest.raises(UserError, match="no row to train on has a span"):
        CrfTrainer().fit([Row("1", "en", "x")])
    with pytest.raises(UserError, match=r"row 1: .*overlapping"):
        CrfTrainer().fit([Row("1", "en", "a b", spans=(Span(0, 3, "x"), Span(2, 3, "y")))])


def exact(predictions, rows):
    pairs = zip(predictions, rows, strict=True)
    return sum(
        [(s.start, s.end, s.label) for s in p.spans] == [(s.start, s.end, s.label) for s in r.spans]
        for p, r in pairs
    ) / len(rows)


def test_spans_and_labels_are_learnt_kept_and_loaded(rows, test_rows, tmp_path):
    predictor = CrfTrainer().fit(rows)
    predictions = predictor.predict(test_rows)
    assert predictor.labels == ("city", "when")
    assert exact(predictions, test_rows) > 0.95
    assert right(predictions, test_rows) > 0.95
    assert all(0 <= s.confidence <= 1 for p in predictions for s in p.spans)
    assert all(set(p.spans) <= set(p.candidates) for p in predictions)
    predictor.save(tmp_path / "model")
    loaded = load_predictor(str(tmp_path / "model"), "tokens")
    assert loaded.predict(test_rows) == predictions
    assert loaded.predict([]) == []
    assert loaded.predict([replace(test_rows[0], text=" \n")])[0].spans == ()


def test_a_seed_makes_the_same_model_again(rows):
    def weights(seed):
        return CrfTrainer(max_iterations=2).fit(rows, seed=seed)._model

    assert weights(3) == weights(3)
    assert weights(3) != weights(4)


def test_tokens_are_the_words_only_where_all_rows_have_tokens():
    tokenised = make_intent_rows(3, tokens=True)
    assert WordCutter.for_training(tokenised).use_tokens
    assert not WordCutter.for_training([*tokenised, *make_intent_rows(1)]).use_tokens
    row = Row("1", "en", "at 5pm-ish", tokens=((0, 2), (3, 6), (6, 10)))
    assert WordCutter(True).words(row) == [(0, 2), (3, 6), (6, 10)]
    assert WordCutter(False).words(row)[1:] == [(3, 6), (6, 7), (7, 10)]


def test_training_words_are_cut_at_span_edges_and_predicting_ones_are_not():
    row = Row("1", "de", "Haustür auf", spans=(Span(0, 4, "x"),))
    cutter = WordCutter(False)
    assert cutter.tagged(row) == ([(0, 4), (4, 7), (8, 11)], ["B-x", "O", "O"])
    assert cutter.words(row) == [(0, 7), (8, 11)]


def test_tags_become_spans_with_the_lowest_confidence_of_their_words():
    spans = spans_of_tags(
        [(0, 2), (3, 5), (6, 8), (9, 11)], ["B-a", "I-a", "B-a", "I-b"], [0.9, 0.5, 0.8, 0.7]
    )
    assert spans == (
        Span(0, 5, "a", None, 0.5), Span(6, 8, "a", None, 0.8), Span(9, 11, "b", None, 0.7),
    )  # fmt: skip


def test_candidates_are_all_that_the_tags_allow():
    words = [(0, 2), (3, 5), (6, 8)]
    tags = [{"B-a": 0.9, "O": 0.1}, {"I-a": 0.6, "O": 0.4}, {"O": 0.999, "I-a": 0.0005}]
    chosen = spans_of_tags(words, ["B-a", "I-a", "O"], [0.9, 0.6, 0.999])
    assert candidate_spans(words, tags, chosen) == (
        Span(0, 2, "a", None, pytest.approx(0.4)), Span(0, 5, "a", None, 0.6),
    )  # fmt: skip
    stray = (Span(6, 8, "a", None, 0.3),)  # an I- that continues nothing
    assert candidate_spans(words, [{"O": 1.0}] * 3, stray) == stray


def test_features_tell_position_and_shape():
    first, second = sentence_features(["Bremen", "18:30"])
    assert "-1=<s>" in first
    assert "shape=Xx" in first
    assert "shape=d:d" in second
    assert "-1=bremen" in second


@pytest.mark.parametrize(
    "damage",
    [
        "json",
        "deep",
        "kind",
        "kinds",
        "version",
        "arrays",
        "bits",
        "labels",
        "terms",
        "cut",
        "offsets",
    ],
)
def test_damaged_folders_are_refused(rows, tmp_path, damage):
    folder = tmp_path / "model"
    crf = damage in ("cut", "offsets")
    (CrfTrainer(max_iterations=1) if crf else LinearTrainer()).fit(rows).save(folder)
    facts = json.loads((folder / FACTS_FILE).read_text())
    if damage == "json":
        (folder / FACTS_FILE).write_text("{")
    elif damage == "deep":
        (folder / FACTS_FILE).write_text("[" * 50_000)
    elif damage in ("kind", "kinds"):
        odd = {"kind": None if damage == "kind" else ["linear"]}
        (folder / FACTS_FILE).write_text(json.dumps(facts | odd))
    elif damage == "terms":
        facts["views"][0]["terms"].append(facts["views"][1]["terms"].pop())
        (folder / FACTS_FILE).write_text(json.dumps(facts))
    elif damage == "bits":
        arrays = bytearray((folder / ARRAYS_FILE).read_bytes())
        arrays[len(arrays) // 3 : len(arrays) // 2] = b"\xa5" * (
            len(arrays) // 2 - len(arrays) // 3
        )
        (folder / ARRAYS_FILE).write_bytes(arrays)
    elif damage == "version":
        (folder / FACTS_FILE).write_text(json.dumps(facts | {"version": 99}))
    elif damage == "arrays":
        np.savez(folder / ARRAYS_FILE, weights=np.array([{}], dtype=object))
    elif damage == "labels":
        (folder / FACTS_FILE).write_text(json.dumps(facts | {"labels": ["a"]}))
    else:
        model = bytearray((folder / MODEL_FILE).read_bytes())
        if damage == "offsets":
            model[-40:] = b"\xff" * 40
        (folder / MODEL_FILE).write_bytes(model[:-1] if damage == "cut" else model)
    with pytest.raises(UserError):
        load_predictor(folder, "tokens" if crf else "classification")


@pytest.mark.parametrize("name", [ARRAYS_FILE, FACTS_FILE])
def test_a_linear_predictor_with_changed_bytes_is_refused_or_predicts(
    rows, test_rows, tmp_path, name
):
    LinearTrainer().fit(rows[:20]).save(tmp_path)
    content = (tmp_path / name).read_bytes()
    rng = random.Random(0)
    for size in [*rng.sample(range(len(content)), 5), *[len(content)] * 60]:
        changed = bytearray(content[:size])
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(size)] = rng.choice((0, 255, rng.randrange(256)))
        (tmp_path / name).write_bytes(changed)
        try:
            predictor = load_predictor(tmp_path, "classification")
        except UserError:
            continue
        predictions = predictor.predict(test_rows[:2])
        assert all(0 <= p <= 1 for p in predictions[0].probabilities.values())


def test_arrays_allocate_no_more_than_their_shape(rows, tmp_path):
    LinearTrainer().fit(rows).save(tmp_path)
    with zipfile.ZipFile(tmp_path / ARRAYS_FILE, "w") as archive, io.BytesIO() as head:
        shape = {"descr": "<f4", "fortran_order": False, "shape": (2**40, 2**10)}
        np.lib.format.write_array_header_1_0(head, shape)
        archive.writestr("weights.npy", head.getvalue())
    with pytest.raises(UserError, match=r"weights has the shape \(1099511627776, 1024\)"):
        load_predictor(tmp_path, "classification")


@pytest.mark.parametrize(
    "change",
    [
        {"labels": 5},
        {"labels": ["a", "a", "b"]},
        {"labels": [1, 2, 3]},
        {"pair": "x"},
        {"pair": True},
        {"views": 5},
        {"views": [{"analyzer": "char", "terms": []}]},
        {"views": [{"terms": [5]}]},
    ],
)
def test_descriptions_of_other_types_are_refused(rows, tmp_path, change):
    LinearTrainer().fit(rows).save(tmp_path)
    facts = json.loads((tmp_path / FACTS_FILE).read_text())
    (tmp_path / FACTS_FILE).write_text(json.dumps(facts | change))
    with pytest.raises(UserError, match=r"damaged|trained for"):
        load_predictor(tmp_path, "classification")


def test_loading_what_does_not_fit(rows, tmp_path):
    LinearTrainer().fit(rows).save(tmp_path / "model")
    with pytest.raises(UserError, match="'linear' is not for 'tokens'"):
        load_predictor(tmp_path / "model", "tokens")
    with pytest.raises(UserError, match="trained for the task 'classification', not 'pair'"):
        load_predictor(tmp_path / "model", "pair")
    for none in (tmp_path / "none", "./none", "../none"):
        with pytest.raises(UserError, match="no such folder"):
            load_predictor(none, "tokens")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"neither predictor.json nor config.json"):
        load_predictor(tmp_path / "empty", "tokens")


def test_models_of_transformers_need_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("trainers.fine_tuning")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"the trainer 'transformers' .*\.\[torch\]"):
        load_predictor("owner/name", "classification")


def test_the_samples_intents_are_learnt():
    from corpora.readers import open_corpus

    corpus = open_corpus(ROOT / "data" / "samples" / "intents.en.jsonl", task="tokens")
    rows = list(corpus.rows())
    train = [r for r in rows if r.split == "train"]
    dev = [r for r in rows if r.split == "dev"]
    predictions = CrfTrainer().fit(train).predict(dev)
    assert right(predictions, dev) > 0.65
    found = {(p.id, s.start, s.end, s.label) for p in predictions for s in p.spans}
    gold = {(r.id, s.start, s.end, s.label) for r in dev for s in r.spans}
    assert 2 * len(found & gold) / (len(found) + len(gold)) > 0.6
