"""Answers to questions, as spans of the context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from trainers.encoding.protocol import Feature, Limits, windows_of

ANSWER = "answer"
_LONGEST_ANSWER = 30
_BEST = 20
_CANDIDATES = 8
"""Answers per question that are kept for ensembles."""
_Answer = tuple[float, int, int]
"""Log-probability, and offsets in the context."""


@dataclass(frozen=True, slots=True)
class AnswerEncoder:
    """The `Encoder` of first and last piece of an answer; both are the first piece for none."""

    tokenizer: Any
    limits: Limits
    may_be_unanswerable: bool
    labels: tuple[str, ...] = (ANSWER,)
    longest: int = _LONGEST_ANSWER
    """Pieces of an answer, at most."""

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode` for `rows` and `training`; questions may be too long."""
        self._check_questions(rows)
        encoded = self.tokenizer(
            [row.text_pair or "" for row in rows],
            [row.text for row in rows],
            return_offsets_mapping=True,
            **self.limits.options("only_second"),
        )
        features = []
        for number, (row, inputs) in enumerate(windows_of(encoded)):
            sequence = encoded.sequence_ids(number)
            places = tuple(
                tuple(offsets) if part == 1 else None
                for part, offsets in zip(sequence, encoded["offset_mapping"][number], strict=True)
            )
            labels = _answer_pieces(rows[row], places) if training else None
            features.append(Feature(row, inputs, labels, places))
        return features

    def _check_questions(self, rows: Sequence[Row]) -> None:
        questions = self.tokenizer([row.text_pair or "" for row in rows])["input_ids"]
        room = self.limits.length - self.limits.options()["stride"] - 8
        for row, pieces in zip(rows, questions, strict=True):
            if len(pieces) > room:
                raise UserError(
                    f"the question has {len(pieces)} pieces, the model has room for {room}",
                    row=row.id,
                )

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The best answer of all windows of each of `rows`, or none where that is more probable.

        For `features` and `outputs` see `Encoder.decode`; there is a pair of outputs per window,
        for the first and the last piece.
        """
        answers: list[list[_Answer]] = [[] for _ in rows]
        no_answer = [np.inf] * len(rows)
        for feature, (starts, ends) in zip(features, outputs, strict=True):
            answers[feature.row] += self._answers(feature, starts, ends)
            # As in SQuAD 2.0's usual decoding: none only where no window has an answer.
            no_answer[feature.row] = min(no_answer[feature.row], float(starts[0] + ends[0]))
        return [
            self._choose(row, row_answers, none)
            for row, row_answers, none in zip(rows, answers, no_answer, strict=True)
        ]

    def _answers(self, feature: Feature, starts: NDArray[Any], ends: NDArray[Any]) -> list[_Answer]:
        inside = np.array([p is not None and p[0] < p[1] for p in feature.places])
        if not inside.any():
            return []
        first = [i for i in np.argsort(-np.where(inside, starts, -np.inf))[:_BEST] if inside[i]]
        last = [i for i in np.argsort(-np.where(inside, ends, -np.inf))[:_BEST] if inside[i]]
        return [
            (float(starts[i] + ends[j]), feature.places[i][0], feature.places[j][1])
            for i in first
            for j in last
            if i <= j < i + self.longest
        ]

    def _choose(self, row: Row, answers: list[_Answer], none: float) -> Prediction:
        scores = np.array([score for score, _, _ in answers] + [none] * self.may_be_unanswerable)
        if not len(scores):
            return Prediction(row.id)
        probabilities = np.exp(scores - scores.max())
        probabilities /= probabilities.sum()
        by_offsets: dict[tuple[int, int], float] = {}
        for (_, start, end), probability in zip(answers, probabilities.tolist(), strict=False):
            by_offsets[start, end] = by_offsets.get((start, end), 0.0) + probability
        # The few best answers represent all: together they get the probability of all answers.
        ranked = sorted(by_offsets.items(), key=lambda item: -item[1])[:_CANDIDATES]
        total = sum(by_offsets.values())
        scale = total / max(sum(probability for _, probability in ranked), 1e-12)
        candidates = tuple(
            Span(start, end, ANSWER, None, min(1.0, scale * probability))
            for (start, end), probability in ranked
        )
        top = int(scores.argmax())
        if top == len(answers):
            return Prediction(row.id, candidates=candidates)
        _, start, end = answers[top]
        answer = Span(start, end, ANSWER, None, float(probabilities[top]))
        return Prediction(row.id, spans=(answer,), candidates=candidates)

    def settings(self) -> dict[str, Any]:
        """Whether a question may have no answer."""
        return {"may_be_unanswerable": self.may_be_unanswerable}


def _answer_pieces(row: Row, places: Sequence[Any]) -> tuple[int, int]:
    """The pieces that the first answer starts and ends in; (0, 0) where the window lacks it."""
    if not row.spans:
        return 0, 0
    answer = row.spans[0]
    inside = [
        i
        for i, p in enumerate(places)
        if p is not None and p[0] < answer.end and answer.start < p[1]
    ]
    whole = inside and places[inside[0]][0] <= answer.start and places[inside[-1]][1] >= answer.end
    return (inside[0], inside[-1]) if whole else (0, 0)
