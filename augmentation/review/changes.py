"""What a review changed: rows by what became of them, spans and classes by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from augmentation.review.corrections import Correction, moved_spans
from corpora.records import Span


@dataclass(slots=True)
class LabelChanges:
    """What became of the spans with one label, or of the rows with one class."""

    kept: int = 0
    moved: int = 0
    """An edge was changed."""
    relabelled: int = 0
    """It has another label now."""
    removed: int = 0
    added: int = 0


@dataclass(slots=True)
class ReviewChanges:
    """What a review changed."""

    accepted: int = 0
    corrected: int = 0
    dropped: int = 0
    rescued: int = 0
    """Rows that the run had dropped and a person took in."""
    left_dropped: int = 0
    """Rows that the run had dropped, and a person too."""
    translations: int = 0
    """Rows with a text that a person changed."""
    spans: dict[str, LabelChanges] = field(default_factory=dict)
    """By label; a span that was relabelled counts for its old label."""
    labels: dict[str, LabelChanges] = field(default_factory=dict)
    """By class of the row."""
    relabelled: Counter[str] = field(default_factory=Counter)
    """How often `old -> new`."""


def summarize_changes(corrections: Iterable[Correction]) -> ReviewChanges:
    """Add up what `corrections` changed. Spans of rows that were dropped are not counted."""
    changes = ReviewChanges()
    for correction in corrections:
        item, row = correction.item, correction.row
        changes.translations += correction.edited
        if item.drawn == "dropped":
            changes.left_dropped += row is None
            changes.rescued += row is not None
        elif row is None:
            changes.dropped += 1
        elif correction.is_error:
            changes.corrected += 1
        else:
            changes.accepted += 1
        if row is None:
            continue
        moved = moved_spans(item.row.text, row.text, item.row.spans)
        _count_spans(item.row.spans, moved, row.spans, changes)
        if item.row.label is not None and row.label is not None:
            of_label = changes.labels.setdefault(item.row.label, LabelChanges())
            if row.label == item.row.label:
                of_label.kept += 1
            else:
                of_label.relabelled += 1
                changes.relabelled[f"{item.row.label} -> {row.label}"] += 1
    return changes


def _count_spans(
    before: Sequence[Span],
    moved: Sequence[Span | None],
    after: Sequence[Span],
    changes: ReviewChanges,
) -> None:
    """Pair up the spans `before` a review, `moved` along with the text, and those `after` it: the
    same, then those with the same label that overlap, then others that do. Those whose text was
    written anew are kept where a span with their label is left."""
    left = list(after)
    open_spans = list(zip(before, moved, strict=True))
    for kind in ("kept", "moved", "relabelled", "rewritten"):
        still_open = []
        for old, now in open_spans:
            new = next((s for s in left if _is_kind(kind, old, now, s)), None)
            if new is None:
                still_open.append((old, now))
                continue
            left.remove(new)
            of_label = changes.spans.setdefault(old.label, LabelChanges())
            name = "kept" if kind == "rewritten" else kind
            setattr(of_label, name, getattr(of_label, name) + 1)
            if kind == "relabelled":
                changes.relabelled[f"{old.label} -> {new.label}"] += 1
        open_spans = still_open
    for old, _ in open_spans:
        changes.spans.setdefault(old.label, LabelChanges()).removed += 1
    for span in left:
        changes.spans.setdefault(span.label, LabelChanges()).added += 1


def _is_kind(kind: str, old: Span, now: Span | None, new: Span) -> bool:
    """Whether `new` is what became of `old`, which moved to `now` with the text (None: its text
    was written anew)."""
    same_label = old.label == new.label
    if now is None or kind == "rewritten":
        return now is None and kind == "rewritten" and same_label
    if kind == "kept":
        return same_label and (now.start, now.end) == (new.start, new.end)
    return now.start < new.end and new.start < now.end and (kind == "relabelled" or same_label)
