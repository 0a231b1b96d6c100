"""Rows to what a `transformers` model is fed, and what it says back to predictions.

One class a task. A text longer than the model takes is cut into windows that overlap; in training
each is an example, in prediction their answers are put together. Nothing is left out in silence.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from trainers.tagging import LEAST_CHANCE, WordCutter, candidate_spans, spans_of_tags

_log = logging.getLogger(__name__)
IGNORED = -100
"""Where a label is no one's business: inner pieces of words, special tokens."""
ANSWER = "answer"
_LONGEST_ANSWER = 30
_BEST = 20
_WEIGHED = 8
"""Answers of a question that ensembles are told of."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One window of one row: what the model is fed, what it should say, and what is where.

    `places` has an entry a piece: the number of its word (`tokens`), its offsets in the context
    (`qa`), or None.
    """

    row: int
    inputs: dict[str, list[int]]
    labels: Any = None
    places: tuple[Any, ...] = ()

    @property
    def length(self) -> int:
        """Pieces in the window."""
        return len(self.inputs["input_ids"])


class Encoder(Protocol):
    """The conventions of one task."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that the model's outputs stand for, in their order."""
        ...

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """The windows of `rows`, in order; every row has at least one."""
        ...

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """Predictions from the model's outputs for `features` (log-probabilities a window)."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pieces a window has at most, and how many two neighbours share."""

    length: int
    overlap: int = 32

    def options(self, truncation: Any = True) -> dict[str, Any]:
        """As tokenizers take it."""
        return {
            "truncation": truncation,
            "max_length": self.length,
            "stride": min(self.overlap, self.length // 4),
            "return_overflowing_tokens": True,
        }


def _windows(encoded: Any) -> list[tuple[int, dict[str, list[int]]]]:
    """The row number and the inputs of every window."""
    kept = [k for k in ("input_ids", "attention_mask", "token_type_ids") if k in encoded]
    return [
        (int(row), {key: encoded[key][i] for key in kept})
        for i, row in enumerate(encoded["overflow_to_sample_mapping"])
    ]


@dataclass(frozen=True, slots=True)
class ClassEncoder:
    """One class a row, of a text or of a pair of texts."""

    tokenizer: Any
    labels: tuple[str, ...]
    limits: Limits
    pair: bool = False

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode`."""
        texts = [row.text for row in rows]
        if self.pair:
            # Fast tokenizers cannot give windows of two texts at once.
            encoded = self.tokenizer(
                texts,
                [row.text_pair or "" for row in rows],
                truncation="longest_first",
                max_length=self.limits.length,
                return_overflowing_tokens=False,
            )
            encoded["overflow_to_sample_mapping"] = range(len(rows))
            self._report_cut(rows, encoded["input_ids"])
        else:
            encoded = self.tokenizer(texts, **self.limits.options())
        index = {label: i for i, label in enumerate(self.labels)}
        return [
            Feature(row, inputs, index[str(rows[row].label)] if training else None)
            for row, inputs in _windows(encoded)
        ]

    def _report_cut(self, rows: Sequence[Row], pieces: Sequence[Sequence[int]]) -> None:
        full = [i for i, one in enumerate(pieces) if len(one) >= self.limits.length]
        if not full:
            return
        whole = self.tokenizer(
            [rows[i].text for i in full], [rows[i].text_pair or "" for i in full]
        )
        cut = [
            rows[i].id
            for i, one in zip(full, whole["input_ids"], strict=True)
            if len(one) > self.limits.length
        ]
        if cut:
            _log.warning(
                "%d of %d pairs are longer than the %d pieces that the model takes, and were cut "
                "at their ends (the first is %r)",
                len(cut),
                len(rows),
                self.limits.length,
                cut[0],
            )

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The class of the highest probability, averaged over a row's windows."""
        sums = np.zeros((len(rows), len(self.labels)))
        counts = np.zeros((len(rows), 1))
        for feature, chances in zip(features, outputs, strict=True):
            sums[feature.row] += np.exp(chances)
            counts[feature.row] += 1
        return [
            Prediction(
                row.id,
                self.labels[int(mean.argmax())],
                dict(zip(self.labels, mean.tolist(), strict=True)),
            )
            for row, mean in zip(rows, sums / counts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class TagEncoder:
    """An IOB2 tag a word; the first piece of a word speaks for it."""

    tokenizer: Any
    labels: tuple[str, ...]
    """The tags."""
    limits: Limits
    cutter: WordCutter

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode`."""
        index = {tag: i for i, tag in enumerate(self.labels)}
        cut = [
            self.cutter.tagged(row) if training else (self.cutter.words(row), []) for row in rows
        ]
        words = [
            [row.text[a:b] for a, b in offsets] for row, (offsets, _) in zip(rows, cut, strict=True)
        ]
        encoded = self.tokenizer(words, is_split_into_words=True, **self.limits.options())
        out = []
        for number, (row, inputs) in enumerate(_windows(encoded)):
            places = _first_pieces(encoded.word_ids(number))
            labels = None
            if training:
                tags = cut[row][1]
                labels = [IGNORED if w is None else index[tags[w]] for w in places]
            out.append(Feature(row, inputs, labels, tuple(places)))
        return out

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The most probable legal sequence of tags of each row, as spans."""
        offsets = [self.cutter.words(row) for row in rows]
        chances = [np.zeros((len(words), len(self.labels))) for words in offsets]
        edges = [np.full(len(words), -1) for words in offsets]
        for feature, output in zip(features, outputs, strict=True):
            for at, word in enumerate(feature.places):
                # Of two windows the one that sees more around a word has the say.
                around = min(at, feature.length - at)
                if word is not None and around > edges[feature.row][word]:
                    edges[feature.row][word] = around
                    chances[feature.row][word] = output[at]
        return [
            self._choose(row, words, matrix, seen >= 0)
            for row, words, matrix, seen in zip(rows, offsets, chances, edges, strict=True)
        ]

    def _choose(
        self,
        row: Row,
        words: Sequence[tuple[int, int]],
        chances: NDArray[Any],
        seen: NDArray[Any],
    ) -> Prediction:
        if "O" in self.labels:  # a word that the tokenizer knows no piece of
            chances[~seen] = -1e4
            chances[~seen, self.labels.index("O")] = 0.0
        path = best_path(chances, self.labels)
        sure = np.exp(chances[np.arange(len(path)), path]).tolist()
        tags = [as_iob2(label) for label in self.labels]
        spans = spans_of_tags(words, [tags[i] for i in path], sure)
        weighed: list[dict[str, float]] = [{} for _ in words]
        likely = np.exp(chances)
        for word, label in np.argwhere(likely >= LEAST_CHANCE).tolist():
            found = weighed[word]
            found[tags[label]] = found.get(tags[label], 0.0) + float(likely[word, label])
        return Prediction(row.id, spans=spans, candidates=candidate_spans(words, weighed, spans))


def _first_pieces(words: Sequence[int | None]) -> list[int | None]:
    out: list[int | None] = []
    last = None
    for word in words:
        out.append(word if word != last else None)
        last = word if word is not None else last
    return out


def as_iob2(tag: str) -> str:
    """A tag of any scheme as one of IOB2: `E-` and `L-` go on, `S-` and `U-` start.

    A label without prefix is one that goes on where it can.
    """
    if tag == "O" or not tag:
        return "O"
    prefix, hyphen, label = tag.partition("-")
    if not hyphen or prefix not in "BIESLU" or len(prefix) != 1:
        return f"I-{tag}"
    return f"{'B' if prefix in 'BSU' else 'I'}-{label}"


def best_path(chances: NDArray[Any], tags: Sequence[str]) -> list[int]:
    """The most probable sequence of tags in which every `I-X` follows a `B-X` or `I-X` (Viterbi).

    `chances` are log-probabilities of shape (words, tags). Tag sets without `B-` are free.
    """
    if not len(chances):
        return []
    allowed = np.zeros((len(tags), len(tags)))
    start = np.zeros(len(tags))
    if any(tag.startswith("B-") for tag in tags):
        for j, tag in enumerate(tags):
            if tag.startswith("I-") and f"B-{tag[2:]}" in tags:
                start[j] = -np.inf
                for i, before in enumerate(tags):
                    if before[1:2] != "-" or before[2:] != tag[2:]:
                        allowed[i, j] = -np.inf
    score = chances[0] + start
    back = []
    for row in chances[1:]:
        options = score[:, None] + allowed
        back.append(options.argmax(axis=0))
        score = options.max(axis=0) + row
    path = [int(score.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


@dataclass(frozen=True, slots=True)
class AnswerEncoder:
    """First and last piece of an answer in the context; both at the first piece for none."""

    tokenizer: Any
    limits: Limits
    may_be_unanswerable: bool
    labels: tuple[str, ...] = (ANSWER,)
    longest: int = _LONGEST_ANSWER
    """Pieces of an answer, at most."""

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode`."""
        self._check_questions(rows)
        encoded = self.tokenizer(
            [row.text_pair or "" for row in rows],
            [row.text for row in rows],
            return_offsets_mapping=True,
            **self.limits.options("only_second"),
        )
        out = []
        for number, (row, inputs) in enumerate(_windows(encoded)):
            sequence = encoded.sequence_ids(number)
            places = tuple(
                tuple(offsets) if part == 1 else None
                for part, offsets in zip(sequence, encoded["offset_mapping"][number], strict=True)
            )
            labels = _answer_pieces(rows[row], places) if training else None
            out.append(Feature(row, inputs, labels, places))
        return out

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
        """The best answer of all windows, or none where that is more probable."""
        best: list[list[tuple[float, int, int]]] = [[] for _ in rows]
        null = [np.inf] * len(rows)
        for feature, (starts, ends) in zip(features, outputs, strict=True):
            best[feature.row] += self._candidates(feature, starts, ends)
            # As in SQuAD 2.0's usual decoding: none only where no window has an answer.
            null[feature.row] = min(null[feature.row], float(starts[0] + ends[0]))
        return [
            self._choose(row, found, none)
            for row, found, none in zip(rows, best, null, strict=True)
        ]

    def _candidates(
        self, feature: Feature, starts: NDArray[Any], ends: NDArray[Any]
    ) -> list[tuple[float, int, int]]:
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

    def _choose(self, row: Row, found: list[tuple[float, int, int]], none: float) -> Prediction:
        scores = np.array([score for score, _, _ in found] + [none] * self.may_be_unanswerable)
        if not len(scores):
            return Prediction(row.id)
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        weighed: dict[tuple[int, int], float] = {}
        for (_, start, end), chance in zip(found, chances.tolist(), strict=False):
            weighed[start, end] = weighed.get((start, end), 0.0) + chance
        # The few best answers stand for all: together they are as likely as any answer was.
        ranked = sorted(weighed.items(), key=lambda one: -one[1])[:_WEIGHED]
        scale = sum(weighed.values()) / max(sum(chance for _, chance in ranked), 1e-12)
        candidates = tuple(
            Span(start, end, ANSWER, None, min(1.0, scale * chance))
            for (start, end), chance in ranked
        )
        top = int(scores.argmax())
        if top == len(found):
            return Prediction(row.id, candidates=candidates)
        _, start, end = found[top]
        answer = Span(start, end, ANSWER, None, float(chances[top]))
        return Prediction(row.id, spans=(answer,), candidates=candidates)


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


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """Text in, text out."""

    tokenizer: Any
    limits: Limits
    target_length: int
    labels: tuple[str, ...] = field(default=())

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode`; raises `UserError` for a text longer than the model takes."""
        encoded = self.tokenizer([row.text for row in rows])
        targets: list[Any] = [None] * len(rows)
        if training:
            targets = self.tokenizer(text_target=[row.target or "" for row in rows])["input_ids"]
        out = []
        for number, row in enumerate(rows):
            inputs = {k: encoded[k][number] for k in ("input_ids", "attention_mask")}
            self._check(row, "text", len(inputs["input_ids"]), self.limits.length)
            if training:
                self._check(row, "target", len(targets[number]), self.target_length)
            out.append(Feature(number, inputs, targets[number]))
        return out

    def _check(self, row: Row, name: str, length: int, limit: int) -> None:
        if length > limit:
            raise UserError(f"the {name} has {length} pieces, the model takes {limit}", row=row.id)

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The texts of the generated pieces."""
        texts = self.tokenizer.batch_decode(
            [np.asarray(one).tolist() for one in outputs], skip_special_tokens=True
        )
        return [
            replace(Prediction(row.id), target=text.strip())
            for row, text in zip(rows, texts, strict=True)
        ]
