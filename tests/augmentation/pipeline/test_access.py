"""What a configuration may make the program do, and that every such setting is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, Field

from augmentation.compare.config import CompareConfig
from augmentation.pipeline.access import Access, access_of, actions
from augmentation.pipeline.configuration import Strict, load
from augmentation.projection.config import AlignConfig, ProjectConfig
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translation.config import TranslateConfig
from augmentation.translation.fields import InputPath, Memory, OutputPath, Predictor
from corpora.checked_json import write_checked
from corpora.errors import UserError

CONFIGURATIONS = (
    AlignConfig, CompareConfig, ProjectConfig, TrainTranslatorConfig, TranslateConfig,
    TranslateTestConfig, TranslateTrainConfig,
)  # fmt: skip
NAMES_A_PATH = re.compile(
    r"\b(files?|folders?|paths?|hub|commands?|programs?|executables?)\b", re.IGNORECASE
)
NO_PATHS = {
    "BitextSource.columns", "BitextSource.name", "CompareConfig.name", "CorpusConfig.columns",
    "TrainerConfig.name", "TrainerConfig.revision",
}  # fmt: skip
"""Settings that only speak of a path: names of columns, names in tables, a revision."""


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models_in(field.annotation)
    for inner in get_args(kind):
        yield from models_in(inner)


def types_in(kind: Any) -> set[Any]:
    return {kind if isinstance(kind, type) else None}.union(*map(types_in, get_args(kind)))


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_every_setting_that_names_a_path_or_a_command_is_marked(config: type[BaseModel]) -> None:
    for model in set(models_in(config)):
        for name, field in model.model_fields.items():
            kinds, setting = types_in(field.annotation), f"{model.__name__}.{name}"
            speaks_of_one = str in kinds and NAMES_A_PATH.search(field.description or "")
            if Path in kinds or (speaks_of_one and setting not in NO_PATHS):
                assert access_of(field), f"{setting}: mark it; see augmentation.pipeline.access"


def test_every_configuration_is_checked() -> None:
    def below(kind: type[BaseModel]) -> set[type[BaseModel]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    ours = {kind for kind in below(Strict) if kind.__module__.startswith("augmentation.")}
    checked = {model for kind in CONFIGURATIONS for model in models_in(kind)}
    assert ours <= {base for model in checked for base in model.__mro__}


class Part(Strict):
    predictor: Predictor | None = None


class Example(Strict):
    input: InputPath
    out: OutputPath | None = None
    memory: Memory = None
    predictor: Predictor = "folder"
    parts: tuple[Part, ...] = ()
    part: Part = Field(default_factory=Part)
    later: Annotated[str | None, Access("runs")] = None


def manifest(tmp_path: Path, **config: Any) -> Path:
    write_checked(tmp_path / "run.json", {"config": {"input": "a", **config}, "fingerprint": "f"})
    return tmp_path / "run.json"


@pytest.mark.parametrize(
    "config",
    [{}, {"out": None, "memory": "off"}, {"memory": False}, {"memory": None},
     {"predictor": "owner/name"}, {"parts": [{"predictor": "folder"}]}, {"input": "../../x"}],
)  # fmt: skip
def test_a_manifest_chooses_what_is_read(tmp_path: Path, config: dict[str, Any]) -> None:
    loaded = load(Example, manifest(tmp_path, **config), {})
    assert loaded == Example.model_validate({"input": "a"} | config)


@pytest.mark.parametrize(
    ("config", "given", "problem"),
    [
        ({"out": "/etc"}, {"out": "run"}, "out would write to '/etc'.*give --out on the"),
        ({"memory": "../m"}, {"memory": None}, "memory would write to '../m'.*give --memory"),
        ({"predictor": "command:rm -rf x"}, {"predictor": "folder"},
         "predictor would run the command 'rm -rf x'.*give --predictor"),
        ({"parts": [{}, {"predictor": "command: a"}]}, {"parts": ()},
         "parts.1.predictor would run the command 'a'.*a configuration of your own"),
        ({"part": {"predictor": "command:a"}}, {"part": {"predictor": "command:a"}},
         "part.predictor would run the command 'a'"),
        ({"later": "make"}, {"later": "make"}, "later would run the command 'make'"),
    ],
)  # fmt: skip
def test_what_a_manifest_would_write_or_run_must_be_given(
    tmp_path: Path, config: dict[str, Any], given: dict[str, Any], problem: str
) -> None:
    file = manifest(tmp_path, **config)
    with pytest.raises(UserError, match=f"run.json: {problem}"):
        load(Example, file, {})
    assert load(Example, file, given)
    own = tmp_path / "mine.yaml"
    own.write_text(str({"input": "a"} | config), encoding="utf-8")
    assert load(Example, own, {}) == Example.model_validate({"input": "a"} | config)


def test_no_other_form_of_a_manifest_passes_for_a_configuration(tmp_path: Path) -> None:
    """Neither under its own name without a fingerprint, nor under another name."""
    file = tmp_path / "run.json"
    file.write_text('{"input": "a", "out": "/etc"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.json: not a run's manifest"):
        load(Example, file, {})
    renamed = manifest(tmp_path, out="/etc").rename(tmp_path / "my.yaml")
    with pytest.raises(UserError, match=r"my\.yaml: out would write"):
        load(Example, renamed, {})


def test_actions_of_a_configuration() -> None:
    example = Example.model_validate(
        {"input": "a", "out": "b", "parts": [{"predictor": "command:c"}]}
    )
    assert [(a.name, a.kind, a.value) for a in actions(example)] == [
        ("out", "writes", "b"), ("parts.0.predictor", "runs", "c"),
    ]  # fmt: skip
