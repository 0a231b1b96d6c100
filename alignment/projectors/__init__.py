"""Span projectors by name.

`load_projector` imports only the module of the projector that is asked for.
"""

from __future__ import annotations

import importlib
import inspect
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


_NUMBERS = {"float": "a number", "int": "a whole number"}
"""Annotations of options that are numbers, and how to call those."""


def load_projector(name: str = DEFAULT_PROJECTOR, **options: Any) -> SpanProjector:
    """The projector called `name`, made with `options`.

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
        wanted = _NUMBERS.get(known[option].annotation)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, dict) or (wanted and not is_number):
            problem = f"is {value!r}, not {wanted or 'a value'}"
            raise UserError(f"projector '{name}': option '{option}' {problem}")
    projector: SpanProjector = factory(**options)
    return projector
