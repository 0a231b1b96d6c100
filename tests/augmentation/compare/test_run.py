"""Comparisons with the toy translator: its 'German' is English in capitals, word order reversed."""

import json
import shlex
import sys

import pytest

from augmentation.compare import models as models_module
from augmentation.compare.config import STRATEGIES
from augmentation.compare.context import CompareContext
from augmentation.compare.plan import jobs_of
from augmentation.compare.run import compare, manifest, perform, prepare
from augmentation.compare.table import table
from augmentation.pipeline.conductor import at_once
from corpora.errors import UserError
from corpora.manifest import open_run
from corpora.writers import write_corpus
from scoring.files import read_predictions
from tests.helpers.compare_runs import compare_config
from tests.helpers.intent_rows import make_intent_rows
from tests.helpers.listeners import ProgressRecorder
from tests.helpers.toy_translator import ToyTranslator


def test_all_strategies_over_two_seeds(files, toy, capsys):
    recorder = ProgressRecorder()
    run = compare(compare_config(files), recorder)
    jobs = jobs_of(CompareContext(compare_config(files), run.run))
    assert recorder.jobs() == [job.name for job in jobs]
    assert recorder.progress[-1].done == recorder.progress[-1].total == len(jobs)
    results = run.results
    (language,) = results.languages
    assert [one.strategy for one in language.strategies] == list(STRATEGIES)
    by_name = {one.strategy: one for one in language.strategies}
    span_f1 = {name: one.scores["span_f1"].mean for name, one in by_name.items()}
    for name in ("translate-train", "translate-test", "translate-test-round-trip", "ensemble"):
        assert span_f1[name] > 90
        assert span_f1[name] > span_f1["zero-shot"] + 5
        assert by_name[name].comparisons["span_f1"].p_value < 0.05
    assert by_name["zero-shot"].comparisons == {}
    assert len(by_name["few-shot"].scores["span_f1"].values) == 2
    assert by_name["translate-train"].training_rows == (120,)
    assert by_name["translate-train+source"].training_rows == (240,)
    assert by_name["ensemble"].training_rows == (120, 120)
    assert by_name["translate-train"].seconds["translate"] > 0
    assert results.source_scores["light"].mean > 90
    text = table(results)
    assert "wins with span_f1" in text
    assert "gap to source" in text
    saved = json.loads((run.run / "results.json").read_text(encoding="utf-8"))
    assert saved["languages"][0]["strategies"][2]["scores"]["span_f1"]["signature"].startswith(
        "metric:span_f1"
    )
    page = (run.run / "report.html").read_text(encoding="utf-8")
    assert page.count('<figure class="chart"') == 1
    assert "translate-test-round-trip" in page
    assert not (run.run / "40-models").exists()
    cell = run.run / "50-cells/light/translate-train/de/seed-1/predictions.jsonl"
    assert len(read_predictions(cell, "tokens", [])) == 25


def count_fits(monkeypatch):
    fitted = []
    original = models_module.make_trainer

    def counting(*arguments):
        made = original(*arguments)

        class Counting:
            name, seeded = made.name, made.seeded

            def fit(self, rows, dev=(), *, seed=0):
                fitted.append((len(rows), seed))
                return made.fit(rows, dev, seed=seed)

        return Counting()

    monkeypatch.setattr(models_module, "make_trainer", counting)
    return fitted


def test_finished_cells_are_not_run_again_when_others_are_added(files, toy, monkeypatch):
    small = compare_config(files, strategies=["zero-shot", "translate-train"])
    fitted = count_fits(monkeypatch)

    def failing(job):
        if job.name == "light: translate-train to de, seed 1":
            raise RuntimeError("cut off")
        perform(job)

    with pytest.raises(RuntimeError, match="cut off"):
        compare(small, submit=at_once(failing))
    assert len(fitted) == 4
    seen = len(toy.seen)
    compare(small)
    assert len(fitted) == 4  # the models were still there
    assert len(toy.seen) == seen
    compare(small)
    assert len(fitted) == 4  # and now that they are gone, nobody needs them
    run = compare(compare_config(files, strategies=["zero-shot", "translate-train", "few-shot"]))
    assert len(fitted) == 6
    assert len(run.results.languages[0].strategies) == 3
    compare(compare_config(files, strategies=["zero-shot", "translate-train"], seeds=3))
    assert len(fitted) == 8  # seed 2, twice
    assert len(toy.seen) == seen


def test_a_changed_training_set_is_noticed(files, toy, monkeypatch):
    small = compare_config(files, strategies=["zero-shot", "translate-train"], seeds=1)
    compare(small)
    fitted = count_fits(monkeypatch)
    write_corpus(make_intent_rows(60), files / "train.jsonl")
    compare(small)
    assert sorted(fitted) == [(60, 0), (60, 0)]


def test_an_existing_predictor_takes_part(files, toy):
    code = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    row = json.loads(line)\n"
        "    at = row['text'].find('NEW YORK')\n"
        "    spans = [[at, at + 8, 'city']] if at >= 0 else []\n"
        "    print(json.dumps({'id': row['id'], 'label': 'news', 'spans': spans}))\n"
    )
    mine = {
        "kind": "predictor", "name": "mine",
        "predictor": f"command:{shlex.quote(sys.executable)} -c {shlex.quote(code)}",
    }  # fmt: skip
    strategies = ["zero-shot", "translate-train", "translate-test"]
    more = {"strategies": strategies, "baseline": "translate-train", "seeds": 1}
    run = compare(compare_config(files, trainers=[{}, mine], **more))
    light, own = run.results.languages
    assert [one.strategy for one in light.strategies] == strategies
    assert [one.strategy for one in own.strategies] == ["zero-shot", "translate-test"]
    assert own.strategies[0].training_rows == ()
    assert "mine, en to de" in table(run.results)
    assert "nothing to test against" in table(run.results)
    with pytest.raises(UserError, match="failed with exit code 1"):
        compare(compare_config(files, trainers=[mine | {"predictor": "command:false"}], seeds=1,
                       strategies=["zero-shot"], out=files / "other"))  # fmt: skip


def test_two_languages_and_one_model_for_all(files, toy):
    targets = [
        {"lang": lang, "test": {"path": str(files / "test.de.jsonl"), "limit": 20}}
        for lang in ("de", "de-AT")
    ]
    strategies = ["zero-shot", "translate-train-all"]
    run = compare(compare_config(files, targets=targets, strategies=strategies, seeds=1))
    results = run.results
    assert [one.lang for one in results.languages] == ["de", "de-AT"]
    assert results.languages[0].strategies[1].training_rows == (360,)
    assert results.languages[0].items == 20
    assert "worst" in table(results)


def test_a_trainer_that_no_seed_changes_runs_once(files, toy):
    for name in ("train", "test.de", "test.en", "train.de"):
        path = files / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        bare = [{k: v for k, v in line.items() if k != "spans"} for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in bare), encoding="utf-8")
    strategies = ["zero-shot", "few-shot", "translate-train"]
    run = compare(
        compare_config(
            files, task="classification", strategies=strategies, seeds=3, test="randomization"
        )
    )
    (language,) = run.results.languages
    assert [len(one.scores["accuracy"].values) for one in language.strategies] == [1, 3, 1]
    assert language.strategies[2].scores["accuracy"].deviation is None
    assert "runs:3+3" in language.strategies[1].comparisons["accuracy"].signature


def test_a_missing_file_and_a_missing_direction(files, toy, monkeypatch):
    with pytest.raises(UserError, match=r"none.jsonl: no such file"):
        compare(compare_config(files, source={"lang": "en", "train": "none.jsonl"}))

    def translate(texts, source, target, options):
        if source == "de":
            raise UserError("the model does not translate from de to en")
        return ToyTranslator().translate(texts, source, target, options)

    monkeypatch.setattr(toy, "translate", translate)
    with pytest.raises(UserError, match="from de to en"):
        compare(compare_config(files))
    assert not (files / "run").exists()


def test_another_comparison_is_refused_and_only_what_counts_is_named(files, toy):
    with open_run(files / "run", manifest(prepare(compare_config(files)))):
        pass
    swapped = {
        "source": {"lang": "de", "train": str(files / "test.de.jsonl")},
        "targets": [{"lang": "en", "test": str(files / "test.en.jsonl")}],
        "strategies": ["zero-shot"], "seeds": 1,
    }  # fmt: skip
    with pytest.raises(UserError, match=r"\(config\.source\.lang: 'en' -> 'de'\); choose"):
        compare(compare_config(files, **swapped))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"trainers": [{"kind": "predictor", "predictor": "command:./none"}]}, "cannot be started"),
        ({"trainers": [{"kind": "predictor", "predictor": "./none"}]}, "none: no such folder"),
        (
            {"task": "text", "tokenize": "moses",
             "trainers": [{"kind": "predictor", "predictor": "command:cat"}]},
            "no tokenizer 'moses'",
        ),
    ],
)  # fmt: skip
def test_predictors_and_tokenizers_are_checked_before_any_work(files, toy, change, problem):
    with pytest.raises(UserError, match=problem):
        compare(compare_config(files, strategies=["zero-shot", "translate-test"], **change))
    assert not (files / "run").exists()


def test_a_missing_model_to_fine_tune_is_found_before_any_work(files, toy):
    pytest.importorskip("torch")
    trainers = [{"kind": "transformers", "model": str(files / "none")}]
    with pytest.raises(UserError, match="cannot read the model"):
        compare(compare_config(files, trainers=trainers, strategies=["zero-shot"]))
    assert not (files / "run").exists()
