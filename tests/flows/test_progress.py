from __future__ import annotations

import dataclasses
import io
import sys
import time
from pathlib import Path

import pytest

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translate_train.run import start_run, translate_train
from augmentation.translate_train.setup import resolve
from flows.progress import Bar, Clock, Lines, clock, watch
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config, write_labelled_rows


def test_times() -> None:
    assert [clock(s) for s in (0, 59.6, 61, 3723)] == ["0:00", "1:00", "1:01", "1:02:03"]


def test_progress_is_written_line_by_line(tmp_path: Path, toy: ToyTranslator) -> None:
    out = io.StringIO()
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)
    lines = Lines(out, every=0.0)
    translate_train(translate_train_config(source, tmp_path / "run", targets=["de", "fr"]), lines)
    written = out.getvalue().splitlines()
    assert "rows read" in written[0]
    assert written[-1].startswith("190 of 190 rows, ") and written[-1].endswith(
        " rows/s, 0:00 left"
    )


def test_the_rate_counts_what_this_process_did(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 40)
    translate_train(translate_train_config(source, tmp_path / "run"))
    write_labelled_rows(source, 60, start=40)
    latest = Latest()
    translate_train(translate_train_config(source, tmp_path / "run"), latest)
    assert (latest.progress.done, latest.progress.before) == (60, 40)
    clock = Clock()
    time.sleep(0.05)
    assert clock.rate(latest.progress) < 20 / 0.05
    nothing_new = dataclasses.replace(latest.progress, before=60)
    assert clock.rate(nothing_new) == 0.0 and clock.left(nothing_new) == ""


class Latest(Listener):
    """The progress of the job that ended last."""

    progress: Progress

    def advanced(self, progress: Progress) -> None:
        self.progress = progress

    def counts(self) -> tuple[int, int, int | None, bool]:
        progress = self.progress
        return progress.seen, progress.done, progress.total, progress.is_last


def test_progress_counts_every_row_once_per_language(tmp_path: Path, toy: ToyTranslator) -> None:
    latest = Latest()
    source = write_labelled_rows(tmp_path / "in.jsonl", 45)
    config = translate_train_config(source, tmp_path / "run", targets=["de", "fr"])
    translate_train(config, latest)
    assert latest.counts() == (90, 90, 90, True)
    again = Latest()
    translate_train(config, again)  # a run that is done counts the same
    assert again.counts() == (90, 90, 90, True)


def test_a_bar_on_a_terminal(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(watch(), Lines)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(watch(), Bar)
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    with start_run(resolve(translate_train_config(source, tmp_path / "run")), Bar()) as run:
        run.listen(Lines(sys.stderr))
        assert run.run_to_end().summary.rows_in == 25
