"""Pieces by Moses and BPE, as older Argos packages have them.

A text is normalised and cut into words by Moses' rules, and words into pieces by merges that
subword-nmt learned (Sennrich et al., 2016); a piece that ends in `@@` goes on in the next.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import regex
from sacremoses.normalize import MosesPunctNormalizer
from sacremoses.tokenize import MosesDetokenizer, MosesTokenizer

from corpora.errors import UserError
from translators.pieces.codec import Offsets

_GOES_ON, _END = "@@", "</w>"
_CONTROL = ("<unk>", "<s>", "</s>", "<blank>")
_UNIT = regex.compile(r"&(?:amp|apos|quot|lt|gt|#124|#91|#93);|\S")
"""A character as Moses writes it: some are escaped."""


class MosesBpeCodec:
    """Pieces by Moses and BPE, from the language `source` to `target`; see `PieceCodec`."""

    normalises = False
    """Whether texts are normalised by rules of the model (NFKC) before they are cut."""

    def __init__(self, path: Path, source: str, target: str) -> None:
        """Load the merges at `path`; raises `UserError` for a file that has none.

        `source` and `target` are language subtags.
        """
        self._merges = _read_merges(path)
        self._sides = {language: _Moses(language) for language in (source, target)}
        self._source, self._target = self._sides[source], self._sides[target]
        self._word = lru_cache(maxsize=65_536)(self._cut_word)

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts`; see `PieceCodec`."""
        return [self._encode(self._source, text) for text in texts]

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of the target `texts`; see `PieceCodec`."""
        return [self._encode(self._target, text) for text in texts]

    def _encode(self, moses: _Moses, text: str) -> list[str]:
        return [piece for word in moses.words(text) for piece in self._word(word)]

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into `texts` of their `pieces`; see `PieceCodec`."""
        return [_locate(p, text) for text, p in zip(texts, pieces, strict=True)]

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into target `texts` of their `pieces`; see `PieceCodec`."""
        return self.offsets(texts, pieces)

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """The text of `pieces` and their offsets; see `PieceCodec`."""
        text = self.decode_text(pieces)
        return text, _locate(["" if piece in _CONTROL else piece for piece in pieces], text)

    def decode_text(self, pieces: list[str]) -> str:
        """The text of `pieces`; see `PieceCodec`."""
        written = " ".join(piece for piece in pieces if piece not in _CONTROL)
        words = written.replace(f"{_GOES_ON} ", "").removesuffix(_GOES_ON).split()
        return self._target.text(words)

    def prefix(self, text: str) -> tuple[str, ...]:
        """The tokens that `text` puts before a source; see `PieceCodec`."""
        return tuple(self._encode(self._source, text))

    def _cut_word(self, word: str) -> tuple[str, ...]:
        parts = [*word[:-1], word[-1] + _END]
        while len(parts) > 1:
            best = min(pairwise(parts), key=lambda pair: self._merges.get(pair, len(self._merges)))
            if best not in self._merges:
                break
            parts = _merged(parts, best)
        parts[-1] = parts[-1].removesuffix(_END)
        if not parts[-1]:
            parts.pop()
        return (*(part + _GOES_ON for part in parts[:-1]), parts[-1])


class _Moses:
    """Moses' rules for one language; one thread at a time, since the library keeps state."""

    def __init__(self, language: str) -> None:
        self._normalizer = MosesPunctNormalizer(language)
        self._tokenizer = MosesTokenizer(language)
        self._detokenizer = MosesDetokenizer(language)
        self._lock = threading.Lock()

    def words(self, text: str) -> list[str]:
        """The words of `text`, special characters escaped."""
        with self._lock:
            return list(self._tokenizer.tokenize(self._normalizer.normalize(text)))

    def text(self, words: list[str]) -> str:
        """The text of `words`."""
        with self._lock:
            return str(self._detokenizer.detokenize(words)).strip()


def _merged(parts: Sequence[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    at = 0
    while at < len(parts):
        if tuple(parts[at : at + 2]) == pair:
            merged.append(parts[at] + parts[at + 1])
            at += 2
        else:
            merged.append(parts[at])
            at += 1
    return merged


def _read_merges(path: Path) -> dict[tuple[str, str], int]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"no merges of BPE: {error}", file=path) from error
    first = 1 if lines and lines[0].startswith("#version:") else 0
    merges: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines[first:], start=first + 1):
        pair = tuple(line.split(" "))
        if len(pair) != 2:
            raise UserError(f"no merge of BPE: {line[:80]!r}", file=path, line=number)
        merges.setdefault((pair[0], pair[1]), len(merges))
    if not merges:
        raise UserError("no merges of BPE", file=path)
    return merges


def _locate(pieces: Sequence[str], text: str) -> Offsets:
    """Where each of `pieces` stands in `text`, whose punctuation may be written otherwise.

    A piece that is nowhere is empty, where the one before it ends.
    """
    units: list[str] = []
    ranges: list[tuple[int, int]] = []
    joined = "".join(piece.removesuffix(_GOES_ON) for piece in pieces)
    starts = [match.span() for match in _UNIT.finditer(joined)]
    units = [_unescaped(joined[start:end]) for start, end in starts]
    places = [index for index, character in enumerate(text) if not character.isspace()]
    stands = _matched(units, [text[index] for index in places])
    at = unit = last = 0
    for piece in pieces:
        end = at + len(piece.removesuffix(_GOES_ON))
        inside = []
        while unit < len(starts) and starts[unit][0] < end:
            # The pieces that an escaped character was cut into all stand for it.
            if stands[unit] is not None:
                inside.append(places[stands[unit] or 0])
            if starts[unit][1] > end:
                break
            unit += 1
        last = inside[-1] + 1 if inside else last
        ranges.append((inside[0], last) if inside else (last, last))
        at = end
    return tuple(ranges)


def _matched(units: list[str], characters: list[str]) -> list[int | None]:
    """The number of the character that each of `units` stands for."""
    if units == characters:
        return list(range(len(units)))
    stands: list[int | None] = [None] * len(units)
    matcher = SequenceMatcher(None, units, characters, autojunk=False)
    for tag, start, end, first, stop in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and end - start == stop - first):
            stands[start:end] = range(first, stop)
        elif tag == "replace":
            stands[start:end] = [min(first + i, stop - 1) for i in range(end - start)]
    return stands


def _unescaped(unit: str) -> str:
    return {
        "&amp;": "&", "&apos;": "'", "&quot;": '"', "&lt;": "<", "&gt;": ">", "&#124;": "|",
        "&#91;": "[", "&#93;": "]",
    }.get(unit, unit)  # fmt: skip
