"""The flows of translate-test and compare do what runs without Prefect do."""

from __future__ import annotations

import pytest

from augmentation.compare.run import compare as compare_here
from augmentation.compare.scores import read_results
from augmentation.translate_test.run import translate_test as translate_test_here
from tests.augmentation.test_compare import Seen, files
from tests.augmentation.test_compare import config as compare_config
from tests.augmentation.test_translate_test import config as translate_config
from tests.augmentation.test_translate_test import source
from tests.augmentation.toy import toy

__all__ = ["files", "source", "toy"]
pytestmark = pytest.mark.usefixtures("prefect_server")


def test_translate_test_as_a_flow(tmp_path, source, toy):
    from flows.translate_test import translate_test

    plain = translate_test_here(translate_config(source, tmp_path / "plain"))
    flow = translate_test(translate_config(source, tmp_path / "flow"))
    assert flow.predictions.read_bytes() == plain.predictions.read_bytes()
    assert flow.rows == 12


def test_compare_as_a_flow(files, toy):
    from flows.compare import run_flow

    more = {"strategies": ["zero-shot", "translate-train"], "seeds": 1}
    plain = compare_here(compare_config(files, **more, out=files / "plain"))
    seen = Seen()
    flow = run_flow(compare_config(files, **more, out=files / "flow"), seen)
    assert [progress.job for progress in seen.progress] == [
        "read", "translate de", "check", "train light on source, seed 0",
        "train light on translated-de, seed 0", "light: zero-shot to de, seed 0",
        "light: translate-train to de, seed 0", "light: zero-shot to en, seed 0", "report",
    ]  # fmt: skip
    one, other = read_results(plain.run), read_results(flow.run)
    assert (
        one["languages"][0]["strategies"][0]["scores"]
        == (other["languages"][0]["strategies"][0]["scores"])
    )
