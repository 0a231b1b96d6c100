"""`labelferry inspect`, with a real model."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.main import main
from tests.helpers.command_line import Command
from tests.helpers.translate_train_input import GOOD_ROW, span_row, write_raw_json_lines


def test_inspect(
    run_translate_train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "set \x1b[31m alarm \u202e at nine"
    nasty = span_row(text, (len(text) - 4, len(text), "time"), id="nasty")
    assert (
        run_translate_train(
            write_raw_json_lines(tmp_path / "in.jsonl", GOOD_ROW, nasty), "--unplaced", "drop-span"
        )[0]
        == 0
    )
    assert main(["inspect", str(tmp_path / "in.jsonl"), "--task", "tokens"]) == 0
    out = capsys.readouterr().out
    assert "wake me at [nine](time) tomorrow" in out
    assert "\x1b" not in out and "\u202e" not in out
    assert main(["inspect", str(tmp_path / "run"), "--rows", "9", "--first"]) == 0
    out = capsys.readouterr().out
    assert out.index("wake me at [nine](time)") < out.index("\n  de  ")
    assert main(["inspect", str(tmp_path / "run"), "--dropped"]) == 0
    assert main(["inspect", str(tmp_path / "in.jsonl"), "--dropped"]) == 2
    assert main(["inspect", str(tmp_path / "none.jsonl")]) == 2
    assert main(["inspect", str(tmp_path / "run"), "--rows", "0"]) == 2
    (tmp_path / "run" / "run.json").unlink()
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "run")]) == 2
    assert "this run has lost its run.json; run its command again" in capsys.readouterr().err


def test_columns_are_told_and_what_a_task_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "x.csv"
    table.write_text("utterance,intent,stars\nHallo,greet,5\n", encoding="utf-8")
    assert main(["inspect", str(table), "--task", "classification"]) == 0
    out, err = capsys.readouterr()
    assert "greet" in out and err == "labelferry: columns: text=utterance, label=intent\n"
    assert main(["inspect", str(table), "--task", "tokens"]) == 0
    err = capsys.readouterr().err
    assert "x.csv: no column 'spans': name it with --columns spans=COLUMN" in err
