"""Texts into sentences, with offsets, by `sentencex`.

`sentencex` is what Wikimedia's translation tools use: rules for some 300 languages with their
abbreviations, in Rust, maintained, and with no model to download. Around it: line breaks always
end a sentence, abbreviations that it lacks (`abbreviations`) end none, offsets leave out white
space, and short texts that cannot have two sentences are not searched. Thai has no marks for
sentence ends; its texts stay whole, and the engine splits what is too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex
import sentencex

from corpora.text.languages import joins_sentences, language_subtag
from corpora.text.words import trim
from translators.abbreviations import ends_in_abbreviation

_MAY_SPLIT = regex.compile(r"\p{Sentence_Terminal}\P{L}*\p{L}|[\n\r\x0b\x0c\x85\u2028\u2029]|\.\d")
_LINE = regex.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_CLOSED = regex.compile(
    r"[。！？!?…]++[」』”’）)】》〉\]]*+"
    r"(?!(?<=[」』])(?:と(?!ても|ころ|にかく|きどき|うとう|つぜん)|って|なんて|など|を|の(?!ち)))"
)
"""The end of a sentence, but not that of a quotation that a Japanese particle goes on with."""


def split_sentences(text: str, lang: str) -> list[tuple[int, int]]:
    """Half-open code point offsets of the sentences of `text`, in order, without their white space.

    Only white space is between them, so that `Reassembly` can reassemble the text. A blank
    text has none. `lang` is a BCP 47 tag.
    """
    if _MAY_SPLIT.search(text) is None:
        return _stripped(text, [(0, len(text))])
    code = language_subtag(lang)
    unspaced = joins_sentences(lang)
    sentences: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        start, part = line.start(), line[0]
        if unspaced:
            cuts = _closed(part)
        elif _MAY_SPLIT.search(part) is None:
            cuts = [(0, len(part))]
        else:
            cuts = _boundaries(part, code)
        sentences += ((start + a, start + b) for a, b in cuts)
    return _stripped(text, sentences)


def _boundaries(line: str, code: str) -> list[tuple[int, int]]:
    cuts = [
        (b["start_index"], b["end_index"]) for b in sentencex.get_sentence_boundaries(code, line)
    ]
    at = 0
    for start, end in cuts:
        if start != at or end < start:
            return [(0, len(line))]
        at = end
    if at != len(line):
        return [(0, len(line))]
    # Without a space after the stop it may be a name (`Yahoo!Mail`, `node.Js`): keep it whole.
    joined = cuts[:1]
    for start, end in cuts[1:]:
        before = line[joined[-1][0] : start]
        if (line[start - 1] in ".!?…" and not line[start].isspace()) or ends_in_abbreviation(
            before, line[start:end], code
        ):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _closed(line: str) -> list[tuple[int, int]]:
    """Languages without spaces: after a full stop and the brackets it closes.

    `sentencex` takes the text in brackets for one sentence, which joins whole paragraphs of
    dialogue.
    """
    ends = [match.end() for match in _CLOSED.finditer(line)]
    if not ends or ends[-1] != len(line):
        ends.append(len(line))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _stripped(text: str, cuts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    trimmed = (trim(text, start, end) for start, end in cuts)
    return [sentence for sentence in trimmed if sentence is not None]


def join_across(
    sentences: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """`sentences` in order, with those joined that one of `spans` (offsets of the same text) is in
    both of: no span is cut."""
    joined: list[tuple[int, int]] = []
    for start, end in sentences:
        if joined and any(a < joined[-1][1] and b > start for a, b in spans):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


@dataclass(frozen=True, slots=True)
class Joint:
    """The white space between two sentences in a translation from `source` to `target` (BCP 47)."""

    source: str
    target: str

    def __call__(self, gap: str) -> str:
        """The white space `gap` of the source as the target writes it: a line break stays, a space
        is removed or added where one of the languages has none between sentences."""
        closes_up = joins_sentences(self.target)
        if closes_up and gap == " ":
            return ""
        if not closes_up and not gap and joins_sentences(self.source):
            return " "
        return gap
