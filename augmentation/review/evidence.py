"""What a review teaches later runs: people's translations of sentences, and texts of spans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from augmentation.review.answers import TEXTS
from augmentation.review.corrections import Correction
from augmentation.translation.human import HumanRecord
from corpora.records import Row, Span
from translators.sentences import join_across

Split = Callable[[str, str], Sequence[tuple[int, int]]]
"""A text and its language to the offsets of its sentences."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes to the translation memory."""

    records: tuple[HumanRecord, ...]
    unpaired: int
    """Texts that people changed and whose sentences cannot be paired with those of the source."""


def evidence_of(run: str, corrections: Iterable[Correction], split: Split) -> Evidence:
    """What `corrections` of the run called `run` say of sentences and spans.

    `split` finds sentences. Those of a text that a person changed are all theirs: each was read.
    Spans are paired where a row has one of a label on both sides, or several with one text each.
    """
    records: list[HumanRecord] = []
    unpaired = 0
    for correction in corrections:
        row = correction.row
        origin = None if row is None else row.provenance
        if row is None or origin is None:
            continue
        if correction.edited:
            pairs = list(_sentences(correction, row, split))
            unpaired += pairs.count(None)
            records += [HumanRecord("sentence", *pair) for pair in pairs if pair is not None]
        name = f"{run}/{row.id}"
        records += [
            HumanRecord("span", source, target, name, label)
            for source, target, label in span_pairs(
                origin.source_text, origin.source_spans, row.text, row.spans
            )
        ]
    return Evidence(tuple(records), unpaired)


def _sentences(correction: Correction, row: Row, split: Split) -> Iterator[tuple[str, str] | None]:
    """The sentences of the texts that were changed, with their translations; None for a text whose
    sentences differ in number. The source of `target` is not kept with a row."""
    origin = row.provenance
    if origin is None:
        return
    sources = {"text": origin.source_text, "text_pair": origin.source_text_pair}
    for field in TEXTS:
        new, source = getattr(row, field), sources.get(field)
        if new == getattr(correction.item.row, field):
            continue
        if source is None:
            yield None
            continue
        cuts, targets = list(split(source, origin.source_lang)), list(split(new, row.lang))
        if field == "text":
            spans = [(span.start, span.end) for span in origin.source_spans]
            cuts = join_across(cuts, spans)
        if len(cuts) == 1:
            yield source[slice(*cuts[0])], new.strip()
        elif len(cuts) == len(targets):
            for cut, target in zip(cuts, targets, strict=True):
                yield source[slice(*cut)], new[slice(*target)]
        else:
            yield None


def span_pairs(
    source: str, source_spans: Sequence[Span], target: str, target_spans: Sequence[Span]
) -> Iterator[tuple[str, str, str]]:
    """Text of the span in `source`, text of that in `target`, and label, where `source_spans` and
    `target_spans` can be paired by their labels."""
    for label in dict.fromkeys(span.label for span in target_spans):
        left = [source[s.start : s.end] for s in source_spans if s.label == label]
        right = [target[s.start : s.end] for s in target_spans if s.label == label]
        if len(left) == len(right) and len(set(left)) == len(set(right)) == 1:
            yield left[0], right[0], label
