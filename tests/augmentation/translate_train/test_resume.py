"""Runs that are cut off, damaged, or begun again with another input or configuration."""

from __future__ import annotations

import contextlib
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translate_train import plan as plan_module
from augmentation.translate_train import run as run_module
from augmentation.translate_train.jobs import Job, perform
from augmentation.translate_train.run import start_run, translate_train
from augmentation.translate_train.runs import open_finished
from augmentation.translate_train.setup import TranslateTrainSetup, resolve
from corpora.checked_json import write_checked
from corpora.errors import UserError
from corpora.shards import ShardRef, list_shards
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import (
    check_row_counts,
    file_hashes,
    sidecar_times,
    translate_train_config,
    write_labelled_rows,
)


@pytest.mark.parametrize("seed", range(5))
def test_a_run_cut_off_anywhere_goes_on(tmp_path: Path, toy: ToyTranslator, seed: int) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)
    whole = translate_train(
        translate_train_config(source, tmp_path / "whole", memory=tmp_path / "m1")
    )
    rng = random.Random(seed)
    config = translate_train_config(source, tmp_path / "broken", memory=tmp_path / "m2")

    class CutError(Exception):
        pass

    class Cutter(Listener):
        def __init__(self) -> None:
            self.left = rng.randint(1, 30)

        def advanced(self, progress: Progress) -> None:
            self.left -= 1
            if not self.left:
                raise CutError

    for _ in range(3):
        before = sidecar_times(tmp_path / "broken")
        with contextlib.suppress(CutError):
            translate_train(config, Cutter())
        after = sidecar_times(tmp_path / "broken")
        assert {name: after[name] for name in before} == before
    result = translate_train(config)
    assert file_hashes(result.run / "export") == file_hashes(whole.run / "export")
    assert (
        file_hashes(result.run / "50-filter-de").keys()
        == file_hashes(whole.run / "50-filter-de").keys()
    )


@pytest.mark.parametrize(
    "step", ["10-ingest", "20-segment", "30-translate-de", "40-project-de", "50-filter-de"]
)
@pytest.mark.parametrize("damage", ["missing", "changed", "no sidecar"])
def test_damage_is_found_and_repaired(
    tmp_path: Path, toy: ToyTranslator, step: str, damage: str
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 45)
    config = translate_train_config(source, tmp_path / "run")
    result = translate_train(config)
    whole = file_hashes(result.run / "export")
    before = sidecar_times(result.run)
    ref = list_shards(result.run, step)[1]
    if damage == "missing":
        ref.path.unlink()
    elif damage == "changed":
        ref.path.write_bytes(ref.path.read_bytes()[:-9] + b"123456789")
    else:
        ref.sidecar_path.unlink()
    translate_train(config)
    assert file_hashes(result.run / "export") == whole
    redone = {name for name, at in sidecar_times(result.run).items() if before.get(name) != at}
    assert redone == {f"{step}/part-00001.json"}


def test_an_input_that_has_grown(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 45)
    translate_train(translate_train_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    before, seen = sidecar_times(tmp_path / "run"), set(toy.seen)
    write_labelled_rows(source, 70, start=45)
    grown = translate_train(
        translate_train_config(source, tmp_path / "run", memory=tmp_path / "memory")
    )
    after = sidecar_times(tmp_path / "run")
    assert len(toy.seen) == len(set(toy.seen)) > len(seen)
    kept = [n for n in before if n.startswith(("20", "30", "40", "50")) and after[n] == before[n]]
    assert len(kept) == 4 * 4  # four whole shards; the fifth was half full
    fresh = translate_train(translate_train_config(source, tmp_path / "fresh"))
    assert file_hashes(grown.run / "export") == file_hashes(fresh.run / "export")


def test_an_input_that_has_shrunk(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 70)
    translate_train(translate_train_config(source, tmp_path / "run"))
    write_labelled_rows(source, 25)
    shrunk = translate_train(translate_train_config(source, tmp_path / "run"))
    assert shrunk.summary.rows_in == 25
    check_row_counts(shrunk, ["de"])


def test_another_configuration_is_refused(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 20)
    translate_train(translate_train_config(source, tmp_path / "run"))
    with pytest.raises(UserError, match=r"another configuration.*beam_size"):
        translate_train(translate_train_config(source, tmp_path / "run", decoding={"beam_size": 5}))
    (tmp_path / "other").mkdir()
    again = write_labelled_rows(tmp_path / "other" / "in.jsonl", 21)
    changes = {
        "name": "other", "memory": tmp_path / "m", "licence": "MIT", "seed": 1,
        "runtime": {"workers": 3}, "reading": {"columns": {"text": "text"}},
    }  # fmt: skip
    with pytest.raises(UserError) as caught:
        translate_train(translate_train_config(again, tmp_path / "run", **changes))
    assert caught.value.problem == (
        "this run folder was made by another configuration "
        "(config.reading.columns.text: None -> 'text'; config.seed: 0 -> 1); choose another folder"
    )
    other = write_labelled_rows(tmp_path / "other.jsonl", 21)
    with pytest.raises(UserError, match=r"\(config\.input: 'in\.jsonl' -> 'other\.jsonl'\); "):
        translate_train(translate_train_config(other, tmp_path / "run"))
    stranger = {"name": "x", "fingerprint": "", "config": {}}
    write_checked(tmp_path / "run" / "run.json", stranger)
    with pytest.raises(UserError, match=r"config\.task: None -> 'tokens'"):
        translate_train(translate_train_config(source, tmp_path / "run"))


def test_a_failure_is_raised_and_the_rest_ends(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 45)

    def failing(job: Job, setup: TranslateTrainSetup) -> Any:
        if job.name == "project de part-00002":
            raise OSError("the disk is gone")
        return perform(job, setup)

    monkeypatch.setattr(run_module, "perform", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        translate_train(translate_train_config(source, tmp_path / "run"))
    monkeypatch.setattr(run_module, "perform", perform)
    check_row_counts(translate_train(translate_train_config(source, tmp_path / "run")), ["de"])


def test_a_finished_job_is_recorded_once(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in noting it is raised: noted again, it would count for the next shard, too."""
    needed_shards, failures = plan_module.needed_shards, [OSError("busy")]

    def failing(ref: ShardRef) -> list[int]:
        if failures and ref.index == 1:
            raise failures.pop()
        return needed_shards(ref)

    monkeypatch.setattr(plan_module, "needed_shards", failing)
    config = translate_train_config(
        write_labelled_rows(tmp_path / "in.jsonl", 45), tmp_path / "run"
    )
    with start_run(resolve(config)) as run, pytest.raises(OSError, match="busy"):
        stop = threading.Event()
        threading.Timer(3, stop.set).start()
        run.run_until(stop)
    assert not failures
    check_row_counts(translate_train(config), ["de"])


class StopAtNewShard(Listener):
    """Ends a run when the first new shard is translated."""

    def advanced(self, progress: Progress) -> None:
        if progress.job == "translate de part-00003":
            raise RuntimeError("cut off")


def test_a_run_that_is_cut_off_after_its_input_has_grown_is_not_finished(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    config = translate_train_config(source, tmp_path / "run")
    translate_train(config)
    assert open_finished(tmp_path / "run").config == config
    write_labelled_rows(source, 70, start=25)
    with pytest.raises(RuntimeError, match="cut off"):
        translate_train(config, StopAtNewShard())
    with pytest.raises(UserError, match="is not finished"):
        open_finished(tmp_path / "run")
    translate_train(config)
    assert open_finished(tmp_path / "run").config == config
