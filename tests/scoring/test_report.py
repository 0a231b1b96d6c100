"""The scores of rows, predictions and files, as Python users and the command get them."""

import json
from dataclasses import replace

import pytest

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.readers import ColumnMapping
from corpora.records import Row, Span
from scoring.files import FileOptions
from scoring.measures import mean_measure
from scoring.report import score
from scoring.significance import SignificanceOptions
from scoring.task import ScoreOptions
from tests.helpers.paths import ROOT

SAMPLES = ROOT / "data" / "samples"


def classified(lang, labels):
    return [Row(f"{lang}-{i}", lang, f"text {i}", label=x) for i, x in enumerate(labels)]


def predictions_of(rows, labels):
    return [Prediction(row.id, label) for row, label in zip(rows, labels, strict=True)]


GOLD = [*classified("de", "abab"), *classified("en", "abab")]
PREDICTED = predictions_of(GOLD, "abbbabab")


def test_predictions_and_rows_score_the_same():
    rows = [replace(row, label=p.label) for row, p in zip(GOLD, PREDICTED, strict=True)]
    report = score(PREDICTED, GOLD, task="classification", source="en")
    assert (report.task, report.items, report.scores[0].value) == ("classification", 8, 87.5)
    assert [(x.lang, x.items, x.gap) for x in report.languages.languages] == [
        ("de", 4, -25.0), ("en", 4, None),
    ]  # fmt: skip
    assert report.warnings == []
    assert score(rows, GOLD, task="classification", source="en") == report
    assert score(iter(rows), iter(GOLD), task="classification", source="EN") == report


def test_rows_are_paired_by_their_texts_or_their_ids():
    """Rows from files without ids have ids that depend on what they are labelled with."""
    tokens = [Row("g1", "de", "Anna lebt", spans=(Span(0, 4, "PER"),)), Row("g2", "de", "So")]
    predicted = [replace(tokens[0], id="p1"), replace(tokens[1], id="p2")]
    assert score(predicted, tokens, task="tokens").scores[0].value == 100.0
    with pytest.raises(UserError, match=r"row g2: the text is not the gold's: 'No' here, 'So'"):
        score([tokens[0], Row("g2", "de", "No")], tokens, task="tokens")
    with pytest.raises(UserError, match="use --by-id"):
        score(tokens[::-1], tokens, task="tokens")
    assert score(tokens[::-1], tokens, task="tokens", by_id=True).scores[0].value == 100.0


def test_files_and_what_is_in_memory_may_be_mixed(tmp_path):
    gold, predicted = tmp_path / "gold.csv", tmp_path / "p.jsonl"
    gold.write_text("id,lang,sentence,label\n1,de,gut,pos\n2,de,schlecht,neg\n")
    predicted.write_text('{"id": "1", "label": "pos"}\n{"id": "2", "label": "pos"}\n')
    files = FileOptions(columns=ColumnMapping(text="sentence"))
    rows = [Row("1", "de", "gut", label="pos"), Row("2", "de", "schlecht", label="neg")]
    predictions = predictions_of(rows, ["pos", "pos"])
    report = score(predicted, gold, task="classification", files=files)
    assert report.scores[0].value == 50.0
    for given, wanted in (
        (str(predicted), rows),
        (predictions, gold),
        (predictions, rows),
        ([predicted], [gold]),
    ):
        assert score(given, wanted, task="classification", files=files) == report
    with pytest.raises(UserError, match="2 files of predictions, but 1 of gold"):
        score([predicted, predicted], rows, task="classification")


def test_formats_of_gold_and_of_predictions(tmp_path):
    gold, predicted = tmp_path / "gold", tmp_path / "predicted"
    gold.write_text("eins\nzwei\n")
    predicted.write_text('{"id": "1", "target": "eins"}\n{"id": "2", "target": "drei"}\n')
    files = FileOptions(format="jsonl", gold_format="text", lang="de")
    report = score(predicted, gold, task="text", files=files)
    assert [x.lang for x in report.languages.languages] == ["de"]
    assert 0 < report.scores[0].value < 100


def test_a_baseline_is_tested_against():
    significance = SignificanceOptions("randomization", samples=99, seed=1)
    rows = [replace(row, label="a") for row in GOLD]
    for baseline in (predictions_of(GOLD, "aaaaaaaa"), rows):
        report = score(
            PREDICTED, GOLD, task="classification", baseline=baseline, confidence=True,
            significance=significance,
        )  # fmt: skip
        first = report.comparisons[0]
        assert (first.name, first.baseline, first.value) == ("accuracy", 50.0, 87.5)
        assert "|test:randomization|samples:99|seed:1|" in first.signature
        low, high = report.confidence_interval
        assert low < 87.5 <= high
    text = [Row("1", "de", "one", target="eins"), Row("2", "de", "two", target="zwei")]
    report = score(text, text, task="text", baseline=text, options=ScoreOptions(tokenize="char"))
    assert [c.difference for c in report.comparisons] == [0, 0, 0, 0]
    assert "tok:char" in report.comparisons[2].signature


def test_texts_in_several_languages_are_scored_apart():
    gold = [Row("1", "de", "one", target="eins zwei drei"), Row("2", "fr", "one", target="un deux")]
    report = score(gold, gold, task="text")
    assert report.scores == ()
    assert [x.scores[0].value for x in report.languages.languages] == [100.0, 100.0]
    for more in ({"confidence": True}, {"baseline": gold}):
        with pytest.raises(UserError, match=r"the gold is in several languages \(de, fr\)"):
            score(gold, gold, task="text", **more)


def test_unknown_labels_are_warned_of_and_all_unknown_are_refused(tmp_path):
    report = score(predictions_of(GOLD, "abxxabab"), GOLD, task="classification")
    assert report.unknown_labels == {"x": 2}
    assert report.warnings == ["'x' was predicted 2 times and is never in the gold"]
    assert "x&#x27; was predicted 2 times" in report._repr_html_()
    with pytest.raises(UserError, match=r"^none of the predicted labels \(x\).*choose from: a, b"):
        score(predictions_of(GOLD, "xxxxxxxx"), GOLD, task="classification")
    with pytest.raises(UserError, match="none of the predicted labels"):
        score(PREDICTED, GOLD, task="classification", baseline=predictions_of(GOLD, "x" * 8))


def test_mistakes():
    for task, problem in (("nonsense", "no task 'nonsense'"), ("qa", "no spans at all")):
        with pytest.raises(UserError, match=problem):
            score(PREDICTED, GOLD, task=task)
    for source in ("fr", "de-AT"):
        with pytest.raises(UserError, match=r"the gold has no row in it \(choose from: de, en\)"):
            score(PREDICTED, GOLD, task="classification", source=source)
    with pytest.raises(UserError, match="COMET is for the task 'text'"):
        score(PREDICTED, GOLD, task="classification", comet="some-model")
    for gold in ([], PREDICTED, [*GOLD, "gold.csv"]):
        with pytest.raises(
            (UserError, TypeError), match=r"test set is empty|no Row and no dictionary"
        ):
            score(PREDICTED, gold, task="classification")
    for predictions in ([1], [*PREDICTED[:-1], GOLD[-1]], [*PREDICTED, "p.jsonl"]):
        with pytest.raises(TypeError, match="no Row and no dictionary"):
            score(predictions, GOLD, task="classification")
    with pytest.raises(UserError, match="no significance test 'luck'"):
        SignificanceOptions("luck")
    with pytest.raises(UserError, match="needs samples, not 0"):
        SignificanceOptions(samples=0)


def test_the_report_is_text_json_and_html():
    gold = [replace(row, label=f"<{row.label}>") for row in GOLD]
    predicted = [replace(p, label=f"<{p.label}>") for p in PREDICTED]
    report = score(predicted, gold, task="classification", confidence=True, baseline=predicted)
    text = str(report)
    assert text.startswith("\nde: 4 items\nmetric")
    for part in ("\n\nlabel ", "\n\nlanguage ", "\n\nall items together\nmetric", "\n\n95 % of ",
                 "<a>", "worst de"):  # fmt: skip
        assert part in text
    html = report._repr_html_()
    assert html.count("<table>") == 7
    assert "&lt;a&gt;" in html and "<a>" not in html
    assert "<p>de: 4 items</p>" in html and "worst de" in html
    values = json.loads(report.as_json())
    assert list(values) == [
        "task", "items", "scores", "languages", "confidence_interval", "comparisons",
    ]  # fmt: skip
    assert values["comparisons"][0]["difference"] == 0
    assert values["scores"][0]["value"] == report.scores[0].value == 87.5
    assert json.loads(json.dumps(report.as_dict())) == values


def test_one_language_has_no_table_of_languages():
    report = score(SAMPLES / "ner.de.gold.jsonl", SAMPLES / "ner.de.gold.jsonl", task="tokens")
    assert str(report).startswith("metric")
    assert "worst" not in str(report)
    assert report._repr_html_().count("<table>") == 2


def test_comet_is_shown_for_one_language_and_for_several(monkeypatch):
    def comet_measure(sources, hypotheses, references, model):
        assert (sources, hypotheses, references) == (["one", "two"], ["eins", "x"], ["eins", "y"])
        return mean_measure("COMET", [0.9, 0.7], f"metric:comet|model:{model}")

    monkeypatch.setattr("scoring.report.comet_measure", comet_measure)
    for lang in ("de", "fr"):
        gold = [Row("1", "de", "one", target="eins"), Row("2", lang, "two", target="y")]
        predicted = [Prediction("1", target="eins"), Prediction("2", target="x")]
        report = score(predicted, gold, task="text", comet="tiny")
        assert report.scores[-1].value == pytest.approx(80)
        assert str(report).count("COMET") == report._repr_html_().count("COMET") == 1
        assert "80.00  metric:comet|model:tiny" in str(report)
