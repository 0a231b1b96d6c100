"""The Prefect flow: the same plan as without it, shown in the UI, retried where that may help."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from augmentation.pipeline.listener import Listener
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.jobs import Job, perform
from augmentation.translate_train.run import TranslateTrainResult, start_run
from augmentation.translate_train.run import translate_train as in_process
from augmentation.translate_train.setup import TranslateTrainSetup, resolve
from corpora.errors import UserError
from tests.helpers.listeners import ProgressRecorder
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import (
    file_hashes,
    translate_train_config,
    write_labelled_rows,
)

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(
    config: TranslateTrainConfig, watcher: Listener, ahead: bool = False
) -> TranslateTrainResult:
    """As the command line does; `ahead` lets all be done before there is a flow."""
    from flows.translate_train import run_flow

    with start_run(resolve(config), watcher) as one:
        if ahead:
            one.run_until(threading.Event())
        return run_flow(one)


def client() -> Any:
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def test_the_flow_does_what_runs_without_prefect_do(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    plain, recorder = ProgressRecorder(), ProgressRecorder()
    one = in_process(translate_train_config(source, tmp_path / "plain", name="shown"), plain)
    other = run(translate_train_config(source, tmp_path / "flow", name="shown"), recorder)
    assert sorted(plain.jobs()) == sorted(recorder.jobs())
    assert file_hashes(one.run / "export") == file_hashes(other.run / "export")
    with client() as api:
        flow_runs = api.read_flow_runs()
        (flow_run,) = [one for one in flow_runs if one.name == "shown"]
        assert flow_run.state_name == "Completed"
        artifacts = {artifact.key: artifact for artifact in api.read_artifacts()}
    assert artifacts["translate-train-progress"].data == 100.0
    assert '"rows in": 25' in artifacts["translate-train-rows"].data


@pytest.mark.parametrize("begun_before", [False, True])
def test_jobs_done_before_the_flow_are_recorded_too(
    tmp_path: Path, toy: ToyTranslator, begun_before: bool
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    recorder, name = ProgressRecorder(), f"record-{begun_before}"
    run(translate_train_config(source, tmp_path / "run", name=name), recorder, ahead=begun_before)
    with client() as api:
        (flow_run,) = [one for one in api.read_flow_runs() if one.name == name]
        expected = sorted(recorder.jobs())
        for _ in range(100):  # records arrive a little later
            runs = [one for one in api.read_task_runs() if one.flow_run_id == flow_run.id]
            names = sorted(one.name for one in runs if one.state_name == "Completed")
            if names == expected:
                break
            time.sleep(0.1)
    assert names == expected
    assert len(expected) > 10


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_job_begun_before_the_flow_is_retried_in_it(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whether it fails before there is a flow, or while the flow waits for it."""
    import augmentation.translate_train.run as run_module
    import flows.translate_train as module

    stop, in_flow = threading.Event(), threading.Event()
    begun_jobs: list[str] = []
    performed: list[str] = []

    def failing(job: Job, setup: TranslateTrainSetup) -> Any:
        begun_jobs.append(job.name)
        if job.step != "translate":
            return perform(job, setup)
        if when == "after":
            stop.set()
            assert in_flow.wait(30)
        raise OSError("busy")

    def counting(job: Job, setup: TranslateTrainSetup) -> Any:
        performed.append(job.name)
        return perform(job, setup)

    monkeypatch.setattr(run_module, "perform", failing)
    monkeypatch.setattr(module, "perform", counting)
    config = translate_train_config(
        write_labelled_rows(tmp_path / "in.jsonl", 25), tmp_path / "run"
    )
    with start_run(resolve(config)) as one:
        if when == "before":
            threading.Timer(1.0, stop.set).start()
        one.run_until(stop)
        hand_over = one.hand_over

        def handed_over(submit: Any) -> Any:
            given = hand_over(submit)
            in_flow.set()
            return given

        monkeypatch.setattr(one, "hand_over", handed_over)
        assert module.run_flow(one).summary.rows_in == 25
    translations = [name for name in performed if name.startswith("translate")]
    assert "translate de part-00000" in begun_jobs
    assert translations and len(set(translations)) == len(translations)


def test_a_user_error_before_the_flow_is_raised(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    with source.open("a", encoding="utf-8") as file:
        file.write('{"text": 7}\n')
    with (
        start_run(resolve(translate_train_config(source, tmp_path / "run"))) as one,
        pytest.raises(UserError, match="line 26"),
    ):
        one.run_until(threading.Event())


@pytest.mark.parametrize(("error", "attempts"), [(OSError("busy"), 2), (UserError("wrong"), 1)])
def test_only_transient_errors_are_retried(
    tmp_path: Path,
    toy: ToyTranslator,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    attempts: int,
) -> None:
    import flows.translate_train as module

    tried: list[str] = []

    def failing(job: Job, setup: TranslateTrainSetup) -> Any:
        if job.step == "translate":
            tried.append(job.name)
            if len(tried) == 1:
                raise error
        return perform(job, setup)

    monkeypatch.setattr(module, "perform", failing)
    config = translate_train_config(write_labelled_rows(tmp_path / "in.jsonl", 8), tmp_path / "run")
    if isinstance(error, UserError):
        with pytest.raises(UserError, match="wrong"):
            run(config, Listener())
    else:
        assert run(config, Listener()).summary.rows_in == 8
    assert len(tried) == attempts


def test_unknown_parameters_are_refused() -> None:
    from prefect.exceptions import ParameterTypeError

    from flows.translate_train import translate_train

    values = {"input": "a", "task": "tokens", "source": "en", "targets": ["de"], "beams": 3}
    with pytest.raises(ParameterTypeError, match="beams"):
        translate_train(config=values)
