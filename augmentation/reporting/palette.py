"""Colours for labels."""

from __future__ import annotations

from collections.abc import Iterable

_GOLDEN_ANGLE = 137.5


class Palette:
    """A colour for every label; labels next to each other in the given order differ much in hue."""

    def __init__(self, labels: Iterable[str]) -> None:
        """Give `labels` their hues, the most frequent label first."""
        self._hues = {
            label: round(number * _GOLDEN_ANGLE % 360) for number, label in enumerate(labels)
        }

    def hue(self, label: str) -> int:
        """The hue of `label`, in degrees; 0 for a label that the palette was not made for."""
        return self._hues.get(label, 0)
