from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from augmentation.config import resolve_settings
from augmentation.translate_train import begun, translate_train
from flows.progress import Bar, Lines, Tally, clock, watch
from tests.augmentation.test_translate_train import write_input
from tests.augmentation.toy import ToyTranslator, toy, toy_config

__all__ = ["toy"]


def test_times() -> None:
    assert [clock(s) for s in (0, 59.6, 61, 3723)] == ["0:00", "1:00", "1:01", "1:02:03"]


def test_a_line_now_and_then(tmp_path: Path, toy: ToyTranslator) -> None:
    out = io.StringIO()
    source = write_input(tmp_path / "in.jsonl", 95)
    lines = Lines(out, every=0.0)
    translate_train(toy_config(source, tmp_path / "run", targets=["de", "fr"]), lines)
    said = out.getvalue().splitlines()
    assert "rows read" in said[0]
    assert said[-1].startswith("190 of 190 rows, ") and said[-1].endswith(" rows/s, 0:00 left")


def test_the_tally_counts_every_row_once_a_language(tmp_path: Path, toy: ToyTranslator) -> None:
    tally = Tally()
    lines = Lines(io.StringIO())
    lines.advanced = tally.advanced  # type: ignore[method-assign]
    source = write_input(tmp_path / "in.jsonl", 45)
    config = toy_config(source, tmp_path / "run")
    translate_train(config, lines)
    assert (tally.read, tally.done, tally.total) == (45, 45, 45)
    tally = Tally()
    lines.advanced = tally.advanced  # type: ignore[method-assign]
    translate_train(config, lines)  # a run that is done counts the same
    assert (tally.read, tally.done, tally.total) == (45, 45, 45)


def test_a_bar_on_a_terminal(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(watch(), Lines)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(watch(), Bar)
    source = write_input(tmp_path / "in.jsonl", 25)
    with begun(resolve_settings(toy_config(source, tmp_path / "run")), Bar()) as run:
        run.watch(Lines(sys.stderr))
        assert run.go_on().summary.rows_in == 25
