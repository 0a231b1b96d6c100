"""Configurations of comparisons."""

import pytest

from augmentation.compare.config import CompareConfig
from augmentation.compare.context import CompareContext
from augmentation.compare.grid import cells_of
from augmentation.pipeline.configuration import load
from tests.helpers.compare_runs import compare_config
from tests.helpers.paths import ROOT


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"strategies": ["zeroshot"]}, "no strategy 'zeroshot' .*choose from: zero-shot"),
        ({"baseline": "few-shot", "strategies": ["zero-shot"]}, "baseline 'few-shot' is not among"),
        ({"trainers": [{"kind": "transformers"}]}, "'model' goes with"),
        ({"targets": [{"lang": "en", "test": "x"}]}, "languages must differ"),
        ({"targets": [{"lang": "de", "test": "x"}]}, "few-shot needs a training set in 'de'"),
        ({"task": "qa"}, "there is no light trainer for 'qa'"),
        ({"trainers": [{"kind": "predictor"}]}, "'predictor' goes with"),
        (
            {
                "trainers": [{"kind": "predictor", "predictor": "x"}],
                "baseline": "few-shot",
                "strategies": ["few-shot"],
            },
            "takes part in zero-shot and translate-test only",
        ),
        ({"seed": 5}, "Extra inputs"),
        ({"name": "../../x"}, "name"),
        ({"name": "a b"}, "name"),
        ({"trainers": [{"name": "../x"}]}, "trainers.0.name"),
        ({"trainers": [{"kind": "transformers", "model": ".."}]}, "'..' needs a 'name'"),
        ({"seeds": [2**31]}, "less than 2147483648"),
        ({"seeds": 10**9}, "from 1 to 1000 seeds are possible, not 1000000000"),
        ({"seeds": 0}, "from 1 to 1000 seeds are possible, not 0"),
    ],
)
def test_configurations_that_make_no_sense(files, change, problem):
    with pytest.raises(ValueError, match=problem):
        compare_config(files, **change)


def test_shipped_configurations_are_valid():
    shipped = sorted((ROOT / "configs").glob("compare-*.yaml"))
    assert shipped
    for path in shipped:
        loaded = load(CompareConfig, path, {})
        assert cells_of(CompareContext(loaded, path)) or any(
            t.kind == "transformers" for t in loaded.trainers
        )
