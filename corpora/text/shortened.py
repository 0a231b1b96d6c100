"""Texts and lists cut to what a page or a terminal has room for."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

SHOWN_NAMES = 50


def shortened(text: str, most: int) -> str:
    """`text`, or where it is longer its first characters and an ellipsis, `most` in number."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def listed(names: Collection[str], most: int = SHOWN_NAMES) -> str:
    """The first `most` of `names`, with commas between them, and how many more there are."""
    shown = ", ".join(shortened(name, 200) for name in islice(names, most))
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {more:,} more"
