"""Configuration from YAML files and the command line, whatever it is for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from corpora.checks import TASKS, Task
from corpora.errors import UserError
from translators.languages import normalise_tag

Settings = TypeVar("Settings", bound=BaseModel)


class Strict(BaseModel):
    """Configuration: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _known_task(value: object) -> object:
    if value not in TASKS:
        raise ValueError(f"no task {value!r} (choose from: {', '.join(sorted(TASKS))})")
    return value


def _known_language(tag: str) -> str:
    try:
        return normalise_tag(tag)
    except UserError as error:
        raise ValueError(str(error)) from error


def _some_models(models: object) -> object:
    if models == ():
        raise ValueError("no model is named; null is the one that ships")
    return models


KnownTask = Annotated[Task, BeforeValidator(_known_task)]
"""A task; one that does not exist is an error that lists those that do."""
Language = Annotated[str, AfterValidator(_known_language)]
"""A BCP 47 tag, in its usual spelling."""
Languages = Annotated[
    tuple[Language, ...],
    Field(min_length=1),
    BeforeValidator(lambda tags: (tags,) if isinstance(tags, str) else tags),
    AfterValidator(lambda tags: tuple(dict.fromkeys(tags))),
]
"""One or more, each once; a single one needs no list."""
Models = Annotated[str | tuple[str, ...] | None, AfterValidator(_some_models)]
"""Name in the store or path of a translator; several for pivoting; null is the one that ships."""


def load(kind: type[Settings], file: Path | None, given: Mapping[str, Any]) -> Settings:
    """The configuration of a YAML file and of `given`, which wins; nested keys are merged.

    Raises `UserError` that names the file and the key for what is unknown or makes no sense.
    """
    values = {} if file is None else _read_yaml(file)
    return validate(kind, _merge(values, given), file)


def validate(kind: type[Settings], values: Mapping[str, Any], file: Path | None = None) -> Settings:
    """`values` as a configuration; raises `UserError` naming the key that is wrong."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            raise UserError(f"unknown setting {key!r}", file=file) from error
        if problem["type"] == "missing":
            raise UserError(f"{key!r} must be given", file=file) from error
        if isinstance(problem["input"], int | float):
            said = f"{said}, not {problem['input']}"
        raise UserError(f"{key}: {said}" if key else said, file=file) from error


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError("no such file", file=file) from error
    except IsADirectoryError as error:
        raise UserError("this is a folder, not a file", file=file) from error
    except RecursionError as error:
        raise UserError("not YAML: nested too deeply", file=file) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"not YAML: {error}", file=file) from error
    if not isinstance(values, dict):
        raise UserError("not a configuration: it must be a mapping of settings", file=file)
    if {"config", "fingerprint"} <= values.keys():  # a run's manifest, to make the run again
        values = values["config"]
        if not isinstance(values, dict):
            raise UserError("not a run's manifest: its 'config' is no mapping", file=file)
    return values


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged
