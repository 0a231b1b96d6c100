"""Scores: numbers with the signature of how they were computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Score:
    """`value` of metric `name`, with the `signature` that makes it reproducible."""

    name: str
    value: float
    signature: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """Per-label values, counts, confidence intervals."""
