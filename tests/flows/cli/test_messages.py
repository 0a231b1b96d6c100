"""What commands say: nothing that somebody else wrote moves the terminal's cursor."""

from __future__ import annotations

import ast
import io
import shutil
from pathlib import Path

import pytest

from augmentation.pipeline.listener import Messages, Progress
from flows.cli.main import main
from flows.cli.messages import say
from flows.progress import JobLines, Lines
from tests.helpers.command_line import Command
from tests.helpers.paths import ROOT
from tests.helpers.translate_train_runs import write_labelled_rows
from translators.store import read_model

EVIL, SHOWN = "\x1b[2Jx\x9b\u202e\ry", "␛[2Jx\ufffd\ufffd␍y"


def test_only_the_one_function_prints() -> None:
    for path in sorted((ROOT / "flows").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert node.func.id != "print" or path.name == "messages.py", where


def test_control_characters_are_shown_and_lines_stay(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a\n{EVIL}")
    assert capsys.readouterr().out == f"a\n{SHOWN}\n"


def test_progress_and_messages_show_control_characters() -> None:
    out = io.StringIO()
    progress = Progress(EVIL, 1.0, "jobs", 1, 1, 1)
    for listener in (JobLines(out), Lines(out, every=0)):
        listener.advanced(progress)
        listener.message(EVIL)
        listener.tick()
    lines: list[str] = []
    Messages(lines.append).message(EVIL)
    assert lines == [SHOWN]
    assert SHOWN in out.getvalue() and not set(EVIL) & set("\x1b\x9b\u202e\r") & set(out.getvalue())


def test_a_licence_and_names_in_the_store_are_shown(
    model_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(model_path, store / "m")
    card = read_model(store / "m").card
    evil = card.model_copy(update={"licence": EVIL, "origin": EVIL, "name": f"m{EVIL}"})
    (store / "m" / "labelferry.json").write_text(evil.model_dump_json(), encoding="utf-8")
    assert main(["models", "show", "m"]) == 0
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert out.count(SHOWN) == 4
    assert "\x1b" not in out


def test_safe_cells(run_translate_train: Command, run_command: Command, tmp_path: Path) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 3)
    assert run_translate_train(source)[0] == 0
    plain, safe = tmp_path / "plain.csv", tmp_path / "safe.csv"
    assert run_command("export", tmp_path / "run", "--out", plain)[0] == 0
    assert run_command("export", tmp_path / "run", "--out", safe, "--safe-cells")[0] == 0
    assert ",-0." in plain.read_text(encoding="utf-8")  # scores
    assert ",-0." not in safe.read_text(encoding="utf-8")
    assert safe.read_text(encoding="utf-8").replace(",'-", ",-") == plain.read_text("utf-8")
    code, _, err = run_command(
        "export", tmp_path / "run", "--out", tmp_path / "x.jsonl", "--safe-cells"
    )
    assert code == 2 and "safe cells are for CSV and TSV alone" in err
