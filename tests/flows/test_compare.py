"""The flows of translate-test and compare do what runs without Prefect do."""

from __future__ import annotations

import pytest

from augmentation.compare.run import compare as compare_here
from augmentation.compare.scores import read_results
from augmentation.translate_test.run import translate_test as translate_test_here
from tests.helpers.compare_runs import compare_config
from tests.helpers.listeners import ProgressRecorder
from tests.helpers.translate_test_runs import translate_test_config

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_translate_test_as_a_flow(tmp_path, source, toy):
    from flows.translate_test import translate_test

    plain = translate_test_here(translate_test_config(source, tmp_path / "plain"))
    flow = translate_test(translate_test_config(source, tmp_path / "flow"))
    assert flow.predictions.read_bytes() == plain.predictions.read_bytes()
    assert flow.rows == 12


def test_compare_as_a_flow(files, toy):
    from flows.compare import run_flow

    more = {"strategies": ["zero-shot", "translate-train"], "seeds": 1}
    plain = compare_here(compare_config(files, **more, out=files / "plain"))
    recorder = ProgressRecorder()
    flow = run_flow(compare_config(files, **more, out=files / "flow"), recorder)
    assert recorder.jobs() == [
        "read", "translate de", "check", "train light on source, seed 0",
        "train light on translated-de, seed 0", "light: zero-shot to de, seed 0",
        "light: translate-train to de, seed 0", "light: zero-shot to en, seed 0", "report",
    ]  # fmt: skip
    plain_results, flow_results = read_results(plain.run), read_results(flow.run)
    assert (
        plain_results["languages"][0]["strategies"][0]["scores"]
        == (flow_results["languages"][0]["strategies"][0]["scores"])
    )
