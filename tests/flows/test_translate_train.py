"""The Prefect flow: the same plan as without it, shown in the UI, retried where that may help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from augmentation.config import Settings
from augmentation.plan import Job, perform
from augmentation.translate_train import Watcher
from augmentation.translate_train import translate_train as in_process
from corpora.errors import UserError
from tests.augmentation.test_translate_train import Ledger, digest, write_input
from tests.augmentation.toy import ToyTranslator, toy, toy_config

__all__ = ["toy"]
pytestmark = pytest.mark.usefixtures("prefect_server")


def run(*args: Any) -> Any:
    from flows.translate_train import run_flow

    return run_flow(*args)


def client() -> Any:
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def test_the_flow_does_what_runs_without_prefect_do(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 25)
    plain, ledger = Ledger(), Ledger()
    one = in_process(toy_config(source, tmp_path / "plain", name="shown"), plain)
    other = run(toy_config(source, tmp_path / "flow", name="shown"), ledger)
    assert sorted(job.name for job in plain.jobs) == sorted(job.name for job in ledger.jobs)
    assert digest(one.run / "export") == digest(other.run / "export")
    with client() as api:
        flow_runs = api.read_flow_runs()
        (flow_run,) = [one for one in flow_runs if one.name == "shown"]
        assert flow_run.state_name == "Completed"
        artifacts = {artifact.key: artifact for artifact in api.read_artifacts()}
    assert artifacts["translate-train-progress"].data == 100.0
    assert '"rows in": 25' in artifacts["translate-train-rows"].data


@pytest.mark.parametrize(("error", "attempts"), [(OSError("busy"), 2), (UserError("wrong"), 1)])
def test_only_what_may_pass_is_tried_again(
    tmp_path: Path,
    toy: ToyTranslator,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    attempts: int,
) -> None:
    import flows.translate_train as module

    tried: list[str] = []

    def failing(job: Job, settings: Settings) -> Any:
        if job.step == "translate":
            tried.append(job.name)
            if len(tried) == 1:
                raise error
        return perform(job, settings)

    monkeypatch.setattr(module, "perform", failing)
    config = toy_config(write_input(tmp_path / "in.jsonl", 8), tmp_path / "run")
    if isinstance(error, UserError):
        with pytest.raises(UserError, match="wrong"):
            run(config, Watcher())
    else:
        assert run(config, Watcher()).summary.rows_in == 8
    assert len(tried) == attempts


def test_unknown_parameters_are_refused() -> None:
    from prefect.exceptions import ParameterTypeError

    from flows.translate_train import translate_train

    values = {"input": "a", "task": "tokens", "source": "en", "targets": ["de"], "beams": 3}
    with pytest.raises(ParameterTypeError, match="beams"):
        translate_train(config=values)
