"""Texts reassembled from the translations of their sentences, by one rule for all callers.

- The white space around the text stays; between two sentences it is written as the target language
  does (`Joint`).
- A text's score is the average of its sentences' scores, weighted by their target pieces.
- A sentence whose translation is blank is flagged `empty`, and so is such a text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from translators.protocol import Hypothesis
from translators.sentences import Joint

EMPTY = "empty"
"""The flag of a sentence or text that has content and whose translation is blank."""


@dataclass(slots=True)
class WeightedScore:
    """An average of scores, weighted by target pieces; no pieces count as one."""

    total: float = 0.0
    weight: int = 0

    def add(self, score: float, pieces: int) -> None:
        """Count the `score` (average log-probability per piece) of so many target `pieces`."""
        pieces = max(1, pieces)
        self.total += score * pieces
        self.weight += pieces

    def include(self, other: WeightedScore) -> None:
        """Count all that `other` counted, such as the second text of a pair."""
        self.total += other.total
        self.weight += other.weight

    @property
    def mean(self) -> float:
        """The average; 0.0 of nothing."""
        return self.total / max(1, self.weight)


@dataclass(frozen=True, slots=True)
class PlacedSentence:
    """Where a sentence is in the source and in the translation: [start, end) code points."""

    start: int
    end: int
    target_start: int
    target_end: int
    flags: tuple[str, ...]
    """Those of its hypothesis, and `empty` if it is blank."""


@dataclass(frozen=True, slots=True)
class ReassembledText:
    """The translation of a whole text."""

    text: str
    weighted_score: WeightedScore
    flags: tuple[str, ...]
    """The union of the sentences' flags, in their order."""
    sentences: tuple[PlacedSentence, ...]

    @property
    def score(self) -> float:
        """Average log-probability per target piece; 0.0 of a text without sentences."""
        return self.weighted_score.mean

    @property
    def is_lost(self) -> bool:
        """Whether the text has content and its translation is blank."""
        return EMPTY in self.flags and not self.text.strip()


class Reassembly:
    """Takes the translations of the sentences of `text`, one by one and in order.

    `joint` decides the white space between two of them; None keeps the white space of `text`.
    """

    __slots__ = ("_end", "_joint", "_length", "_parts", "_score", "_sentences", "_text")

    def __init__(self, text: str, joint: Joint | None = None) -> None:
        self._text = text
        self._joint = joint
        self._parts: list[str] = []
        self._length = 0
        self._end = 0
        self._score = WeightedScore()
        self._sentences: list[PlacedSentence] = []

    def add(
        self,
        start: int,
        end: int,
        translation: str,
        score: float,
        pieces: int,
        flags: Iterable[str] = (),
    ) -> int:
        """Append the `translation` of the sentence [`start`, `end`) and return its offset.

        `score` is its average log-probability per token, `pieces` the number of its target pieces
        and `flags` what is wrong with it, as the guards report. Only white space is between it
        and the sentence before. Raises `ValueError` for a sentence that is out of order or beyond
        the text.
        """
        if not self._end <= start <= end <= len(self._text):
            raise ValueError(
                f"sentence {start}:{end} is not within {self._end}:{len(self._text)}, the "
                "rest of the text"
            )
        gap = self._text[self._end : start]
        # After a blank translation there is nothing to join the next sentence to.
        if self._joint is not None and self._length:
            gap = self._joint(gap)
        at = self._length + len(gap)
        self._parts += (gap, translation)
        self._length = at + len(translation)
        self._end = end
        self._score.add(score, pieces)
        sentence_flags = dict.fromkeys(flags)
        if not translation.strip() and self._text[start:end].strip():
            sentence_flags[EMPTY] = None
        self._sentences.append(PlacedSentence(start, end, at, self._length, tuple(sentence_flags)))
        return at

    def add_hypothesis(self, start: int, end: int, hypothesis: Hypothesis) -> int:
        """`add` the `hypothesis` for the sentence [`start`, `end`) and return its offset."""
        return self.add(
            start,
            end,
            hypothesis.text,
            hypothesis.score,
            hypothesis.target_length,
            hypothesis.flags,
        )

    def finish(self) -> ReassembledText:
        """The whole translation, with what follows the last sentence in the source."""
        text = "".join(self._parts) + self._text[self._end :]
        # A text with content and a blank translation has such a sentence.
        flags = dict.fromkeys(flag for placed in self._sentences for flag in placed.flags)
        return ReassembledText(text, self._score, tuple(flags), tuple(self._sentences))
