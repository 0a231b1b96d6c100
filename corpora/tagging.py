"""Tagging schemes: IOB1, IOB2 and BIOES (also written BILOU) are read, IOB2 is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

Scheme = Literal["iob1", "iob2", "bioes"]
SCHEMES: tuple[Scheme, ...] = ("iob1", "iob2", "bioes")

_ALIASES: dict[str, Scheme] = {"bio": "iob2", "bilou": "bioes", "iobes": "bioes"}
_PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIESLU"}
_SAME = {"L": "E", "U": "S"}
BARE_LABEL = "span"
"""The label of spans whose tags have none."""

Chunk = tuple[int, int, str]
"""First token, one past the last token, label."""


class IllegalTagError(ValueError):
    """Tag number `index` (from 0; the number of tags where the end is at fault) is not allowed.

    `problem` is the message; `repairable` says whether `decode` can read it nonetheless.
    """

    def __init__(self, index: int, problem: str, *, repairable: bool) -> None:
        super().__init__(problem)
        self.index = index
        self.repairable = repairable


def scheme_named(name: str) -> Scheme | None:
    """The scheme called `name`, in any case, or by another usual name; None if there is none."""
    lower = name.lower()
    return next((s for s in SCHEMES if s == lower), None) or _ALIASES.get(lower)


def is_tag(tag: str) -> bool:
    """Whether `tag` is one that some scheme has: `O`, or a prefix, a hyphen and a label."""
    return tag == "O" or (len(tag) > 2 and tag[1] == "-" and tag[0] in "BIESLU")


def looks_tagged(tags: Sequence[str]) -> bool:
    """Whether `tags` are tags, also those that `is_tag` cannot tell from words: `B_LABEL`, and a
    prefix alone where there is one label only."""
    return bool(tags) and all(tag == "O" or split_tag(tag) is not None for tag in tags)


def split_tag(tag: str) -> tuple[str, str] | None:
    """The prefix and the label of `tag`, as in `B-LOC` or `B_LOC`; a bare `B` is of `BARE_LABEL`.

    None where it is no tag that has a label.
    """
    if len(tag) > 2 and tag[1] in "-_" and tag[0] in "BIESLU":
        return tag[0], tag[2:]
    return (tag, BARE_LABEL) if len(tag) == 1 and tag in "BIESLU" else None


def detect_scheme(sentences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme that the tags of `sentences` follow best; IOB2 where the tags fit several.

    E, S, L and U occur in BIOES only, and there in every sentence with an entity: the majority of
    sentences decides. Else it is what an entity starts with after `O`: B in IOB2, I in IOB1.
    """
    starts: Counter[str] = Counter()
    with_entities = with_ends = 0
    for tags in sentences:
        last = "O"
        for tag in tags:
            if tag != "O" and last == "O":
                starts[tag[0]] += 1
            last = tag
        signs = {tag[0] for tag in tags} - {"O"}
        with_entities += bool(signs)
        with_ends += not signs.isdisjoint("ESLU")
    if with_ends and 2 * with_ends >= with_entities:
        return "bioes"
    return "iob1" if starts["I"] > starts["B"] else "iob2"


def decode(
    tags: Sequence[str], scheme: Scheme, repaired: Counter[str] | None = None
) -> list[Chunk]:
    """The chunks that `tags` mark in `scheme`, in order.

    Raises `IllegalTagError` for a sequence that the scheme does not allow; where `repaired` is
    given, it is read as CoNLL's own scorer does (a chunk that starts or ends wrongly still is
    one) and counted there under `illegal-tag`; and a tag that starts with O but is of no scheme
    (xSID's training set has `Orecurring_datetime`) is read as O. Any other is an error.
    """
    if tags.count("O") == len(tags):
        return []
    try:
        return list(_decode(tuple(tags), scheme))
    except IllegalTagError:
        if repaired is None:
            raise
    return _run(_Decoder(tags, scheme, repaired))


@lru_cache(maxsize=1 << 14)  # a corpus of commands has few patterns of tags
def _decode(tags: tuple[str, ...], scheme: Scheme) -> tuple[Chunk, ...]:
    return tuple(_run(_Decoder(tags, scheme, None)))


def _run(decoder: _Decoder) -> list[Chunk]:
    for index, tag in enumerate(decoder.tags):
        decoder.read(index, tag)
    decoder.read(len(decoder.tags), "O")
    return decoder.chunks


class _Decoder:
    """Reads tags in order and keeps the chunk that is open."""

    __slots__ = ("chunks", "label", "repaired", "scheme", "start", "tags")

    def __init__(self, tags: Sequence[str], scheme: Scheme, repaired: Counter[str] | None) -> None:
        self.tags = tags
        self.scheme = scheme
        self.repaired = repaired
        self.chunks: list[Chunk] = []
        self.start: int | None = None
        self.label = ""

    def read(self, index: int, tag: str) -> None:
        if self.repaired is not None and tag[:1] == "O" and tag != "O":
            self.repaired["illegal-tag"] += 1
            tag = "O"
        if tag == "O":
            if self.scheme == "bioes" and self.start is not None:
                self._illegal(index)
            self._close(index)
            return
        parts = split_tag(tag)
        if parts is None or parts[0] not in _PREFIXES[self.scheme]:
            raise IllegalTagError(
                index, f"{tag!r} is not a tag of {self.scheme.upper()}", repairable=False
            )
        prefix, label = parts
        prefix = _SAME.get(prefix, prefix)
        inside = self.start is not None and label == self.label
        if not self._allowed(prefix, inside):
            self._illegal(index)
        if not (inside and self._continues(prefix)):
            self._close(index)
            self.start, self.label = index, label
        if prefix in "ES":
            self._close(index + 1)

    def _allowed(self, prefix: str, inside: bool) -> bool:
        if self.scheme == "iob2":
            return prefix == "B" or inside
        if self.scheme == "iob1":
            return prefix == "I" or inside
        return inside if prefix in "IE" else self.start is None

    def _continues(self, prefix: str) -> bool:
        return prefix in "IE"

    def _close(self, index: int) -> None:
        if self.start is not None:
            self.chunks.append((self.start, index, self.label))
            self.start = None

    def _illegal(self, index: int) -> None:
        if self.repaired is not None:
            self.repaired["illegal-tag"] += 1
            return
        before = self.tags[index - 1] if index else "the start of the sentence"
        here = self.tags[index] if index < len(self.tags) else "the end of the sentence"
        raise IllegalTagError(
            index, f"{here} after {before} is illegal in {self.scheme.upper()}", repairable=True
        )


def encode_iob2(chunks: Iterable[Chunk], length: int) -> list[str]:
    """IOB2 tags of `length` tokens; `chunks` must not overlap."""
    tags = ["O"] * length
    for first, end, label in chunks:
        tags[first:end] = [f"B-{label}"] + [f"I-{label}"] * (end - first - 1)
    return tags
