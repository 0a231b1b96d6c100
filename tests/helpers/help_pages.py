"""Help pages, as tests read them."""

from __future__ import annotations

import re

from flows.cli.commands import command_line
from flows.cli.pages import page as page_of


def page(*words: str) -> str:
    """The help page of the command that `words` call."""
    _, apps, _ = command_line().parse_commands(list(words))
    return page_of(apps[-1], words)


def options(text: str) -> dict[str, str]:
    """What the help page `text` says of each option, by its flags."""
    rows = re.findall(r"^  (-[^\n]*(?:\n {10,}\S[^\n]*)*)", text, re.MULTILINE)
    told: dict[str, str] = {}
    for row in rows:
        flat = " ".join(row.split())
        for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", flat.partition(".")[0]):
            told.setdefault(flag, flat)
    return told
