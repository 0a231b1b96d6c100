"""Arguments that make no sense are refused in one line, before any work and any writing."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from augmentation.pipeline.configuration import load
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.translate_train.config import validated
from corpora.errors import UserError
from flows.cli.main import main
from tests.helpers.paths import ROOT

TEST = "translate-test in.jsonl"
TRAIN = "translate-train in.jsonl"
TRANSLATE = "translate in.txt --source en --target de"
PROJECT = "project in.jsonl --targets t --out o --source en --target de"
SCORE = "score p.jsonl --gold g.jsonl --task tokens"


@pytest.mark.parametrize(
    ("command", "option", "value", "allowed"),
    [
        ("align a b --out c", "--threshold", "7", "a number from 0 to 1"),
        ("align a b --out c", "--threshold", "nan", "a number from 0 to 1"),
        ("align a b --out c", "--threshold", "-1", "a number from 0 to 1"),
        (PROJECT, "--min-confidence", "7", "a number from 0 to 1"),
        (PROJECT, "--min-confidence", "nan", "a number from 0 to 1"),
        (TRANSLATE, "--beam-size", "0", "a whole number from 1 to 1000"),
        (TRANSLATE, "--beam-size", "two", "a whole number from 1 to 1000"),
        (TRANSLATE, "--n-best", "0", "a whole number from 1 to 1000"),
        (TRANSLATE, "--max-length", "0", "a whole number from 4 to 2147483647"),
        (TRAIN, "--limit", "0", "a whole number from 1 to"),
        (TRAIN, "--limit", str(10**30), "a whole number from 1 to"),
        (TRAIN, "--beam-size", "0", "a whole number from 1 to 1000"),
        (TRAIN, "--alternatives", "-1", "a whole number from 0 to 1000"),
        (TRAIN, "--shard-rows", "0", "a whole number from 1 to"),
        (TRAIN, "--seed", "-1", "a whole number from 0 to"),
        (TEST, "--n-best", "0", "a whole number from 1 to 1000"),
        (TEST, "--ensemble-weight", "1.1", "a number from 0 to 1"),
        (TEST, "--timeout", "-1", "a number above 0 to"),
        (TEST, "--timeout", "0", "a number above 0 to"),
        (TEST, "--timeout", "inf", "a number above 0 to"),
        (TEST, "--limit", "0", "a whole number from 1 to"),
        (TEST, "--shard-rows", "0", "a whole number from 1 to"),
        ("inspect in.jsonl", "--rows", "0", "a whole number from 1 to"),
        ("inspect in.jsonl", "--seed", "-1", "a whole number from 0 to"),
        (SCORE, "--samples", "0", "a whole number from 1 to"),
        (SCORE, "--seed", "1.5", "a whole number from 0 to"),
        ("compare c.yaml", "--seeds", "0", "a whole number from 1 to 1000"),
        ("models add x/y", "--max-pieces", "0", "a whole number from 1 to"),
        ("train-translator b.tsv --out o", "--vocabulary", "0", "a whole number from 300 to"),
        ("train-translator b.tsv --out o", "--max-steps", "0", "a whole number from 1 to"),
        ("train-translator b.tsv --out o", "--max-minutes", "nan", "a number above 0 to"),
        ("train-translator b.tsv --out o", "--threads", "0", "a whole number from 1 to 4096"),
    ],
)
def test_senseless_numbers(
    capsys: pytest.CaptureFixture[str], command: str, option: str, value: str, allowed: str
) -> None:
    assert main([*shlex.split(command), option, value]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"labelferry: error: {option} {value}: it must be {allowed}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("decoding.beam_size", 0, "greater than or equal to 1, not 0"),
        ("decoding.length_penalty", float("nan"), "finite number, not nan"),
        ("filters.max_length_ratio", 0.5, "greater than 1, not 0.5"),
        ("runtime.threads", [0, 1], "greater than or equal to 1, not 0"),
        ("reading.limit", -5, "greater than or equal to 1, not -5"),
        ("seed", -1, "greater than or equal to 0, not -1"),
    ],
)
def test_senseless_numbers_in_a_configuration(place: str, value: object, message: str) -> None:
    values: dict[str, object] = {
        "input": "x.jsonl", "task": "tokens", "source": "en", "targets": ["de"],
    }  # fmt: skip
    *parents, last = place.split(".")
    inner: dict[str, object] = {last: value}
    values |= {parents[0]: inner} if parents else inner
    with pytest.raises(UserError, match=message) as caught:
        validated(values)
    assert str(caught.value).startswith(place)


def test_senseless_numbers_in_a_recipe(tmp_path: Path) -> None:
    recipe = ROOT / "configs" / "train-en-de.yaml"
    assert load(TrainTranslatorConfig, recipe, {}).training.max_steps > 0
    for place, value in (("batch_tokens", 0), ("label_smoothing", float("nan"))):
        values = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        values["training"][place] = value
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        with pytest.raises(UserError, match=f"recipe.yaml: training.{place}: .*, not {value}"):
            load(TrainTranslatorConfig, path, {})


ROW = '{"id": "1", "text": "fly to Rome", "spans": [{"start": 7, "end": 11, "label": "city"}]}\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small inputs, which the test works in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text(ROW, encoding="utf-8")
    (tmp_path / "in.jsonl.dropped.jsonl").write_text("flieg nach Rom\n", encoding="utf-8")
    (tmp_path / "en.txt").write_text("fly to Rome\n", encoding="utf-8")
    (tmp_path / "de.txt").write_text("flieg nach Rom\n", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("de.txt")
    (tmp_path / "hard.txt").hardlink_to(tmp_path / "de.txt")
    (tmp_path / "empty.txt").touch()
    return tmp_path


IN = "project in.jsonl --source en --target de --targets"
TO_GERMAN = "--source en --target de --model none"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"{IN} de.txt --out in.jsonl", "in.jsonl: --out would overwrite the input SOURCE"),
        (f"{IN} de.txt --out ./x/../in.jsonl", "--out would overwrite the input SOURCE"),
        (f"{IN} de.txt --out link.txt", "link.txt: --out would overwrite the input --targets"),
        (f"{IN} link.txt --out de.txt", "de.txt: --out would overwrite the input --targets"),
        (f"{IN} hard.txt --out de.txt", "de.txt: --out would overwrite the input --targets"),
        (
            "project en.txt --source en --target de --targets in.jsonl.dropped.jsonl "
            "--out in.jsonl",
            "in.jsonl.dropped.jsonl: the file of dropped rows would overwrite",
        ),
        ("align en.txt de.txt --out en.txt", "en.txt: --out would overwrite the input SOURCE"),
        ("align en.txt de.txt --out link.txt", "--out would overwrite the input TARGET"),
        ("align en.txt de.txt --out o --save-priors en.txt", "--save-priors would overwrite"),
        ("align en.txt de.txt --out o --priors in.jsonl --save-priors o", "the same file"),
        (f"translate en.txt -o en.txt {TO_GERMAN}", "--output would overwrite the input INPUT"),
        (f"translate de.txt -o link.txt {TO_GERMAN}", "--output would overwrite the input INPUT"),
        (
            f"translate en.txt -o x --rejected en.txt {TO_GERMAN}",
            "en.txt: --rejected would overwrite the input INPUT",
        ),
        ("align en.txt de.txt --out .", ".: this is a folder, not a file"),
        ("align en.txt de.txt --out o --save-priors en.txt/p", "a file is in the way"),
        ("align en.txt de.txt --out o --save-priors .", ".: this is a folder, not a file"),
        ("align en.txt de.txt --out de.txt/o", "a file is in the way of this folder"),
        ("align empty.txt empty.txt --out o", "empty.txt: the file is empty"),
        ("align empty.txt --out o", "empty.txt: the file is empty"),
        ("align empty.txt de.txt --out o", "de.txt: 1 lines, but empty.txt has 0"),
    ],
)
def test_outputs_that_must_not_be(
    files: Path, capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    (files / "x").mkdir()
    before = {path: path.read_bytes() for path in files.iterdir() if path.is_file()}
    assert main(shlex.split(command)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    after = {path: path.read_bytes() for path in files.iterdir() if path.is_file()}
    assert after == before


def test_priors_may_be_brought_up_to_date_in_place(files: Path) -> None:
    align = ["align", "en.txt", "de.txt", "--out", "o.talp", "--save-priors", "p.arrow"]
    assert main(align) == 0
    assert main([*align, "--priors", "p.arrow"]) == 0
    assert (files / "o.talp").read_text(encoding="utf-8").strip()


def test_standard_input_is_not_overwritten(files: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli.main", "translate", "-o", "en.txt", *TO_GERMAN.split()],
        stdin=(files / "en.txt").open("rb"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "en.txt: --output would overwrite the input INPUT" in done.stderr
    assert (files / "en.txt").read_text(encoding="utf-8") == "fly to Rome\n"


QUOTED = 'text\tspans\n"""Rome,"" he said"\t"[{""start"": 1, ""end"": 5, ""label"": ""city""}]"\n'


def test_quoting(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "in.tsv").write_text(QUOTED, encoding="utf-8")
    (files / "de.tsv").write_text('text\n"""Rom"", sagte er"\n', encoding="utf-8")
    project = f"{IN.replace('jsonl', 'tsv')} de.tsv --out out.jsonl"
    assert main(shlex.split(project)) == 2
    assert "in.tsv, line 2" in capsys.readouterr().err
    assert main([*shlex.split(project), "--quoting", "yes"]) == 0, capsys.readouterr().err
    row = json.loads((files / "out.jsonl").read_text(encoding="utf-8"))
    assert row["text"] == '"Rom", sagte er'
    assert [row["text"][s["start"] : s["end"]] for s in row["spans"]] == ["Rom"]
    score = "score in.tsv --gold in.tsv --task tokens --json"
    assert main(shlex.split(score)) == 2
    capsys.readouterr()
    assert main([*shlex.split(score), "--quoting", "yes"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"][0]["value"] == 100.0


def test_inspect_sees_that_a_tsv_is_conll(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "x.tsv").write_text("# text = to Rome\nto\tO\nRome\tB-city\n", encoding="utf-8")
    assert main(["inspect", "x.tsv"]) == 0
    assert "to [Rome](city)" in capsys.readouterr().out
    (files / "y.tsv").write_text("text\tlabel\nto Rome\tB-city\n", encoding="utf-8")
    assert main(["inspect", "y.tsv"]) == 0
    assert "to Rome" in capsys.readouterr().out


@pytest.mark.parametrize("encoder", ["/none", "./none", "a/b/c", "en.txt"])
def test_an_encoder_that_is_no_folder(
    files: Path, capsys: pytest.CaptureFixture[str], encoder: str
) -> None:
    pytest.importorskip("transformers")
    command = f"{IN} de.txt --out o.jsonl --aligner encoder --encoder {encoder}"
    assert main(shlex.split(command)) == 2
    assert f"labelferry: error: {encoder}: no such folder\n" in capsys.readouterr().err


def test_a_full_disk_is_reported_whatever_wrote_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cli import score

    def fail(number: int) -> Callable[..., int]:
        def run(path: Path, /) -> int:
            raise OSError(number, os.strerror(number))

        return run

    command = ["score", "p"]
    monkeypatch.setattr(score, "score", fail(errno.ENOSPC))
    assert main(command) == 2
    assert "a disk is full" in capsys.readouterr().err
    monkeypatch.setattr(score, "score", fail(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        main(command)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            "translate-train in.jsonl",
            "--task (classification, pair, tokens, qa, text), --source and --target must be given, "
            "here or in the configuration",
        ),
        (
            "translate-test --task tokens --source en",
            "INPUT, --target, --predictor and --out must be given, here or in the configuration",
        ),
        ("translate-train in.jsonl --task tokens --source en", "--target must be given, here or"),
        ("train-translator a.tsv --out m", "--source and --target must be given, here or"),
        ("translate-train '' --task tokens", "an argument is empty; is a variable of the shell"),
    ],
)
def test_what_must_be_given_is_named_as_an_option(
    capsys: pytest.CaptureFixture[str], command: str, problem: str
) -> None:
    assert main(shlex.split(command)) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"labelferry: error: {problem}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reading:\n\tlimit: 3\n", ", line 2: not YAML: found character '\\t'"),
        ("targets: [de\n", "not YAML: expected ',' or ']'"),
        (
            "filters: {max_length_ratio: off}",
            "filters.max_length_ratio: it must be greater than 1, not F",
        ),
        ("filters: {max_length_ratio: off}", "(what may be off is off with null)"),
        ("decoding: 3", "decoding: it must be a mapping of settings, not 3"),
        ("decoding: {beam_size: two}", "decoding.beam_size: it must be a whole number"),
        ("decoding: {beam_size: 0}", "decoding.beam_size: it must be greater than or equal to 1"),
        ("runtime: {threads: 2}", "runtime.threads: it must be a list, not 2"),
        ("targets: [on]", "targets.0: it must be text, not True (YAML takes a bare yes"),
    ],
)
def test_mistakes_in_a_configuration_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["translate-train", "in.jsonl", "--config", str(file)]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_a_reader_that_has_seen_enough() -> None:
    """`labelferry inspect FILE | head -1` ends well."""
    rows = ROOT / "data" / "samples" / "intents.en.jsonl"
    command = [sys.executable, "-m", "flows.cli.main", "inspect", str(rows), "--rows", "200"]
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert shown.stdout and shown.stderr
    shown.stdout.readline()
    shown.stdout.close()
    assert shown.stderr.read() == b""
    assert shown.wait() == 0
