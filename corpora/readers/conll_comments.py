"""The comments of CoNLL files, and how to tell them from tokens that begin with a number sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from corpora.records import EMPTY
from corpora.tagging import is_tag

ID_KEYS = ("id", "sent_id", "sent-id")
LABEL_KEYS = ("intent", "label")
_SPANS_KEY = "slots"
"""xSID's comment with the spans that the tags have; its offsets do not fit a translation."""
_COMMENT = re.compile(r"# ?([^\s=:]+)(?: =| ?:|=) ?(.*)", re.DOTALL)
_ID_AND_DOMAIN = re.compile(r"# id ([^\s=:]\S*)((?:\t[^\t=]+=[^\t]*)*)")  # MultiCoNER
_SOURCE = re.compile(r"#\t(\S+)(?: \[([^\]]*)\])?")  # GermEval 2014


def is_comment(line: str, following: str | None) -> bool:
    """Whether `line`, which begins with a number sign and no token is before it, is a comment.

    `following` is the first line after it that begins otherwise; None where there is none. A
    line of cells with a tag among them is a token, as is one of as many cells as a token without
    a tag has that follows.
    """
    match = _COMMENT.match(line)
    if match is not None and ("\t" not in line or line.startswith(f"# {match[1]} = ")):
        return True
    if _ID_AND_DOMAIN.fullmatch(line):
        return True
    cells, next_cells = _cells(line), _cells(following or "")
    if any(map(is_tag, cells[1:])):
        return False
    return any(map(is_tag, next_cells[1:])) or len(cells) != len(next_cells)


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def read_comments(lines: Sequence[str]) -> dict[str, str]:
    """The values of the comments `lines` by their keys; a comment without a key has none."""
    comments = {}
    for line in lines:
        if match := _ID_AND_DOMAIN.fullmatch(line):
            comments["id"] = match[1]
            comments |= dict(part.split("=", 1) for part in match[2].split("\t") if part)
        elif match := _COMMENT.match(line):
            comments[match[1]] = match[2]
        elif match := _SOURCE.fullmatch(line):
            comments["source"] = match[1]
            if match[2]:
                comments["date"] = match[2]
    return comments


def first_of(comments: Mapping[str, str], keys: Sequence[str]) -> str | None:
    """The first value in `comments` of one of `keys` that is not blank."""
    for key in keys:
        if value := comments.get(key, "").strip():
            return value
    return None


def meta_of(comments: Mapping[str, str]) -> Mapping[str, str]:
    """Those of `comments` that are no id, label, text or spans."""
    not_meta = {*ID_KEYS, *LABEL_KEYS, _SPANS_KEY, "text"}
    meta = {k: v for k, v in comments.items() if k not in not_meta}
    return MappingProxyType(meta) if meta else EMPTY
