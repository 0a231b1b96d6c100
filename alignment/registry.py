"""Objects by name, made with options that a configuration file gave: aligners and projectors."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from corpora.errors import UserError


def _is_plain(value: Any) -> bool:
    """Whether `value` can be in a configuration file, and is not an object of ours."""
    return value is None or isinstance(value, bool | int | float | str | list | tuple | dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or not _is_plain(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_name, value))


_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "float": ("a number", _is_number),
    "int": ("a whole number", lambda value: _is_number(value) and isinstance(value, int)),
    "str": ("a name", lambda value: isinstance(value, str)),
    "str | None": ("a name", lambda value: value is None or isinstance(value, str)),
    "Any": ("a value", lambda value: not isinstance(value, dict)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str | Path | None": ("a file's name", lambda value: value is None or _is_name(value)),
    "str | WordAligner": ("a name", _is_name),
    "str | SpanProjector": ("a name", _is_name),
    "Sequence[str]": ("a list of names", _are_names),
    "Sequence[str | SpanProjector]": ("a list of names", _are_names),
    "Sequence[WordPair]": (
        "a list of sentence pairs",
        lambda value: isinstance(value, list | tuple) and not any(map(_is_plain, value)),
    ),
}
"""What an option takes, by its annotation: in words, and a test."""
_OBJECT = ("an object that a program makes", lambda value: value is None or not _is_plain(value))


def load(kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]) -> Any:
    """The object called `name` in `registry`, made with `options`.

    `registry` has `module:class` for every name; only that module is imported. `kind` is how
    messages call its objects. A single name may be given for a list of names. Raises `UserError`
    for an unknown name, and for an option that the class does not take or that is of another type
    than it takes.
    """
    if name not in registry:
        raise UserError(f"unknown {kind} '{name}'", choices=registry)
    module, attribute = registry[name].split(":")
    factory = getattr(importlib.import_module(module), attribute)
    parameters = inspect.signature(factory).parameters
    values = dict(options)
    for option, value in options.items():
        if option not in parameters:
            raise UserError(f"{kind} '{name}' has no option '{option}'", choices=parameters)
        annotation = parameters[option].annotation
        if annotation.startswith("Sequence[") and isinstance(value, str):
            values[option] = value = (value,)
        expected, fits = _EXPECTED.get(annotation, _OBJECT)
        if not fits(value):
            raise UserError(f"{kind} '{name}': option '{option}' is {value!r}, not {expected}")
    missing = [n for n, p in parameters.items() if p.default is p.empty and n not in values]
    if missing:
        raise UserError(f"{kind} '{name}' cannot be made here: it needs {' and '.join(missing)}")
    return factory(**values)
