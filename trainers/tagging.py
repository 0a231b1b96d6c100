"""Between spans and IOB2 tags of words, for trainers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpora.errors import UserError
from corpora.records import Row, Span
from corpora.tagging import encode_iob2
from corpora.text.words import Offsets, words_of_row


@dataclass(frozen=True, slots=True)
class WordCutter:
    """How rows are cut into words, in training and in prediction alike.

    With `own`, a row's own tokens are its words. That is for models whose training rows all had
    tokens; where some (translations) had none, words by Unicode's rules are what all rows have.
    """

    own: bool

    @classmethod
    def for_training(cls, rows: Sequence[Row]) -> WordCutter:
        """The cutter for a model that is trained on `rows`."""
        return cls(all(row.tokens is not None for row in rows))

    def words(self, row: Row) -> Offsets:
        """Offsets of the words of `row`, whatever its spans are."""
        return words_of_row(replace(row, spans=(), tokens=row.tokens if self.own else None))

    def tagged(self, row: Row) -> tuple[Offsets, list[str]]:
        """Words, cut so that every span is whole words, and their IOB2 tags.

        Raises `UserError` for overlapping spans.
        """
        offsets = words_of_row(row if self.own else replace(row, tokens=None))
        chunks: list[tuple[int, int, str]] = []
        for span in sorted(row.spans, key=lambda s: s.start):
            inside = [i for i, (a, b) in enumerate(offsets) if a < span.end and span.start < b]
            if not inside:
                continue  # nothing but spaces
            if chunks and inside[0] < chunks[-1][1]:
                raise UserError("a row to train on has overlapping spans", row=row.id)
            chunks.append((inside[0], inside[-1] + 1, span.label))
        return offsets, encode_iob2(chunks, len(offsets))


LEAST_CHANCE = 1e-3
"""Tags and spans that are less probable are left out of what is weighed."""


def spans_of_tags(
    offsets: Sequence[tuple[int, int]], tags: Sequence[str], chances: Sequence[float]
) -> tuple[Span, ...]:
    """The spans that IOB2 tags mark; a span is as sure as its least sure word.

    An `I-` tag that continues nothing starts a span, as CoNLL's scorer reads it.
    """
    spans: list[Span] = []
    open_label = None
    for (start, end), tag, chance in zip(offsets, tags, chances, strict=True):
        if tag == "O":
            open_label = None
            continue
        prefix, label = tag[0], tag[2:]
        if prefix == "I" and label == open_label:
            last = spans[-1]
            least = min(chance, last.confidence if last.confidence is not None else 1.0)
            spans[-1] = replace(last, end=end, confidence=least)
        else:
            spans.append(Span(start, end, label, None, chance))
            open_label = label
    return tuple(spans)


def candidate_spans(
    offsets: Sequence[tuple[int, int]],
    chances: Sequence[Mapping[str, float]],
    chosen: Sequence[Span],
) -> tuple[Span, ...]:
    """Every span that the tags' probabilities of each word allow, and the `chosen` ones.

    A span is as probable as the least probable of its tags, its end counted as one.
    """
    found = {(span.start, span.end, span.label): span for span in chosen}
    for first, tags in enumerate(chances):
        for tag, chance in tags.items():
            if not tag.startswith("B-"):
                continue
            label, last = tag[2:], first
            while chance >= LEAST_CHANCE:
                goes_on = (
                    chances[last + 1].get(f"I-{label}", 0.0) if last + 1 < len(chances) else 0.0
                )
                here = min(chance, 1.0 - goes_on)
                if here >= LEAST_CHANCE:
                    span = Span(offsets[first][0], offsets[last][1], label, None, here)
                    found.setdefault((span.start, span.end, label), span)
                chance, last = min(chance, goes_on), last + 1
    return tuple(found[key] for key in sorted(found))
