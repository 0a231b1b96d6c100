"""The configuration of few-shot."""

from __future__ import annotations

from pydantic import Field

from augmentation.pipeline.configuration import Strict


class FewShotConfig(Strict):
    """How many examples few-shot takes from the target language's training set."""

    per_class: int = Field(10, ge=1)
    """Examples of each class."""
    classes: int | None = Field(None, ge=1)
    """Of how many classes, the most frequent first; by default all."""
