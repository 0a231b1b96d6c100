"""What a row is: the frozen records that every layer above exchanges.

Offsets count Unicode code points of their text and are half-open. Spans are defined by them;
tokens are derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of `Row.text`: NER mention, slot, opinion target or QA answer.

    `start` and `end` are half-open code point offsets. `projector` and `confidence` (in [0, 1]) are
    set on projected spans only.
    """

    start: int
    end: int
    label: str
    projector: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a synthetic row comes from."""

    source_id: str
    source_lang: str
    source_text: str
    method: str
    """`translate-train`, `back-translation`, `round-trip`, `translate-test`."""
    model: str
    """Name and content hash of the translator, as `name@hash8`; pivots are joined with `+`."""
    translation_score: float | None = None
    """Average log-probability per target token."""
    source_text_pair: str | None = None
    source_spans: tuple[Span, ...] = ()
    scores: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """The value of every quality score, by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled example.

    For question answering `text` is the context, `text_pair` the question and `spans` the
    answers (label `answer`); an unanswerable question has no spans.
    """

    id: str
    lang: str
    """BCP 47 tag, such as `de`, `zh-Hans`."""
    text: str
    text_pair: str | None = None
    label: str | None = None
    spans: tuple[Span, ...] = ()
    target: str | None = None
    """Free-text output, translated like an input."""
    split: str | None = None
    meta: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    tokens: tuple[tuple[int, int], ...] | None = None
    """Offsets of the input's own tokens, where the input was tokenised."""
    provenance: Provenance | None = None
    labels: tuple[str, ...] | None = None
    """Classes of a row that may have any number of them, in place of `label`; empty for none of
    them, None where the row is not labelled so."""
    value: float | None = None
    """Number that the row is labelled with (similarity, rating), in place of `label`."""


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A row that a step dropped: a short machine-readable `reason`, a `detail` for people."""

    row: Row
    reason: str
    detail: str = ""
    position: int | None = field(default=None, compare=False)
    """Of a row that was bad when it was read: how many rows were read before it."""
