"""`labelferry translate-test` with the toy translator."""

import json
import re
from collections import Counter

import pytest

from augmentation.translate_test.run import translate_test
from flows.cli.main import main
from scoring.files import read_predictions
from tests.helpers.translate_test_runs import PREDICTOR_COMMAND, translate_test_config


def test_a_run_writes_what_score_reads(tmp_path, source, toy, capsys):
    out = tmp_path / "run"
    result = translate_test(translate_test_config(source, out))
    assert result.rows == 12
    assert result.flags == Counter()
    first = json.loads(result.predictions.read_text(encoding="utf-8").splitlines()[0])
    assert first["translation"] == "BREMEN NACH FAHR"
    assert first["probabilities"] == {"order": 0.75, "question": 0.25}
    predictions = read_predictions(result.predictions, "tokens", [])
    assert len(predictions) == 12
    command = ["score", str(result.predictions), "--gold", str(source), "--task", "tokens"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {s["name"]: s["value"] for s in report["scores"]}["exact_rows"] == 100.0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"predictor": "command:false"}, "failed with exit code 1"),
        ({"predictor": "command:sleep 30", "timeout": "0.5"}, "took longer than 0.5 seconds"),
        ({"predictor": "command:echo loading"}, "printed 'loading' on line 1: not JSON"),
        ({"predictor": "no/such/folder/here"}, "no such folder"),
        ({"source": "en"}, "both 'en'"),
        ({"task": "ner"}, "no task 'ner'"),
        ({"input": "none.jsonl"}, "no such file"),
    ],
)
def test_bad_input_ends_with_2(tmp_path, source, toy, capsys, change, problem):
    values = {
        "task": "tokens",
        "source": "de",
        "target": "en",
        "predictor": PREDICTOR_COMMAND,
    } | change
    arguments = [str(values.pop("input", source)), "--out", str(tmp_path / "run"), "--no-prefect"]
    for name, value in values.items():
        arguments += [f"--{name}", value]
    assert main(["translate-test", *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_an_empty_input_is_refused(tmp_path, toy, capsys):
    empty = tmp_path / "in.jsonl"
    empty.write_text("")
    arguments = [str(empty), "--task", "tokens", "--source", "de", "--target", "en", "--predictor",
                 PREDICTOR_COMMAND, "--out", str(tmp_path / "run"), "--no-prefect"]  # fmt: skip
    assert main(["translate-test", *arguments]) == 2
    assert "the file is empty" in capsys.readouterr().err


def test_the_command_prints_a_summary(tmp_path, source, toy, capsys):
    arguments = [str(source), "--task", "tokens", "--source", "de", "--target", "en"]
    arguments += ["--predictor", PREDICTOR_COMMAND, "--out", str(tmp_path / "run"), "--n-best", "2"]
    assert main(["translate-test", *arguments, "--no-prefect"]) == 0
    out = capsys.readouterr().out
    assert "rows" in out
    assert "predictions.jsonl" in out


def test_bad_rows_that_are_left_out_are_counted(tmp_path, source, toy, capsys):
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    source.write_text("".join([lines[0], '{"id": "bad", "text": ""}\n', *lines[1:]]))
    arguments = [str(source), "--task", "tokens", "--source", "de", "--target", "en"]
    arguments += [
        "--predictor",
        PREDICTOR_COMMAND,
        "--out",
        str(tmp_path / "run"),
        "--on-error",
        "skip",
    ]
    assert main(["translate-test", *arguments, "--no-prefect"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^rows +12\n", out) and re.search(r"^dropped +1$", out, re.MULTILINE)
