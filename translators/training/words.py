"""Sentence pairs as words, so that words can be exchanged while links and white space stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WordSplitter = Callable[[str], Sequence[tuple[int, int]]]
"""Gives the half-open code point offsets of a text's words."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A clean pair with its word links: (source word, target word), 0-based, over the words
    that the splitter gives."""

    source: str
    target: str
    links: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class TokenisedPair:
    """A pair as words, each with the white space before it."""

    source: list[str]
    source_gaps: list[str]
    target: list[str]
    target_gaps: list[str]
    links: list[tuple[int, int]]

    @classmethod
    def split(
        cls, source: str, target: str, links: list[tuple[int, int]], split_words: WordSplitter
    ) -> TokenisedPair | None:
        """The words of `source` and `target` by `split_words`, with their `links`.

        None where a side has no words.
        """
        source_words, source_gaps = words_and_gaps(source, split_words)
        target_words, target_gaps = words_and_gaps(target, split_words)
        if not source_words or not target_words:
            return None
        return cls(source_words, source_gaps, target_words, target_gaps, links)

    def texts(self) -> tuple[str, str]:
        """Both texts, joined from their words."""
        return _join(self.source, self.source_gaps), _join(self.target, self.target_gaps)


def words_and_gaps(text: str, split_words: WordSplitter) -> tuple[list[str], list[str]]:
    """The words of `text` by `split_words`, and the white space before each."""
    words, gaps, last = [], [], 0
    for start, end in split_words(text):
        gaps.append(text[last:start])
        words.append(text[start:end])
        last = end
    return words, gaps


def _join(words: Sequence[str], gaps: Sequence[str]) -> str:
    return "".join(gap + word for gap, word in zip(gaps, words, strict=True)).strip()
