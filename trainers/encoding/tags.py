"""Tagging of words, for spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.predictions import Prediction
from corpora.records import Row
from trainers.encoding.protocol import IGNORED, Feature, Limits, windows_of
from trainers.tagging import LEAST_PROBABILITY, WordCutter, candidate_spans, spans_of_tags


@dataclass(frozen=True, slots=True)
class TagEncoder:
    """The `Encoder` of an IOB2 tag per word; predicted at the first piece of the word."""

    tokenizer: Any
    labels: tuple[str, ...]
    """The tags."""
    limits: Limits
    cutter: WordCutter

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode` for `rows` and `training`."""
        index = {tag: i for i, tag in enumerate(self.labels)}
        cut = [
            self.cutter.tagged(row) if training else (self.cutter.words(row), []) for row in rows
        ]
        words = [
            [row.text[a:b] for a, b in offsets] for row, (offsets, _) in zip(rows, cut, strict=True)
        ]
        encoded = self.tokenizer(words, is_split_into_words=True, **self.limits.options())
        features = []
        for number, (row, inputs) in enumerate(windows_of(encoded)):
            places = _first_pieces(encoded.word_ids(number))
            labels = None
            if training:
                tags = cut[row][1]
                labels = [IGNORED if w is None else index[tags[w]] for w in places]
            features.append(Feature(row, inputs, labels, tuple(places)))
        return features

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The most probable legal sequence of tags of each of `rows`, as spans.

        For `features` and `outputs` see `Encoder.decode`.
        """
        offsets = [self.cutter.words(row) for row in rows]
        matrices = [np.zeros((len(words), len(self.labels))) for words in offsets]
        contexts = [np.full(len(words), -1) for words in offsets]
        for feature, output in zip(features, outputs, strict=True):
            for at, word in enumerate(feature.places):
                # Where windows overlap, the one with more context around a word tags it.
                context = min(at, feature.length - at)
                if word is not None and context > contexts[feature.row][word]:
                    contexts[feature.row][word] = context
                    matrices[feature.row][word] = output[at]
        return [
            self._choose(row, words, matrix, context >= 0)
            for row, words, matrix, context in zip(rows, offsets, matrices, contexts, strict=True)
        ]

    def _choose(
        self,
        row: Row,
        words: Sequence[tuple[int, int]],
        log_probabilities: NDArray[Any],
        seen: NDArray[Any],
    ) -> Prediction:
        """The prediction from a matrix (words, tags); values lack where a word has no piece."""
        if "O" in self.labels:  # a word of which the tokenizer makes no piece
            log_probabilities[~seen] = -1e4
            log_probabilities[~seen, self.labels.index("O")] = 0.0
        path = best_path(log_probabilities, self.labels)
        confidences = np.exp(log_probabilities[np.arange(len(path)), path]).tolist()
        tags = [as_iob2(label) for label in self.labels]
        spans = spans_of_tags(words, [tags[i] for i in path], confidences)
        by_tag: list[dict[str, float]] = [{} for _ in words]
        probabilities = np.exp(log_probabilities)
        for word, label in np.argwhere(probabilities >= LEAST_PROBABILITY).tolist():
            tag, probability = tags[label], float(probabilities[word, label])
            by_tag[word][tag] = by_tag[word].get(tag, 0.0) + probability
        return Prediction(row.id, spans=spans, candidates=candidate_spans(words, by_tag, spans))

    def settings(self) -> dict[str, Any]:
        """Whether the rows' tokens are their words."""
        return {"own_words": self.cutter.use_tokens}


def _first_pieces(words: Sequence[int | None]) -> list[int | None]:
    """The number of the word of each piece that is its word's first, else None."""
    firsts: list[int | None] = []
    last = None
    for word in words:
        firsts.append(word if word != last else None)
        last = word if word is not None else last
    return firsts


def as_iob2(tag: str) -> str:
    """A `tag` of any scheme as one of IOB2: `E-` and `L-` continue, `S-` and `U-` start a span.

    A label without prefix continues a span where it can.
    """
    if tag == "O" or not tag:
        return "O"
    prefix, hyphen, label = tag.partition("-")
    if not hyphen or prefix not in "BIESLU" or len(prefix) != 1:
        return f"I-{tag}"
    return f"{'B' if prefix in 'BSU' else 'I'}-{label}"


def best_path(log_probabilities: NDArray[Any], tags: Sequence[str]) -> list[int]:
    """The most probable sequence of `tags`, by number, where every `I-X` follows `B-X` or `I-X`.

    `log_probabilities` has shape (words, tags); the search is Viterbi's (1967). Tag sets without
    `B-` have no such rule.
    """
    if not len(log_probabilities):
        return []
    transitions = np.zeros((len(tags), len(tags)))
    start = np.zeros(len(tags))
    if any(tag.startswith("B-") for tag in tags):
        for j, tag in enumerate(tags):
            if tag.startswith("I-") and f"B-{tag[2:]}" in tags:
                start[j] = -np.inf
                for i, before in enumerate(tags):
                    if before[1:2] != "-" or before[2:] != tag[2:]:
                        transitions[i, j] = -np.inf
    score = log_probabilities[0] + start
    pointers = []
    for row in log_probabilities[1:]:
        options = score[:, None] + transitions
        pointers.append(options.argmax(axis=0))
        score = options.max(axis=0) + row
    path = [int(score.argmax())]
    for best in reversed(pointers):
        path.append(int(best[path[-1]]))
    return path[::-1]
