"""Comparisons with the toy translator: its 'German' is English in capitals, word order reversed."""

import json
import shlex
import sys
from dataclasses import replace

import pytest

from augmentation.compare import models as models_module
from augmentation.compare.check import CheckResult
from augmentation.compare.config import STRATEGIES, CompareConfig, CorpusConfig
from augmentation.compare.context import CompareContext
from augmentation.compare.grid import cells_of
from augmentation.compare.html import html_report
from augmentation.compare.labels import check_labels
from augmentation.compare.leakage import check_groups, find_leaks, normalised, rows_fingerprint
from augmentation.compare.plan import jobs_of
from augmentation.compare.run import compare, manifest, perform, prepare
from augmentation.compare.scores import (
    CompareResults,
    LanguageResult,
    Spread,
    StrategyResult,
)
from augmentation.compare.strategies import SOURCE, Part, training_sets
from augmentation.compare.table import table, winner
from augmentation.compare.training_sets import read_corpus, roots_of
from augmentation.few_shot.config import FewShotConfig
from augmentation.few_shot.sampling import few_shortages, sample_few
from augmentation.pipeline.conductor import at_once
from augmentation.pipeline.configuration import load
from augmentation.pipeline.listener import Listener
from corpora.errors import UserError
from corpora.manifest import open_run
from corpora.predictions import Prediction
from corpora.records import Provenance, Row, Span
from corpora.writers import write_corpus
from flows.cli.main import main
from scoring.files import read_predictions
from scoring.significance import Comparison
from scoring.task import task_measures
from tests.augmentation.toy import ToyTranslator, toy
from tests.paths import ROOT
from tests.trainers.conftest import make_rows
from translators.protocol import DecodingOptions

__all__ = ["toy"]


def in_german(row):
    """What the toy makes of a row, spans and all."""
    translator = ToyTranslator()
    (one,) = translator.translate([row.text], "en", "de", DecodingOptions())
    whole = len(row.text)
    spans = [Span(whole - s.end, whole - s.start, s.label) for s in row.spans]
    text, fixed = one.text, []
    for span, own in zip(spans, row.spans, strict=True):
        words = row.text[own.start : own.end].upper().split()
        wanted = " ".join(reversed(words))
        assert text[span.start : span.end] == wanted
        fixed.append(span)
    fixed.sort(key=lambda s: s.start)
    return replace(row, id=f"g{row.id}", lang="de", text=text, spans=tuple(fixed))


@pytest.fixture
def files(tmp_path):
    train = make_rows(120)
    seen = {row.text for row in train}
    test = list({r.text: r for r in make_rows(200, seed=1) if r.text not in seen}.values())[:25]
    few = list({r.text: r for r in make_rows(80, seed=2) if r.text not in seen}.values())
    few = [r for r in few if r.text not in {t.text for t in test}]
    write_corpus(train, tmp_path / "train.jsonl")
    write_corpus(test, tmp_path / "test.en.jsonl")
    write_corpus([in_german(r) for r in test], tmp_path / "test.de.jsonl")
    write_corpus([in_german(r) for r in few], tmp_path / "train.de.jsonl")
    return tmp_path


def config(files, **more):
    values = {
        "task": "tokens",
        "source": {"lang": "en", "train": str(files / "train.jsonl"),
                   "test": str(files / "test.en.jsonl")},
        "targets": [{"lang": "de", "test": str(files / "test.de.jsonl"),
                     "train": str(files / "train.de.jsonl")}],
        "seeds": 2, "samples": 200, "few_shot": {"per_class": 2}, "memory": "off",
        "out": files / "run",
    }  # fmt: skip
    return CompareConfig.model_validate(values | more)


class Seen(Listener):
    """All that a listener is told of jobs."""

    def __init__(self):
        self.progress = []

    def advanced(self, progress):
        self.progress.append(progress)


def test_all_strategies_over_two_seeds(files, toy, capsys):
    seen = Seen()
    run = compare(config(files), seen)
    jobs = jobs_of(CompareContext(config(files), run.run))
    assert [progress.job for progress in seen.progress] == [job.name for job in jobs]
    assert seen.progress[-1].done == seen.progress[-1].total == len(jobs)
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


def test_what_is_done_is_not_done_again_and_more_costs_only_itself(files, toy, monkeypatch):
    small = config(files, strategies=["zero-shot", "translate-train"])
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
    run = compare(config(files, strategies=["zero-shot", "translate-train", "few-shot"]))
    assert len(fitted) == 6
    assert len(run.results.languages[0].strategies) == 3
    compare(config(files, strategies=["zero-shot", "translate-train"], seeds=3))
    assert len(fitted) == 8  # seed 2, twice
    assert len(toy.seen) == seen


def test_a_changed_training_set_is_noticed(files, toy, monkeypatch):
    small = config(files, strategies=["zero-shot", "translate-train"], seeds=1)
    compare(small)
    fitted = count_fits(monkeypatch)
    write_corpus(make_rows(60), files / "train.jsonl")
    compare(small)
    assert sorted(fitted) == [(60, 0), (60, 0)]


def test_a_predictor_that_is_there_already_joins_in(files, toy):
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
    run = compare(config(files, trainers=[{}, mine], **more))
    light, own = run.results.languages
    assert [one.strategy for one in light.strategies] == strategies
    assert [one.strategy for one in own.strategies] == ["zero-shot", "translate-test"]
    assert own.strategies[0].training_rows == ()
    assert "mine, en to de" in table(run.results)
    assert "nothing to test against" in table(run.results)
    with pytest.raises(UserError, match="failed with exit code 1"):
        compare(config(files, trainers=[mine | {"predictor": "command:false"}], seeds=1,
                       strategies=["zero-shot"], out=files / "other"))  # fmt: skip


def test_two_languages_and_one_model_for_all(files, toy):
    targets = [
        {"lang": lang, "test": {"path": str(files / "test.de.jsonl"), "limit": 20}}
        for lang in ("de", "de-AT")
    ]
    strategies = ["zero-shot", "translate-train-all"]
    run = compare(config(files, targets=targets, strategies=strategies, seeds=1))
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
        config(files, task="classification", strategies=strategies, seeds=3, test="randomization")
    )
    (language,) = run.results.languages
    assert [len(one.scores["accuracy"].values) for one in language.strategies] == [1, 3, 1]
    assert language.strategies[2].scores["accuracy"].deviation is None
    assert "runs:3+3" in language.strategies[1].comparisons["accuracy"].signature


def leaking(files):
    """The third German test row becomes what the toy makes of the first training row."""
    lines = (files / "test.de.jsonl").read_text(encoding="utf-8").splitlines()
    first = next(iter(make_rows(1)))
    row = in_german(first)
    lines[2] = json.dumps(
        {"id": "leaky", "lang": "de", "text": row.text.lower() + " !", "label": row.label,
         "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in row.spans]}
    )  # fmt: skip
    (files / "test.de.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return first


def test_a_leak_stops_the_comparison_and_names_the_texts(files, toy):
    leaking(files)
    small = config(files, strategies=["zero-shot", "translate-train"], seeds=1)
    with pytest.raises(UserError, match=r"'leaky' of the de test set is the text of translated-de"):
        compare(small)
    assert not (files / "run" / "50-cells").exists()


def test_leaks_can_be_left_out_of_all_training_sets(files, toy):
    first = leaking(files)
    same = sum(row.text == first.text for row in make_rows(120))
    run = compare(
        config(files, strategies=["zero-shot", "translate-train"], seeds=1, leakage="drop")
    )
    results = run.results
    for one in results.languages[0].strategies:
        assert one.training_rows == (120 - same,)
    assert f"{same} source rows were left out" in table(results)


def test_leaks_are_found_in_every_text():
    test = {"test": [Row("t", "de", "Guten  Tag!"), Row("p", "de", "a", "b")]}
    came = Provenance("s", "en", "guten tag", "translate-train", "toy")
    sets = {
        SOURCE: [Row("s", "en", "hello"), Row("q", "en", "A.", "B?"), Row("r", "en", "a", "c")],
        Part("translated", "de"): [Row("s-de", "de", "ＧＵＴＥＮ Tag")],
        Part("round-trip", "de"): [Row("s-de-en", "en", "good day", provenance=came)],
    }
    roots = {
        Part("translated", "de"): {"s-de": "s"},
        Part("round-trip", "de"): {"s-de-en": "s"},
    }
    found = [
        (x.test_id, x.where, x.train_id, x.root) for x in find_leaks(test, sets, roots, "pair")
    ]
    assert found == [
        ("p", "text of source", "q", "q"),
        ("t", "text of translated-de", "s-de", "s"),
        ("t", "source of round-trip-de", "s-de-en", "s"),
    ]
    assert normalised("  Ein–„Test“,  ÄÖ_ ") == "ein test äö"


@pytest.mark.parametrize("lang", ["de", "zh-Hans"])
def test_there_and_back_rows_come_from_those_of_the_source(lang):
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


def test_a_question_leaks_by_its_paragraph_and_signs_are_not_all_alike():
    sets = {SOURCE: [Row("s", "de", "Der Absatz.", "Was?"), Row("q", "de", "?!")]}
    test = {"test": [Row("t", "de", "der absatz", "Wer?"), Row("u", "de", ":-)")]}
    assert [x.test_id for x in find_leaks(test, sets, {}, "qa")] == ["t"]
    assert find_leaks(test, sets, {}, "pair") == []


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
    run = compare(config(files, source=source, strategies=["zero-shot"], seeds=1))
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


def test_a_leak_of_few_shot_leaves_the_source_row_of_that_id_alone(files, toy):
    test = (files / "test.de.jsonl").read_text(encoding="utf-8").splitlines()[0]
    leaky = json.loads(test) | {"id": "5"}
    path = files / "train.de.jsonl"
    path.write_text(json.dumps(leaky) + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    strategies = ["zero-shot", "few-shot"]
    run = compare(config(files, strategies=strategies, seeds=1, leakage="drop"))
    zero, few = run.results.languages[0].strategies
    assert zero.training_rows == (120,)
    assert few.training_rows[0] > 120
    assert "0 source rows and 1 few-shot rows were left out" in table(run.results)


def test_a_strategy_that_predicts_other_labels_only_is_wrong_not_an_error():
    gold = [Row("1", "de", "Bremen", label="a", spans=(Span(0, 6, "city"),))]
    said = [Prediction("1", "z", spans=(Span(0, 6, "day"),))]
    with pytest.raises(UserError, match="none of the predicted labels"):
        task_measures("tokens", gold, said)
    scores = {
        m.name: m.score().value
        for m in task_measures("tokens", gold, said, allow_unknown_labels=True)
    }
    assert scores["span_f1"] == scores["label_accuracy"] == 0


def test_classes_with_too_few_examples_are_named():
    rows = [Row(str(i), "de", f"text {i}", label="aaab"[i % 4]) for i in range(8)]
    assert few_shortages(rows, "classification", FewShotConfig(per_class=3)) == {"b": 2}
    assert few_shortages(rows, "classification", FewShotConfig(per_class=3, classes=1)) == {}


def test_translations_of_one_source_are_one_group():
    came = Provenance("s1", "en", "x", "translate-train", "toy")
    few, test = Row("f", "de", "x", provenance=came), Row("t", "de", "y", provenance=came)
    with pytest.raises(UserError, match="must not be split between train and test"):
        check_groups({"de": [test]}, [few], "de")
    check_groups({"de": [test]}, [Row("s1", "de", "x")], "de")


def test_a_group_is_never_split():
    train = [Row("s1", "en", "x")]
    came = Provenance("s1", "en", "x", "translate-train", "toy")
    with pytest.raises(UserError, match="must not be split between train and test"):
        check_groups({"de": [Row("s1-de", "de", "y", provenance=came)]}, train, "en")
    check_groups({"de": [Row("s2-de", "de", "y")]}, train, "en")


def test_few_shot_takes_as_many_of_each_class_as_asked():
    rows = [Row(str(i), "de", f"text {i}", label="ab"[i % 2]) for i in range(40)]
    rows += [Row("c", "de", "text c", label="c")]
    few = sample_few(rows, "classification", FewShotConfig(per_class=3), seed=1)
    counts = [sum(r.label == name for r in few) for name in "abc"]
    assert counts == [3, 3, 1]
    assert sample_few(rows, "classification", FewShotConfig(per_class=3), seed=1) == few
    assert sample_few(rows, "classification", FewShotConfig(per_class=3), seed=2) != few
    two = sample_few(rows, "classification", FewShotConfig(per_class=3, classes=2), seed=1)
    assert {r.label for r in two} == {"a", "b"}
    with pytest.raises(UserError, match="4 classes, but there are 3"):
        sample_few(rows, "classification", FewShotConfig(classes=4), seed=1)
    same = [Row(str(i), "de", "one paragraph", "?") for i in range(5)]
    assert len(sample_few(same, "qa", FewShotConfig(per_class=3), seed=0)) == 1


def test_labels_are_checked():
    train, empty = [Row("1", "en", "x", label="a")], []
    with pytest.raises(UserError, match="the test set in de is empty"):
        check_labels("classification", train, empty, "in de")
    with pytest.raises(UserError, match=r"no label of the test set in de \(LABEL_1\).*a"):
        check_labels("classification", train, [Row("1", "de", "x", label="LABEL_1")], "in de")
    with pytest.raises(UserError, match="has no spans at all"):
        check_labels("tokens", train, [Row("1", "de", "x")], "in de")
    tests = [Row("1", "de", "x", label="a"), Row("2", "de", "x", label="z")]
    assert check_labels("classification", train, tests, "in de") == ["z"]
    assert rows_fingerprint(tests) != rows_fingerprint(tests[::-1])


def test_training_sets_of_strategies():
    def names(strategy, lang):
        return [one.name for one in training_sets(strategy, lang, "en", ["de", "fr"])]

    assert names("ensemble", "de") == ["translated-de", "source"]
    assert names("few-shot", "de") == ["source+few-de"]
    assert names("translate-train-all", "de") == ["source+translated-all"]
    assert names("zero-shot", "en") == ["source"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"strategies": ["zeroshot"]}, "no strategy 'zeroshot' .*choose from: zero-shot"),
        ({"baseline": "few-shot", "strategies": ["zero-shot"]}, "baseline 'few-shot' is not among"),
        ({"trainers": [{"kind": "transformers"}]}, "'model' goes with"),
        ({"targets": [{"lang": "en", "test": "x"}]}, "languages must differ"),
        ({"targets": [{"lang": "de", "test": "x"}]}, "few-shot needs a training set in 'de'"),
        ({"task": "qa"}, "there is no light trainer for 'qa'"),
        ({"trainers": [{"kind": "predictor"}]}, "'predictor' goes with"),
        (
            {
                "trainers": [{"kind": "predictor", "predictor": "x"}],
                "baseline": "few-shot",
                "strategies": ["few-shot"],
            },
            "takes part in zero-shot and translate-test only",
        ),
        ({"seed": 5}, "Extra inputs"),
        ({"name": "../../x"}, "name"),
        ({"name": "a b"}, "name"),
        ({"trainers": [{"name": "../x"}]}, "trainers.0.name"),
        ({"trainers": [{"kind": "transformers", "model": ".."}]}, "'..' needs a 'name'"),
        ({"seeds": [2**31]}, "less than 2147483648"),
        ({"seeds": 10**9}, "from 1 to 1000 seeds are possible, not 1000000000"),
        ({"seeds": 0}, "from 1 to 1000 seeds are possible, not 0"),
    ],
)
def test_configurations_that_make_no_sense(files, change, problem):
    with pytest.raises(ValueError, match=problem):
        config(files, **change)


def test_a_missing_file_and_a_missing_direction(files, toy, monkeypatch):
    with pytest.raises(UserError, match=r"none.jsonl: no such file"):
        compare(config(files, source={"lang": "en", "train": "none.jsonl"}))

    def translate(texts, source, target, options):
        if source == "de":
            raise UserError("the model does not translate from de to en")
        return ToyTranslator().translate(texts, source, target, options)

    monkeypatch.setattr(toy, "translate", translate)
    with pytest.raises(UserError, match="from de to en"):
        compare(config(files))
    assert not (files / "run").exists()


def test_another_comparison_is_refused_and_only_what_counts_is_named(files, toy):
    with open_run(files / "run", manifest(prepare(config(files)))):
        pass
    swapped = {
        "source": {"lang": "de", "train": str(files / "test.de.jsonl")},
        "targets": [{"lang": "en", "test": str(files / "test.en.jsonl")}],
        "strategies": ["zero-shot"], "seeds": 1,
    }  # fmt: skip
    with pytest.raises(UserError, match=r"\(config\.source\.lang: 'en' -> 'de'\); choose"):
        compare(config(files, **swapped))


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
def test_what_would_fail_after_hours_is_told_first(files, toy, change, problem):
    with pytest.raises(UserError, match=problem):
        compare(config(files, strategies=["zero-shot", "translate-test"], **change))
    assert not (files / "run").exists()


def test_a_model_to_fine_tune_that_is_not_there_is_told_first(files, toy):
    pytest.importorskip("torch")
    trainers = [{"kind": "transformers", "model": str(files / "none")}]
    with pytest.raises(UserError, match="cannot read the model"):
        compare(config(files, trainers=trainers, strategies=["zero-shot"]))
    assert not (files / "run").exists()


def test_a_tie_is_no_win():
    spread = Spread(40.0, None, (40.0,), "metric:span_f1")
    test = Comparison("span_f1", 40.0, 40.0, 1.0, None, "")
    names = {"translate-test": {"span_f1": test}, "zero-shot": {}}
    strategies = [StrategyResult(n, {"span_f1": spread}, c, (9,), {}, {}) for n, c in names.items()]
    result = LanguageResult("light", "de", 10, tuple(strategies))
    results = CompareResults(
        "tokens", "en", "zero-shot", ("span_f1",), (result,), {}, CheckResult()
    )
    assert winner(result, results) == "No strategy beats zero-shot."


def test_the_report_counts_flags_by_kind_and_writes_past_the_whisker():
    spread = Spread(40.0, 20.0, (20.0, 60.0), "metric:span_f1")
    flags = {"unmapped:city": 3, "unmapped:day": 2, "translation-copy": 1}
    one = StrategyResult("zero-shot", {"span_f1": spread}, {}, (9,), {}, flags)
    result = LanguageResult("light", "de", 10, (one,))
    results = CompareResults(
        "tokens", "en", "zero-shot", ("span_f1",), (result,), {}, CheckResult()
    )
    page = html_report(results, "x")
    assert "1 translation-copy, 5 unmapped</td>" in page
    whisker = page.index('class="whisker" style="left:20.0%;width:40.0%"')
    assert whisker < page.index(">40.00 ±20.00<")


def test_the_command(files, toy, capsys):
    path = files / "compare.yaml"
    path.write_text(
        f"task: tokens\nout: {files / 'run'}\nmemory: 'off'\nsamples: 50\n"
        f"source: {{lang: en, train: {files / 'train.jsonl'}}}\n"
        f"targets: [{{lang: de, test: {files / 'test.de.jsonl'}}}]\n"
        "strategies: [zero-shot, translate-train, translate-test]\n"
    )
    command = ["compare", str(path), "--no-prefect", "--seeds", "1"]
    assert main([*command, "--strategy", "zero-shot", "--strategy", "translate-train"]) == 0
    shown = capsys.readouterr()
    assert "translate-train wins" in shown.out
    assert "[1/8] read" in shown.err
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [s["strategy"] for s in report["languages"][0]["strategies"]] == [
        "zero-shot", "translate-train", "translate-test",
    ]  # fmt: skip
    assert main(["compare", str(path), "--no-prefect", "--strategy", "best"]) == 2
    assert "choose from: zero-shot, few-shot" in capsys.readouterr().err


def test_shipped_configurations_are_valid():
    shipped = sorted((ROOT / "configs").glob("compare-*.yaml"))
    assert shipped
    for path in shipped:
        loaded = load(CompareConfig, path, {})
        assert cells_of(CompareContext(loaded, path)) or any(
            t.kind == "transformers" for t in loaded.trainers
        )
