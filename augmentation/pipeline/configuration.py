"""Reading and checking the configuration of any pipeline, from YAML files and the command line."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from inspect import cleandoc
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from augmentation.pipeline.access import refuse_actions
from corpora.errors import UserError
from corpora.manifest import RUN_FILE

_MUST = "it must be "
_FORMS = {
    "a whole number": ("int_type", "int_parsing", "int_from_float"),
    "a number": ("float_type", "float_parsing"),
    "true or false": ("bool_type", "bool_parsing"),
    "text": ("string_type",),
    "a path": ("path_type",),
    "a list": ("tuple_type", "list_type"),
    "a mapping of settings": ("model_type", "dict_type", "model_attributes_type"),
}
"""What a value must be, by the types of Pydantic's errors."""
Settings = TypeVar("Settings", bound=BaseModel)


class MissingSettingsError(UserError):
    """Settings without a default that were not given, in `file` either; `paths` lead to each."""

    def __init__(self, paths: Sequence[tuple[str | int, ...]], file: Path | None = None) -> None:
        names = [repr(".".join(map(str, path))) for path in paths]
        super().__init__(f"{' and '.join(names)} must be given", file=file)
        self.paths = paths


class Strict(BaseModel):
    """Base of all configuration: unknown keys are refused, values never change.

    The validator is built on first use, because help pages need the fields alone. So a nested
    configuration's default is a `default_factory`; an instance would be validated at import.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Describe each setting by the docstring below it.

        Pydantic's `use_attribute_docstrings` does the same, in most of the time that `--help` has.
        """
        texts = _docstrings(cls.__module__)
        for name, field in cls.model_fields.items():
            field.description = field.description or texts.get((cls.__name__, name))


@lru_cache
def _docstrings(module: str) -> dict[tuple[str, str], str]:
    """The docstrings of attributes in the source of `module`, by class and attribute."""
    file = getattr(sys.modules[module], "__file__", None)
    texts: dict[tuple[str, str], str] = {}
    for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))) if file else ():
        if not isinstance(node, ast.ClassDef):
            continue
        for attribute, after in pairwise(node.body):
            match attribute, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    texts[node.name, name] = cleandoc(text)
    return texts


def load(kind: type[Settings], file: Path | None, given: Mapping[str, Any]) -> Settings:
    """The configuration of type `kind` from the YAML `file` and `given`, which wins; nested keys
    are merged.

    A run's manifest may come from anyone: what its settings would run or write must be among those
    `given` (see `augmentation.pipeline.access`). Raises `UserError` that names the file and the key
    for what is unknown or makes no sense.
    """
    if file is None:
        return validate(kind, given)
    values = _read_yaml(file)
    manifest = _manifest_config(values, file)
    config = validate(kind, _merge(values if manifest is None else manifest, given), file)
    if manifest is not None:
        refuse_actions(config, given, file)
    return config


def _manifest_config(values: Mapping[str, Any], file: Path) -> Mapping[str, Any] | None:
    """The configuration in `values`, the content of `file`, if that is a run's manifest; else None.

    Raises `UserError` for a manifest without one, and for another file called `run.json`, which
    would pass for a manifest.
    """
    if not {"config", "fingerprint"} <= values.keys() and file.name != RUN_FILE:
        return None
    config = values.get("config")
    if not isinstance(config, dict):
        raise UserError("not a run's manifest: its 'config' is no mapping", file=file)
    return config


def validate(kind: type[Settings], values: Mapping[str, Any], file: Path | None = None) -> Settings:
    """`values` as a configuration of type `kind`; raises `UserError` naming the key that is wrong,
    and the `file` that it comes from."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        problems = error.errors()
        missing = [problem["loc"] for problem in problems if problem["type"] == "missing"]
        if missing and len(missing) == len(problems):
            raise MissingSettingsError(missing, file) from error
        raise UserError(explain(error, values), file=file) from error


def explain(error: ValidationError, values: Any) -> str:
    """The first problem of `error` in words: which key of `values`, what is wrong with it, and what
    it is."""
    # What is there and wrong is of more use than what is not there.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] == "missing")
    first = problems[0]
    if first["type"] == "extra_forbidden":
        return f"unknown setting {'.'.join(map(str, first['loc']))!r}"
    # For a setting of several types there is an error per type; keep those that got furthest.
    rivals = [
        (_key_path(p["loc"], values), p) for p in problems if p["loc"][:1] == first["loc"][:1]
    ]
    key_path = max((path for path, _ in rivals), key=len)
    messages = dict.fromkeys(_message(p) for path, p in rivals if path == key_path)
    message = " or ".join(messages).replace(f" or {_MUST}", " or ")
    value = next(p["input"] for path, p in rivals if path == key_path)
    if isinstance(value, int | float):
        message += f", not {value}"
    if isinstance(value, bool) and ("number" in message or "than" in message):
        message += " (what may be off is off with null)"
    elif isinstance(value, bool):
        message += " (YAML takes a bare yes, no, on or off for that: put it in quotes)"
    return f"{'.'.join(map(str, key_path))}: {message}" if key_path else message


def _message(problem: Mapping[str, Any]) -> str:
    """Pydantic's message for one problem; choices are listed as in our other messages."""
    if problem["type"] == "literal_error" and " or " in problem["ctx"]["expected"]:
        expected = problem["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        return f"no {problem['input']!r} here (choose from: {expected})"
    for form, types in _FORMS.items():
        if problem["type"] in types:
            return f"{_MUST}{form}"
    text = str(problem["msg"]).removeprefix("Value error, ")
    return text.replace("Input should be ", _MUST)


def _key_path(loc: Sequence[str | int], values: Any) -> tuple[str | int, ...]:
    """The parts of `loc` that lead through `values`; the others name types of the schema."""
    key_path: list[str | int] = []
    for part in loc:
        with suppress(KeyError, IndexError, TypeError):
            values = values[part]
            key_path.append(part)
    return tuple(key_path)


def _read_yaml(file: Path) -> dict[str, Any]:
    import yaml  # here: help pages have no use for it

    from augmentation.pipeline.bounded_yaml import load_bounded

    try:
        values = load_bounded(file)
    except FileNotFoundError as error:
        raise UserError("no such file", file=file) from error
    except IsADirectoryError as error:
        raise UserError("this is a folder, not a file", file=file) from error
    except RecursionError as error:
        raise UserError("not YAML: nested too deeply", file=file) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        line = None if mark is None else mark.line + 1
        raise UserError(f"not YAML: {problem}", file=file, line=line) from error
    if not isinstance(values, dict):
        raise UserError("not a configuration: it must be a mapping of settings", file=file)
    return values


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged
