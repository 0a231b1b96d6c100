"""Texts as a model reads them, with the way back to the characters that they came from.

Every model reads NFC, because that is what models are trained on: `u` and a combining umlaut are
`ü`. Spaces of any kind, tabs and line feeds are spaces; soft hyphens, byte order marks, zero-width
and control characters are left out, but not the joiners that words of some scripts and emoji are
made with.

Whether ligatures, full-width letters and other compatibility forms are replaced depends on how the
model was trained, which its files say: SentencePiece applies the model's own rules (`nfkc`,
`nmt_nfkc`, `identity`) after what is done here, and a form that no piece of the vocabulary has is
one that the model never saw, so that it is read as its plain characters (`ﬁ` as `fi`). A form that
a piece has stays: models of Chinese were trained with `，`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex

from corpora.text.normalisation import is_plain
from translators.pieces.codec import Offsets

_DROPPED = regex.compile(
    r"[[\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]"
    # Variation selectors and tags belong to emoji and letters, Hangul fillers are letters.
    r"--[\p{Variation_Selector}\U000e0020-\U000e007f\u115f\u1160\u3164\uffa0]]",
    flags=regex.V1,
)
_JOINERS = "\u200c\u200d"
_ZERO_WIDTH_SPACE = "\u200b"
_JOINED = regex.compile(
    r"[\p{sc=Arab}\p{sc=Syrc}\p{sc=Nkoo}\p{sc=Mong}\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}"
    r"\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}\p{sc=Mymr}\p{sc=Khmr}"
    r"\p{sc=Tibt}[\p{Extended_Pictographic}\p{Emoji_Modifier}--\p{ASCII}]]\p{M}*",
    flags=regex.V1 | regex.REVERSE,
)
"""What a joiner may follow: letters of cursive and Indic scripts, and emoji."""
_WORD_BREAKS = regex.compile(r"\p{Line_Break=SA}")
"""Scripts of South East Asia, whose writers mark words with zero-width spaces."""
_GRAPHEME = regex.compile(r"\X")
_COMPATIBLE = frozenset(
    {"<compat>", "<wide>", "<narrow>", "<font>", "<square>",
     "<initial>", "<medial>", "<final>", "<isolated>"}
)  # fmt: skip
"""Decompositions that keep what a text says: `10²` is not `102`, and `½` is not `1/2` to read."""


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """A text as the model reads it, and where in the original each of its characters is from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    """[start, end) in the original of every character; those of one grapheme may share theirs."""

    def original(self, offsets: Offsets) -> Offsets:
        """The `offsets` into this text as offsets into the original."""
        return tuple(
            (self.starts[start], self.ends[end - 1]) if start < end else self._empty(start)
            for start, end in offsets
        )

    def _empty(self, at: int) -> tuple[int, int]:
        if at < len(self.starts):
            return self.starts[at], self.starts[at]
        end = self.ends[-1] if self.ends else 0
        return end, end


class TextNormaliser:
    """Normalises texts for a model whose pieces have the characters that `characters` gives.

    `characters` is called when the first text needs it. `keeps_word_breaks` says that the model's
    tokenizer makes spaces of zero-width spaces, as those with SentencePiece's `nmt_nfkc` do; in
    scripts without spaces they then stay.
    """

    def __init__(
        self, characters: Callable[[], Iterable[str]], *, keeps_word_breaks: bool = False
    ) -> None:
        self._forms = _Forms(characters)
        self._keeps_word_breaks = keeps_word_breaks

    def normalise(self, text: str) -> str:
        """`text` as the model reads it."""
        return text if is_plain(text) else self.trace(text).text

    def trace(self, text: str) -> NormalisedText:
        """`text` as the model reads it, with the original offset of every character."""
        chars: list[str] = []
        starts: list[int] = []
        for index, char in enumerate(text):
            form = self._forms[char]
            if not form and self._keeps(text, index):
                form = char
            chars += form
            starts += [index] * len(form)
        return _composed("".join(chars), starts, [start + 1 for start in starts])

    def _keeps(self, text: str, index: int) -> bool:
        """Whether the character at `index`, which is usually left out, is part of a word."""
        char = text[index]
        if char in _JOINERS:
            return _JOINED.match(text, 0, index) is not None
        return (
            char == _ZERO_WIDTH_SPACE
            and self._keeps_word_breaks
            and index > 0
            and _WORD_BREAKS.match(text[index - 1]) is not None
        )


class _Forms(dict[str, str]):
    """What stands for a character: a space, nothing, plain characters, or itself."""

    def __init__(self, characters: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._characters = characters
        self._in_vocabulary: frozenset[str] | None = None

    def __missing__(self, char: str) -> str:
        form = char
        if char.isspace():
            form = " "
        elif _DROPPED.match(char) is not None:
            form = ""
        elif unicodedata.decomposition(char).split(" ")[0] in _COMPATIBLE:
            form = self._plain_form(char)
        self[char] = form
        return form

    def _plain_form(self, char: str) -> str:
        if self._in_vocabulary is None:
            self._in_vocabulary = frozenset(self._characters())
        plain = unicodedata.normalize("NFKC", char)
        readable = char not in self._in_vocabulary and self._in_vocabulary.issuperset(plain)
        return plain if readable else char


def _composed(text: str, starts: list[int], ends: list[int]) -> NormalisedText:
    """`text` in NFC; the characters of a grapheme that changes share the range of all of it."""
    if unicodedata.is_normalized("NFC", text):
        return NormalisedText(text, tuple(starts), tuple(ends))
    chars: list[str] = []
    ranges: list[tuple[int, int]] = []
    for match in _GRAPHEME.finditer(text):
        start, end = match.span()
        cluster = unicodedata.normalize("NFC", match[0])
        chars.append(cluster)
        if cluster == match[0]:
            ranges += zip(starts[start:end], ends[start:end], strict=True)
        else:
            ranges += [(starts[start], ends[end - 1])] * len(cluster)
    # Half a ligature may take an accent.
    new_starts, new_ends = zip(*united(ranges), strict=True)
    return NormalisedText("".join(chars), new_starts, new_ends)


def united(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The `ranges`, which begin in order, without overlaps: of those that overlap each is their
    union, and an empty one among them is at its start."""
    result = list(ranges)
    group: list[int] = []  # those that have the last union
    for index, (start, end) in enumerate(ranges):
        if not group or start >= result[group[0]][1]:
            group = [index] if start < end else group
            continue
        first, last = result[group[0]]
        if start == end:
            result[index] = (first, first)
            continue
        group.append(index)
        # Mostly it is one more character of a grapheme, whose range is the same.
        for member in group if end > last else [index]:
            result[member] = (first, max(end, last))
    return result
