"""Utterances with their spans in brackets, as MASSIVE has them: `wake me at [time : nine am]`."""

from __future__ import annotations

import re

from corpora.readers.values import ValueProblem, short
from corpora.records import Span

_SLOT = re.compile(r"\[([^\[\]:]+?) : ([^\[\]]*?)\]")


def spans_of_markup(marked: str, text: str) -> tuple[Span, ...]:
    """The spans of `text` that `marked`, the same text with brackets, marks.

    Raises `ValueProblem` where the two are not the same text.
    """
    plain, at, spans = [], 0, []
    length = 0
    for match in _SLOT.finditer(marked):
        before, inner = marked[at : match.start()], match[2].strip()
        plain += [before, inner]
        start = length + len(before)
        length = start + len(inner)
        spans.append(Span(start, length, match[1].strip()))
        at = match.end()
    plain.append(marked[at:])
    unmarked = "".join(plain)
    if unmarked != text:
        raise ValueProblem("bad-spans", f"not the text with its spans in brackets: {short(marked)}")
    return tuple(spans)
