"""Tokens to text, with an offset for every token.

The spacing is sacreMoses' (the Moses detokenizer). Added to it: scripts that are written without
spaces, closing typographic quotes, and the Penn Treebank's quotes and contractions. Only
spaces are ever added: every token is in the text unchanged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import regex

from corpora.text.languages import joins_sentences, language_subtag
from corpora.text.scripts import UNSPACED

Offsets = tuple[tuple[int, int], ...]

# Ideographic and full-width punctuation is set without spaces as well.
_UNSPACED = regex.compile(
    f"[{UNSPACED}"
    r"\u3000-\u303f\u30fb\u30fc\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
)
# sacreMoses' rules for Czech index the wrong tokens and can fail; the general ones do.
_MOSES_LANGUAGES = {"en", "fr", "it", "ga", "fi", "ko"}
_CLOSES = {"„": "“”", "‚": "‘’", "“": "”", "‘": "’", "«": "»", "»": "«", "‹": "›", "›": "‹"}


def align_tokens(tokens: Sequence[str], text: str) -> Offsets | int:
    """Offsets of `tokens` in `text`, where they must follow each other with only space between.

    Returns the index of the first token that is not there, or `len(tokens)` where text is left.
    """
    if " ".join(tokens) == text:
        return _spaced(tokens)
    offsets = []
    at = 0
    for index, token in enumerate(tokens):
        if not text.startswith(token, at):
            while at < len(text) and text[at].isspace():
                at += 1
            if not text.startswith(token, at):
                return index
        end = at + len(token)
        offsets.append((at, end))
        at = end
    if at < len(text) and not text[at:].isspace():
        return len(tokens)
    return tuple(offsets)


def detokenize(tokens: Sequence[str], lang: str) -> tuple[str, Offsets]:
    """The text that `tokens` (none of them empty) make up in language `lang`, and their offsets."""
    glued = _glue(tokens, language_subtag(lang))
    if True not in glued:
        return " ".join(tokens), _spaced(tokens)
    parts = []
    offsets = []
    at = 0
    for token, glue in zip(tokens, glued, strict=True):
        if not glue and at:
            parts.append(" ")
            at += 1
        parts.append(token)
        offsets.append((at, at + len(token)))
        at += len(token)
    return "".join(parts), tuple(offsets)


def _spaced(tokens: Sequence[str]) -> Offsets:
    """Offsets of `tokens` with one space between them."""
    ends = list(accumulate(map(len, tokens), lambda end, length: end + 1 + length))
    return tuple([(end - len(token), end) for token, end in zip(tokens, ends, strict=True)])


def _glue(tokens: Sequence[str], lang: str) -> list[bool]:
    """For every token whether it follows the one before it without a space."""
    if all(token.isalnum() and token.isascii() for token in tokens):
        return [False] * len(tokens)
    skeleton, indices = _skeleton(tokens, lang)
    glued = [False] * len(tokens)
    for index, glue in zip(indices, _glue_skeleton(skeleton, lang), strict=True):
        glued[index] = glue
    return glued


def _skeleton(tokens: Sequence[str], lang: str) -> tuple[tuple[str, ...], list[int]]:
    """`tokens` with plain words replaced by stand-ins and long runs of them cut short.

    Between two plain words there is always a space, and no rule looks further than one token, so
    only what a rule can see of a word is kept. Results are cached by the few lists that remain.
    """
    if lang == "fi":  # has rules about the words themselves
        return tuple(tokens), list(range(len(tokens)))
    shapes = [_shape(token) for token in tokens]
    plain = [shape is not None for shape in shapes]
    indices = [
        index
        for index in range(len(tokens))
        if not (0 < index < len(tokens) - 1 and plain[index - 1] and plain[index])
        or not plain[index + 1]
    ]
    return tuple(shapes[i] or tokens[i] for i in indices), indices


def _shape(token: str) -> str | None:
    """A stand-in for a plain word that all rules treat the same way; None for any other token."""
    if not (token.isascii() or token[0] < "\u0250") or not token.replace("-", "").isalnum():
        return None
    if token[0] == "-" or token[-1] == "-" or not token[-1].isascii():
        return None
    if token == "n't":
        return None
    return ("a" if token[0].isalpha() else "0") + ("s" if token[-1] == "s" else "a")


@lru_cache(maxsize=1 << 16)
def _glue_skeleton(tokens: tuple[str, ...], lang: str) -> tuple[bool, ...]:
    glued = _moses_glue(tokens, lang)
    _glue_quotes(tokens, glued, lang)
    for index in range(1, len(tokens)):
        left, right = tokens[index - 1], tokens[index]
        if lang == "en" and (right.lower() == "n't" or _is_contraction(right)):
            glued[index] = True
        elif (spaced := _spaced_by_script(left[-1], right[0], lang)) is not None:
            glued[index] = not spaced
    return tuple(glued)


def _is_contraction(token: str) -> bool:
    return token[0] in "'’" and token[1:].lower() in {"s", "m", "d", "re", "ve", "ll", "t"}


def _spaced_by_script(before: str, after: str, lang: str) -> bool | None:
    """Whether there is a space between two characters by their script, None if that is open."""
    unspaced_before = _UNSPACED.match(before) is not None
    unspaced_after = _UNSPACED.match(after) is not None
    if unspaced_before and unspaced_after:
        return False
    if unspaced_before != unspaced_after and joins_sentences(lang):
        return False
    fullwidth = before if unspaced_before else after
    if unspaced_before != unspaced_after and unicodedata.category(fullwidth)[0] == "P":
        return False
    return None


def _moses_glue(tokens: tuple[str, ...], lang: str) -> list[bool]:
    text = _moses(lang if lang in _MOSES_LANGUAGES else "xx").detokenize(tokens, unescape=False)
    offsets = align_tokens(tokens, text)
    if isinstance(offsets, int):
        # It rewrote a token (`@-@`); keep the token, and space it as a word.
        return [False] * len(tokens)
    ends = [-1, *(end for _, end in offsets)]
    return [start == end for (start, _), end in zip(offsets, ends[:-1], strict=True)]


@lru_cache(maxsize=8)
def _moses(lang: str) -> Any:
    from sacremoses import MosesDetokenizer

    return MosesDetokenizer(lang=lang)


def _glue_quotes(tokens: tuple[str, ...], glued: list[bool], lang: str) -> None:
    """Set typographic quotes and ``these'' by what opened before them."""
    # French puts spaces inside its quotes.
    pairs = {k: v for k, v in _CLOSES.items() if lang != "fr" or k not in "«»‹›"}
    open_until: list[str] = []
    for index, token in enumerate(tokens):
        closes = token in ("''", "”", "’") or any(token in c for c in pairs.values())
        if closes and open_until and token in open_until[-1]:
            open_until.pop()
            opens = False
        elif token in pairs or token == "``":
            open_until.append(pairs.get(token, "''") if token != "``" else "''")
            opens = True
        else:
            continue
        glued[index] = not opens and index > 0
        if index + 1 < len(tokens):
            following = tokens[index + 1]
            glued[index + 1] = opens or (glued[index + 1] and following[0] in ",.;:!?)]}%")
