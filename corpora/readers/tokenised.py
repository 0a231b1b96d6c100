"""Tokens and tags to a text with spans: what CoNLL files and tables of tokens share."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

from corpora.detokenize import align_tokens, detokenize
from corpora.readers.options import Source
from corpora.records import Span
from corpora.tagging import Chunk, IllegalTagError, Scheme, decode


class TokenisedError(ValueError):
    """Token number `index` (from 0) is wrong.

    `reason` is machine-readable, `detail` is for people.
    """

    def __init__(self, reason: str, detail: str, index: int) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.index = index


Tokenised = tuple[str, tuple[tuple[int, int], ...], tuple[Span, ...]]
"""Text, token offsets, spans."""


_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A token of the surface, `form`: words `start` to `end` of its sentence, one or several."""

    form: str
    start: int
    end: int
    space: bool
    """Whether a space is after it."""


def from_tokens(
    source: Source,
    tokens: Sequence[str],
    tags: Sequence[str] | None,
    scheme: Scheme,
    *,
    text: str | None,
    lang: str,
    units: Sequence[Unit] | None = None,
) -> Tokenised:
    """The text of `tokens`, their offsets, and the spans that `tags` mark in `scheme`.

    `text`, where there is one, must consist of the tokens, or of `units`, those of the surface;
    else they are detokenized by the rules of the language `lang`. Tokens of white space are passed
    over.
    Repairs (`on_error='repair'`) are counted in `source.repaired`. Raises `TokenisedError`.
    """
    if source.options.unescape:
        tokens = [unescaped(token) for token in tokens]
        units = units and [replace(unit, form=unescaped(unit.form)) for unit in units]
    repair = source.options.on_error == "repair"
    blank = False
    for index, token in enumerate(tokens):
        if not token:
            raise TokenisedError("empty-token", f"a token is empty: {token!r}", index)
        blank = blank or token.isspace()
    if blank and units is None:
        units = [Unit(t, i, i + 1, True) for i, t in enumerate(tokens) if not t.isspace()]
    chunks = _chunks(source, tags, scheme)
    first_words = range(len(tokens)) if units is None else [unit.start for unit in units]
    surface = tokens if units is None else [unit.form for unit in units]
    if not surface:
        raise TokenisedError("empty-text", "all tokens are white space", 0)
    offsets = None if text is None else align_tokens(surface, text)
    if isinstance(offsets, int):
        if not repair:
            at = min(offsets, len(surface) - 1)
            part = f"token {surface[at]!r}" if offsets < len(surface) else "the end of the tokens"
            problem = f"{part} does not fit the text {text!r}"
            raise TokenisedError("tokens-not-in-text", problem, first_words[at])
        source.repaired["tokens-not-in-text"] += 1
        offsets = None
    if text is None or offsets is None:
        text, offsets = detokenize(surface, lang)
    if units is None:
        spans = [
            Span(offsets[first][0], offsets[end - 1][1], label) for first, end, label in chunks
        ]
    else:
        spans = _spans_of_units(chunks, units, offsets)
    return text, offsets, tuple(spans)


def unescaped(token: str) -> str:
    """`token` without the escapes of treebanks (`-LRB-`) and of HTML (`&quot;`)."""
    return _BRACKETS.get(token) or html.unescape(token)


def _chunks(source: Source, tags: Sequence[str] | None, scheme: Scheme) -> list[Chunk]:
    if tags is None:
        return []
    try:
        return decode(
            tags, scheme, source.repaired if source.options.on_error == "repair" else None
        )
    except IllegalTagError as error:
        at = min(error.index, len(tags) - 1)
        raise TokenisedError(
            "illegal-tag", f"{error} (the tags are: {' '.join(tags)})", at
        ) from error


def _spans_of_units(
    chunks: Sequence[Chunk], units: Sequence[Unit], offsets: Sequence[tuple[int, int]]
) -> list[Span]:
    """The spans of `chunks`, which count words, over the `units` that have any of their words."""
    spans = []
    for first, end, label in chunks:
        touched = [i for i, unit in enumerate(units) if unit.start < end and first < unit.end]
        if touched:
            spans.append(Span(offsets[touched[0]][0], offsets[touched[-1]][1], label))
    return spans
