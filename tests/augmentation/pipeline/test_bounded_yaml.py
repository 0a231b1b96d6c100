from __future__ import annotations

from pathlib import Path

import pytest

from augmentation.pipeline.bounded_yaml import MAX_BYTES, load_bounded
from augmentation.translate_train.config import load_config
from corpora.errors import UserError

_BASE = "input: a.jsonl\ntask: tokens\nsource: en\ntargets: [de]\n"
_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)


def _file(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_aliases_count_as_what_they_stand_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"may have 20,000 values, and this has [0-9,]{30,}"):
        load_config(_file(tmp_path, _BASE + _BOMB), {})


def test_a_few_aliases_are_fine(tmp_path: Path) -> None:
    path = _file(tmp_path, "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n")
    assert load_bounded(path) == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_a_value_within_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a value contains itself"):
        load_config(_file(tmp_path, _BASE + "columns: &a [*a]\n"), {})


def test_a_configuration_has_a_greatest_size(tmp_path: Path) -> None:
    path = _file(tmp_path, _BASE + "#" * MAX_BYTES)
    with pytest.raises(UserError, match=r"may have 4,000,000 bytes, and this has 4,0"):
        load_config(path, {})
    with pytest.raises(UserError, match="may have 20,000 values, and this has more"):
        load_config(_file(tmp_path, "a: [" + "1, " * 30_000 + "]"), {})
