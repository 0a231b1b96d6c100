"""Tokens and tags to a text with spans: what CoNLL files and tables of tokens share."""

from __future__ import annotations

from collections.abc import Sequence

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


def from_tokens(
    source: Source,
    tokens: Sequence[str],
    tags: Sequence[str] | None,
    scheme: Scheme,
    *,
    text: str | None,
    lang: str,
) -> Tokenised:
    """The text of `tokens`, their offsets, and the spans that `tags` mark in `scheme`.

    `text`, where there is one, must consist of the tokens; else they are detokenized by the rules
    of the language `lang`. Repairs (`on_error='repair'`) are counted in `source.repaired`. Raises
    `TokenisedError`.
    """
    repair = source.options.on_error == "repair"
    for index, token in enumerate(tokens):
        if not token or token.isspace():
            raise TokenisedError("empty-token", f"a token is empty: {token!r}", index)
    chunks: list[Chunk] = []
    if tags is not None:
        try:
            chunks = decode(tags, scheme, source.repaired if repair else None)
        except IllegalTagError as error:
            at = min(error.index, len(tags) - 1)
            raise TokenisedError(
                "illegal-tag", f"{error} (the tags are: {' '.join(tags)})", at
            ) from error
    offsets = None if text is None else align_tokens(tokens, text)
    if isinstance(offsets, int):
        if not repair:
            at = min(offsets, len(tokens) - 1)
            part = f"token {tokens[at]!r}" if offsets < len(tokens) else "the end of the tokens"
            raise TokenisedError("tokens-not-in-text", f"{part} does not fit the text {text!r}", at)
        source.repaired["tokens-not-in-text"] += 1
        offsets = None
    if text is None or offsets is None:
        text, offsets = detokenize(tokens, lang)
    spans = tuple(
        [Span(offsets[first][0], offsets[end - 1][1], label) for first, end, label in chunks]
    )
    return text, offsets, spans
