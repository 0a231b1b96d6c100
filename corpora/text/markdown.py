"""Texts of others put into Markdown as they are."""

from __future__ import annotations

import re

from corpora.text.visible import visible

# What Markdown would take for a link, an image, HTML, code, a cell's end or emphasis; addresses and
# mail addresses become links by themselves.
_ACTIVE = re.compile(r"[\\`*\[\]<>|&~]|:(?=//)|(?<=www)\.|@(?=\w)", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """`text` on one line, so that Markdown shows it as it is."""
    return _ACTIVE.sub(r"\\\g<0>", visible(text))
