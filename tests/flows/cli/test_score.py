import json

import pytest

from flows.cli.main import main
from tests.helpers.paths import ROOT

SAMPLES = ROOT / "data" / "samples"


@pytest.fixture
def intents(tmp_path):
    """The gold intents and slots of the samples, and predictions with a few mistakes."""
    gold = SAMPLES / "intents.de.gold.jsonl"
    lines = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines):
        if number % 10 == 0:
            line["spans"] = []
        if number % 20 == 0:
            line["label"] = "read_news"
    predicted = tmp_path / "predictions.jsonl"
    predicted.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return predicted, gold


def test_tables(intents, capsys):
    predicted, gold = intents
    assert main(["score", str(predicted), "--gold", str(gold), "--task", "tokens"]) == 0
    out = capsys.readouterr().out
    assert "span_f1" in out
    assert "scheme:IOB2|mode:strict" in out
    assert "label_accuracy" in out
    assert "location" in out


def test_json_and_paired_test(intents, capsys):
    predicted, gold = intents
    command = ["score", str(gold), "--gold", str(gold), "--task", "tokens", "--json"]
    command += ["--baseline", str(predicted), "--test", "randomization", "--confidence"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["items"] == 180
    assert report["scores"][0]["value"] == 100.0
    assert report["languages"]["languages"][0]["scores"][0]["value"] == 100.0
    assert report["confidence_interval"] == [100.0, 100.0]
    first = report["comparisons"][0]
    assert first["name"] == "span_f1"
    assert first["difference"] > 1
    assert first["p_value"] < 0.01


def test_several_languages(tmp_path, capsys):
    files = [str(SAMPLES / f"text.{name}.jsonl") for name in ("en", "de.gold")]
    command = ["score", *files, "--gold", *files, "--task", "text", "--source", "en"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "worst" in out
    assert "en (source)" in out
    assert "tok:13a" in out


def test_mistakes_end_with_2_and_say_what(tmp_path, intents, capsys):
    predicted, gold = intents
    lines = predicted.read_text(encoding="utf-8").splitlines(keepends=True)
    predicted.write_text("".join(lines[1:]), encoding="utf-8")
    command = ["score", str(predicted), "--gold", str(gold), "--task", "tokens"]
    assert main(command) == 2
    assert "in the gold but not predicted: 'de-0001'" in capsys.readouterr().err
    predicted.write_text("".join(lines[::-1]), encoding="utf-8")
    assert main(command) == 2
    assert "use --by-id" in capsys.readouterr().err
    assert main([*command, "--by-id"]) == 0
    capsys.readouterr()
    assert main([*command, "--columns", "sentence=text"]) == 2
    assert "is not FIELD=COLUMN" in capsys.readouterr().err
    assert main(["score", str(gold), *command[1:]]) == 2
    assert "2 files of predictions, but 1 of gold" in capsys.readouterr().err


def test_unknown_labels_are_warned_of(tmp_path, capsys):
    gold = tmp_path / "gold.csv"
    gold.write_text("id,lang,text,label\n1,de,gut,pos\n2,de,schlecht,neg\n")
    predicted = tmp_path / "p.jsonl"
    predicted.write_text('{"id": "1", "label": "pos"}\n{"id": "2", "label": "negative"}\n')
    command = ["score", str(predicted), "--gold", str(gold), "--task", "classification"]
    assert main(command) == 0
    assert "'negative' was predicted 1 times" in capsys.readouterr().err
    predicted.write_text('{"id": "1", "label": "LABEL_0"}\n{"id": "2", "label": "LABEL_1"}\n')
    assert main(command) == 2
    assert "choose from: neg, pos" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("gold", "problem"),
    [
        ("", "the file is empty"),
        ("\n\n", "there are no rows"),
        ('{"id": "1", "lang": "de", "text": "gut", "spans": []}\n', "the gold has no spans at all"),
    ],
)
def test_gold_that_there_is_nothing_to_score_by(tmp_path, capsys, gold, problem):
    path, predicted = tmp_path / "gold.jsonl", tmp_path / "p.jsonl"
    path.write_text(gold)
    predicted.write_text('{"id": "1", "spans": [[0, 3, "x"]]}\n')
    assert main(["score", str(predicted), "--gold", str(path), "--task", "tokens"]) == 2
    assert problem in capsys.readouterr().err


def test_more_predictions_than_gold(tmp_path, capsys):
    gold, predicted = tmp_path / "gold.csv", tmp_path / "p.jsonl"
    gold.write_text("id,lang,text,label\n1,de,gut,pos\n")
    predicted.write_text('{"id": "1", "label": "pos"}\n{"id": "2", "label": "pos"}\n')
    assert main(["score", str(predicted), "--gold", str(gold), "--task", "classification"]) == 2
    assert "predicted but not in the gold: '2'" in capsys.readouterr().err


def test_every_score_of_the_json_has_a_signature(intents, capsys):
    predicted, gold = intents
    command = ["score", str(predicted), "--gold", str(gold), "--task", "tokens", "--json"]
    assert main([*command, "--baseline", str(gold)]) == 0
    report = json.loads(capsys.readouterr().out)
    scores = [*report["scores"], *report["comparisons"]]
    scores += [score for one in report["languages"]["languages"] for score in one["scores"]]
    assert len(scores) > 10
    assert all(score["signature"].count("|") >= 1 for score in scores)


def test_languages_that_there_are_none_of(intents, capsys):
    _, gold = intents
    command = ["score", str(gold), "--gold", str(gold), "--task", "tokens", "--lang", "de"]
    assert main([*command, "--source", "fr"]) == 2
    assert "--source fr: the gold has no row in it (choose from: de)" in capsys.readouterr().err
    assert main([*command, "--source", "DE"]) == 0
    assert main([*command[:-1], "d-e"]) == 2
    assert "not a language tag" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--confidence"], ["--baseline"]])
def test_no_test_of_text_over_several_languages(option, capsys):
    files = [str(SAMPLES / f"text.{name}.jsonl") for name in ("en", "de.gold")]
    more = [*option, *files] if option == ["--baseline"] else option
    assert main(["score", *files, "--gold", *files, "--task", "text", *more]) == 2
    assert "the gold is in several languages (de, en)" in capsys.readouterr().err


def test_unknown_labels_name_the_file_that_has_them(tmp_path, capsys):
    gold, good, bad = (tmp_path / name for name in ("gold.csv", "good.jsonl", "bad.jsonl"))
    gold.write_text("id,lang,text,label\n1,de,gut,pos\n")
    good.write_text('{"id": "1", "label": "pos"}\n')
    bad.write_text('{"id": "1", "label": "LABEL_1"}\n')
    command = ["--gold", str(gold), "--task", "classification"]
    for files in ([str(bad)], [str(good), "--baseline", str(bad)]):
        assert main(["score", *files, *command]) == 2
        assert f"{bad}: none of the predicted labels (LABEL_1)" in capsys.readouterr().err
