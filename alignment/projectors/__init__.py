"""Span projectors by name.

`load_projector` imports only the module of the projector that is asked for.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from alignment.protocol import SpanProjector
from corpora.errors import UserError

DEFAULT_PROJECTOR = "aligned"
"""By far the best (`benchmarks/RESULTS.md`), for a third of a millisecond a span; `attention` is
for runs of millions of rows whose model was taught an alignment."""

PROJECTORS: dict[str, str] = {
    "aligned": "alignment.projectors.aligned:AlignedProjector",
    "attention": "alignment.projectors.attention:AttentionProjector",
    "candidate": "alignment.projectors.candidate:CandidateProjector",
    "marker": "alignment.projectors.marker:MarkerProjector",
    "vote": "alignment.projectors.vote:VoteProjector",
}


def _is_plain(value: Any) -> bool:
    """Whether `value` is what a configuration file can hold, and no object of ours."""
    return value is None or isinstance(value, bool | int | float | str | list | tuple | dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or not _is_plain(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_name, value))


_WANTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "float": ("a number", _is_number),
    "int": ("a whole number", lambda value: _is_number(value) and isinstance(value, int)),
    "Any": ("a value", lambda value: not isinstance(value, dict)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str | Path | None": ("a file's name", lambda value: value is None or _is_name(value)),
    "str | WordAligner": ("a name", _is_name),
    "str | SpanProjector": ("a name", _is_name),
    "Sequence[str]": ("a list of names", _are_names),
    "Sequence[str | SpanProjector]": ("a list of names", _are_names),
}
"""What an option takes by its annotation: in words, and how to tell."""
_OBJECT = ("an object that a program makes", lambda value: value is None or not _is_plain(value))


def load_projector(name: str = DEFAULT_PROJECTOR, **options: Any) -> SpanProjector:
    """The projector called `name`, made with `options`; a single name will do for a list.

    Raises `UserError` for an unknown name, and for an option that the projector does not take or
    that is of another type than it takes.
    """
    if name not in PROJECTORS:
        raise UserError(f"unknown projector '{name}'", choices=PROJECTORS)
    module, attribute = PROJECTORS[name].split(":")
    factory = getattr(importlib.import_module(module), attribute)
    known = inspect.signature(factory).parameters
    for option, value in options.items():
        if option not in known:
            raise UserError(f"projector '{name}' has no option '{option}'", choices=known)
        annotation = known[option].annotation
        if annotation.startswith("Sequence[") and isinstance(value, str):
            options[option] = value = (value,)
        wanted, fits = _WANTED.get(annotation, _OBJECT)
        if not fits(value):
            raise UserError(f"projector '{name}': option '{option}' is {value!r}, not {wanted}")
    missing = [n for n, one in known.items() if one.default is one.empty and n not in options]
    if missing:
        raise UserError(f"projector '{name}' cannot be made here: it needs {' and '.join(missing)}")
    projector: SpanProjector = factory(**options)
    return projector
