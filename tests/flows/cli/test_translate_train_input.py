"""Bad and odd input of `labelferry translate-train`: exit code 2 and one message, or whole rows."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from corpora.readers import open_corpus
from flows.cli.main import main
from tests.helpers.command_line import Command, check_refused_in_one_line
from tests.helpers.paths import ROOT
from tests.helpers.translate_train_input import GOOD_ROW, span_row, write_raw_json_lines


def test_missing_and_empty_files(run_translate_train: Command, tmp_path: Path) -> None:
    check_refused_in_one_line(
        run_translate_train(tmp_path / "none.jsonl"), "none.jsonl", "no such file"
    )
    (tmp_path / "empty.jsonl").touch()
    check_refused_in_one_line(run_translate_train(tmp_path / "empty.jsonl"), "empty.jsonl", "empty")
    (tmp_path / "blank.jsonl").write_text("\n\n")
    check_refused_in_one_line(
        run_translate_train(tmp_path / "blank.jsonl"), "blank.jsonl", "no rows"
    )


def test_wrong_column(run_translate_train: Command, tmp_path: Path) -> None:
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW)
    check_refused_in_one_line(
        run_translate_train(source, "--columns", "text=sentence"),
        "'sentence'",
        "choose from: spans, text",
    )
    check_refused_in_one_line(
        run_translate_train(source, "--columns", "nonsense=text"), "'nonsense'", "choose from"
    )
    check_refused_in_one_line(run_translate_train(source, "--columns", "text"), "NAME=COLUMN")


def test_not_utf8_names_the_byte(run_translate_train: Command, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "a", "spans": []}\n{"text": "\xff"}\n')
    check_refused_in_one_line(run_translate_train(tmp_path / "in.jsonl"), "in.jsonl", "37")


def test_bom_and_crlf_are_taken(run_translate_train: Command, tmp_path: Path) -> None:
    lines = [json.dumps(GOOD_ROW), json.dumps(GOOD_ROW | {"text": "wake me at nine again."})]
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    code, out, err = run_translate_train(tmp_path / "in.jsonl")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (span_row("short", (2, 99, "x")), "outside the text"),
        (span_row("cafe\u0301 au lait", (0, 4, "x")), "cuts a character in two"),
        (span_row("family \U0001f468\u200d\U0001f469\u200d\U0001f467", (7, 8, "x")), "in two"),
        (span_row("  "), "empty"),
        (span_row("", label="x"), "empty"),
        ({"text": 7, "spans": []}, "not a string"),
        ({"spans": []}, "no 'text'"),
    ],
)
def test_bad_rows_are_named_or_skipped(
    run_translate_train: Command, tmp_path: Path, bad: dict[str, Any], words: str
) -> None:
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW, bad)
    check_refused_in_one_line(run_translate_train(source), "in.jsonl, line 2", words)
    code, out, err = run_translate_train(source, "--on-error", "skip", "--unplaced", "drop-span")
    assert code == 0, err
    assert re.search(r"rows in +2\nkept +1\ndropped +1\n", out)


def test_half_a_surrogate_pair(run_translate_train: Command, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a \\ud83d b", "spans": []}\n')
    check_refused_in_one_line(run_translate_train(tmp_path / "in.jsonl"), "line 1", "surrogate")
    code, out, err = run_translate_train(tmp_path / "in.jsonl", "--on-error", "repair")
    assert code == 0, err
    assert "repaired" in out


def test_unknown_names(run_translate_train: Command, tmp_path: Path) -> None:
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW)
    check_refused_in_one_line(run_translate_train(source, task="ner"), "'ner'", "tokens")
    check_refused_in_one_line(run_translate_train(source, "--format", "excel"), "'excel'", "jsonl")
    check_refused_in_one_line(
        run_translate_train(source, "--target", "xx-not-a-language"), "not a language tag"
    )
    check_refused_in_one_line(run_translate_train(source, "--target", "sw"), "'sw'", "choose from")
    check_refused_in_one_line(run_translate_train(source, "--model", "gpt-17"), "gpt-17")
    check_refused_in_one_line(
        run_translate_train(source, "--projector", "guess"), "'guess'", "attention"
    )
    check_refused_in_one_line(
        run_translate_train(source, "--on-error", "ignore"), "error, skip, repair"
    )
    check_refused_in_one_line(run_translate_train(source, "--unplaced", "shrug"), "unplaced")
    check_refused_in_one_line(run_translate_train(source, "--device", "abacus"), "device")
    (tmp_path / "in.data").write_text("x\n")
    check_refused_in_one_line(
        run_translate_train(tmp_path / "in.data"), "format cannot be detected"
    )


def test_a_model_that_lacks_its_tokenizer(
    run_translate_train: Command, tmp_path: Path, model_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(model_path, broken)
    for file in broken.glob("*.spm"):
        file.unlink()
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW)
    check_refused_in_one_line(
        run_translate_train(source, "--model", str(broken)), "broken", "tokenizer"
    )


def test_truncated_gzip(run_translate_train: Command, tmp_path: Path) -> None:
    lines = "".join(json.dumps(GOOD_ROW | {"id": str(n)}) + "\n" for n in range(500))
    whole = gzip.compress(lines.encode())
    (tmp_path / "in.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    check_refused_in_one_line(run_translate_train(tmp_path / "in.jsonl.gz"), "in.jsonl.gz")


def test_a_folder_that_is_no_run_or_another_run(
    run_translate_train: Command, tmp_path: Path
) -> None:
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW)
    assert run_translate_train(source)[0] == 0
    check_refused_in_one_line(
        run_translate_train(source, "--beam-size", "3"), "another configuration", "beam_size"
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    check_refused_in_one_line(
        run_translate_train(source, "--out", str(tmp_path / "other")),
        "thesis.tex",
        "choose another",
    )
    check_refused_in_one_line(
        run_translate_train(source, "--out", str(source / "run")), "not a folder"
    )


def test_a_name_does_not_lead_out_of_the_runs_folder(runs: Path, model_path: Path) -> None:
    source = ROOT / "data" / "samples" / "intents.en.jsonl"
    code = main(
        ["translate-train", str(source), "--task", "tokens", "--source", "en", "--target", "de",
         "--model", str(model_path), "--name", "../escape", "--no-prefect"]
    )  # fmt: skip
    assert code == 2
    assert not runs.exists() and not (runs.parent / "escape").exists()


def test_no_space_and_no_permission(
    run_translate_train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW)
    for number, words in ((errno.ENOSPC, "no space left"), (errno.EACCES, "no permission")):

        def fail(self: Path, target: Any, number: int = number) -> Path:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(Path, "replace", fail)
        check_refused_in_one_line(run_translate_train(source), words)
        monkeypatch.undo()


@pytest.mark.parametrize(
    "text",
    [
        "control \x00 \x07 characters \x7f here",
        "emoji \U0001f600 and \U0001f468\u200d\U0001f469\u200d\U0001f467 here",
        "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd hello",
        ">>de<< </s> <s> <unk> \u2581 <pad> hello",
        "\u2581\u2581\u2581",
        "\u200b \ufeff hello \u00a0 there",
        "line one\nline two\r\nline three\u2028line four",
        "!!! ... ???",
    ],
)
def test_odd_texts_come_through(run_translate_train: Command, tmp_path: Path, text: str) -> None:
    start = text.index("here") if "here" in text else len(text) - 1
    source = write_raw_json_lines(
        tmp_path / "in.jsonl", GOOD_ROW, span_row(text, (start, len(text), "x"), id="odd")
    )
    code, out, err = run_translate_train(source, "--unplaced", "drop-span")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)
    for row in open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows():
        assert "</s>" in text or "</s>" not in row.text


def test_a_row_of_100_000_characters(run_translate_train: Command, tmp_path: Path) -> None:
    sentence = "The dog sleeps in the big house. "
    text = (sentence * 4000)[:100_000]
    at = 2600 * len(sentence) + sentence.index("house")
    source = write_raw_json_lines(tmp_path / "in.jsonl", span_row(text, (at, at + 5, "n")))
    code, out, err = run_translate_train(source, "--unplaced", "drop-span", "--beam-size", "1")
    assert code == 0, err
    assert re.search(r"rows in +1\n", out)
    (made,) = open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows()
    assert 0.8 < made.text.count(".") / text.count(".") < 1.2
