"""Texts made safe to show on a terminal and in a page."""

from __future__ import annotations

import re

# Control characters would move a terminal's cursor, bidirectional overrides reverse text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """`text` with control characters, bidirectional overrides and lone surrogates as signs that can
    be seen."""
    return _UNSAFE.sub(_sign, text)


def visible_lines(text: str) -> str:
    """`visible`, but the line breaks of `text` stay."""
    return "\n".join(map(visible, text.split("\n")))


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
