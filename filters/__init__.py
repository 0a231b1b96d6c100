"""Quality filters by name: each scores rows, then accepts or drops them with a reason.

`load_filter` imports only the module of the filter that it loads. A new filter is a file with a
class that implements `Filter`, and a line in `FILTERS`.
"""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from corpora.errors import UserError

if TYPE_CHECKING:
    from filters.protocol import Filter

FILTERS: dict[str, str] = {
    "alphabet": "filters.alphabet:AlphabetShare",
    "duplicate": "filters.duplicate:Duplicate",
    "empty": "filters.empty:Empty",
    "language": "filters.language:WrongLanguage",
    "length-ratio": "filters.length_ratio:LengthRatio",
    "numbers": "filters.numbers:NumberMismatch",
    "reserved": "filters.reserved:ReservedSymbols",
    "too-long": "filters.too_long:TooLong",
    "untranslated": "filters.untranslated:Untranslated",
}
"""The name, which is the drop reason, and the class of every filter."""


def load_filter(name: str, **options: Any) -> Filter:
    """The filter called `name`, made with `options`.

    Raises `UserError` for an unknown name, for an option that the filter does not have, and for one
    that is missing.
    """
    if name not in FILTERS:
        raise UserError(f"unknown filter {name!r}", choices=FILTERS)
    module, attribute = FILTERS[name].split(":")
    factory = getattr(importlib.import_module(module), attribute)
    parameters = inspect.signature(factory).parameters
    for option in options:
        if option not in parameters:
            raise UserError(f"filter {name!r} has no option {option!r}", choices=parameters)
    missing = sorted(
        option
        for option, parameter in parameters.items()
        if parameter.default is parameter.empty and option not in options
    )
    if missing:
        raise UserError(f"filter {name!r} needs {' and '.join(missing)}")
    made: Filter = factory(**options)
    return made
