"""Spans as IOB2 tags of words, and tags as spans, for trainers."""

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

    With `use_tokens`, a row's tokens are its words. That is for models whose training rows all had
    tokens; where some (translations) had none, all rows are cut into words by Unicode's rules.
    """

    use_tokens: bool

    @classmethod
    def for_training(cls, rows: Sequence[Row]) -> WordCutter:
        """The cutter for a model that is trained on `rows`."""
        return cls(all(row.tokens is not None for row in rows))

    def words(self, row: Row) -> Offsets:
        """Offsets of the words of `row`, independent of its spans."""
        return words_of_row(replace(row, spans=(), tokens=row.tokens if self.use_tokens else None))

    def tagged(self, row: Row) -> tuple[Offsets, list[str]]:
        """Words of `row`, cut so that every span is whole words, and their IOB2 tags.

        Raises `UserError` for overlapping spans.
        """
        offsets = words_of_row(row if self.use_tokens else replace(row, tokens=None))
        chunks: list[tuple[int, int, str]] = []
        for span in sorted(row.spans, key=lambda s: s.start):
            inside = [i for i, (a, b) in enumerate(offsets) if a < span.end and span.start < b]
            if not inside:
                continue  # nothing but spaces
            if chunks and inside[0] < chunks[-1][1]:
                raise UserError("a row to train on has overlapping spans", row=row.id)
            chunks.append((inside[0], inside[-1] + 1, span.label))
        return offsets, encode_iob2(chunks, len(offsets))


LEAST_PROBABILITY = 1e-3
"""Tags and spans that are less probable are left out of the candidates."""


def spans_of_tags(
    offsets: Sequence[tuple[int, int]], tags: Sequence[str], confidences: Sequence[float]
) -> tuple[Span, ...]:
    """The spans that the IOB2 `tags` of words mark, from words' `offsets` and `confidences`.

    The confidence of a span is the lowest of its words'. An `I-` tag that continues nothing starts
    a span, as CoNLL's scorer reads it.
    """
    spans: list[Span] = []
    open_label = None
    for (start, end), tag, confidence in zip(offsets, tags, confidences, strict=True):
        if tag == "O":
            open_label = None
            continue
        prefix, label = tag[0], tag[2:]
        if prefix == "I" and label == open_label:
            last = spans[-1]
            least = min(confidence, last.confidence if last.confidence is not None else 1.0)
            spans[-1] = replace(last, end=end, confidence=least)
        else:
            spans.append(Span(start, end, label, None, confidence))
            open_label = label
    return tuple(spans)


def candidate_spans(
    offsets: Sequence[tuple[int, int]],
    probabilities: Sequence[Mapping[str, float]],
    chosen: Sequence[Span],
) -> tuple[Span, ...]:
    """Every span that the tags' `probabilities` of each word allow, and the `chosen` ones.

    `offsets` are those of the words. A span is as probable as the least probable of its tags, its
    end counted as one.
    """
    candidates = {(span.start, span.end, span.label): span for span in chosen}
    for first, tags in enumerate(probabilities):
        for tag, probability in tags.items():
            if not tag.startswith("B-"):
                continue
            label, last = tag[2:], first
            while probability >= LEAST_PROBABILITY:
                following = probabilities[last + 1] if last + 1 < len(probabilities) else {}
                continues = following.get(f"I-{label}", 0.0)
                ends_here = min(probability, 1.0 - continues)
                if ends_here >= LEAST_PROBABILITY:
                    span = Span(offsets[first][0], offsets[last][1], label, None, ends_here)
                    candidates.setdefault((span.start, span.end, label), span)
                probability, last = min(probability, continues), last + 1
    return tuple(candidates[key] for key in sorted(candidates))
