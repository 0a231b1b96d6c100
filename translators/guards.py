"""Typical mistakes of NMT, detected in its outputs: `empty`, `repetition`, `copy` and `length`, and
what `surface` has: `characters`, `marker`, `script` and `number`.

A guard never changes a translation; it names what looks wrong, and the engine decodes once more.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from translators.surface import surface_flags

_LETTERS = regex.compile(r"\p{L}")
_WORDS = regex.compile(r"\p{L}[\p{L}\p{M}'’-]*")

MIN_COPY_WORDS = 4
"""A shorter text that is the same in both languages may be a name, a number or a loan word."""
REPEATED_WORDS = 4
"""A translation repeats this many words only if its source repeats all but one as many."""
LENGTH_RATIO, LENGTH_SLACK = 3.0, 12
"""The pieces of one side may be this many times those of the other, plus the slack."""


def find_flags(
    source: str,
    target: str,
    source_pieces: Sequence[str],
    target_pieces: Sequence[str],
    *,
    cut: bool,
    language: str,
    same_language: bool,
) -> tuple[str, ...]:
    """What is wrong with `target` as a translation of `source`, () if nothing.

    `source_pieces` and `target_pieces` are their pieces as the model has them. `cut` says that
    decoding ran into its length limit, `same_language` that both are of one language, where a copy
    is no mistake. `language` is the one (BCP 47) that `target` should be in. An empty source has no
    flags.
    """
    if not source_pieces:
        return ()
    if not target:
        return ("empty",)
    flags = []
    count, source_count = len(target_pieces), len(source_pieces)
    if (has_loop(target_pieces) and not has_loop(source_pieces)) or (
        repeats_words(target, REPEATED_WORDS) and not repeats_words(source, REPEATED_WORDS - 1)
    ):
        flags.append("repetition")
    if not same_language and _bare(target) == _bare(source) and is_suspicious_copy(source):
        flags.append("copy")
    longest = LENGTH_RATIO * source_count + LENGTH_SLACK
    if cut or count > longest or source_count > LENGTH_RATIO * count + LENGTH_SLACK:
        flags.append("length")
    flags += surface_flags(source, target, language, same_language=same_language)
    return tuple(dict.fromkeys(flags))


def _bare(text: str) -> str:
    """`text` without its case and white space, which a copy need not keep."""
    return "".join(text.split()).casefold()


def has_loop(pieces: Sequence[str], times: int = 4) -> bool:
    """Whether some run of 1 to 8 of `pieces` occurs `times` times or more in a row.

    A single repeated piece must have a letter and occur eight times: dots, dashes and digits repeat
    in good texts.
    """
    count = len(pieces)
    if count < 8 or len(set(pieces)) * 1.6 > count:
        return False
    for width in range(1, 9):
        needed = 7 * width if width == 1 else (times - 1) * width
        run = 0
        for index in range(width, count):
            run = run + 1 if pieces[index] == pieces[index - width] else 0
            if run >= needed and _LETTERS.search("".join(pieces[index - width : index])):
                return True
    return False


def repeats_words(text: str, length: int) -> bool:
    """Whether some `length` words in a row, ignoring case, occur twice in `text`."""
    words = _WORDS.findall(text.lower())
    if len(words) - len(set(words)) < length:
        return False  # too few words are repeated
    runs = [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]
    return len(set(runs)) < len(runs)


def is_suspicious_copy(text: str) -> bool:
    """Whether a translation equal to `text` is unlikely to be right.

    Names, numbers, codes and short texts are the same in many languages: only a text with several
    lower-case words is expected to change.
    """
    words = _WORDS.findall(text)
    return len(words) >= MIN_COPY_WORDS and sum(w[0].islower() for w in words) * 2 >= len(words)
