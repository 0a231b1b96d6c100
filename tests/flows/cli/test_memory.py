"""`labelferry memory merge`, the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from augmentation.translate_train.run import translate_train
from flows.cli.main import main
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config, write_labelled_rows


def test_a_run_takes_from_a_merged_memory(
    tmp_path: Path, toy: ToyTranslator, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 20)
    first = translate_train_config(source, tmp_path / "run", memory=tmp_path / "theirs")
    translate_train(first)
    asked = len(toy.seen)
    theirs, mine = str(tmp_path / "theirs"), str(tmp_path / "mine")
    assert main(["memory", "merge", theirs, "--into", mine]) == 0
    assert capsys.readouterr().out.startswith("2 files added to")
    again = first.model_copy(update={"out": tmp_path / "again", "memory": tmp_path / "mine"})
    translate_train(again)
    assert len(toy.seen) == asked
    assert main(["memory", "merge", str(tmp_path)]) == 2
    assert "not a translation memory" in capsys.readouterr().err
