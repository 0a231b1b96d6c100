"""CoNLL files: one token per line, columns, an empty line after a sentence.

Two columns (token, tag), four (CoNLL-2003) or any number, the last being the tag; CoNLL-2002;
and CoNLL-U-like files with token numbers and `# key = value` comments (`id`, `text`, `intent`) as
xSID has them. `-DOCSTART-` lines end a sentence, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType

from corpora.limits import BATCH_CHARS, chunks, line_error, max_line
from corpora.readers.conll_layout import (
    OTHER_INDEX,
    Layout,
    find_layout,
    find_scheme,
    first_unnumbered,
    split_line,
)
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import text_lines, undecoded
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.records import EMPTY, Row
from corpora.tagging import Scheme

_WINDOW = 2_000  # sentences that are looked at to find the columns and the tagging scheme
_COMMENT = re.compile(r"# ?([^\s=:]+)(?: =| ?:|=) ?(.*)", re.DOTALL)
_ID_KEYS = ("id", "sent_id", "sent-id")
_LABEL_KEYS = ("intent", "label")
_SPANS_KEY = "slots"
"""xSID's comment with the spans that the tags have; its offsets do not fit a translation."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The lines of one sentence as they are; `first` is the number of its first token's line."""

    first: int
    lines: list[str]
    comments: list[str] = field(default_factory=list)


def read_conll(source: Source) -> Items:
    """The sentences of `source` as rows, by the numbers of their first lines.

    A defect has the number of the line at fault.
    """
    sentences = _sentences(source)
    window = next(chunks(sentences, _WINDOW, BATCH_CHARS, _chars), [])
    if not window:
        return
    lines = [sentence.lines for sentence in window]
    layout = find_layout(source, lines)
    scheme = source.options.scheme or find_scheme(layout, lines)
    for sentence in chain(window, sentences):
        yield _read_sentence(source, layout, scheme, sentence)


def _chars(sentence: _Sentence) -> int:
    return sum(map(len, sentence.lines))


def _sentences(source: Source) -> Iterator[_Sentence]:
    lines: list[str] = []
    comments: list[str] = []
    first = 0
    number = size = 0
    most = max_line()
    for number, line in enumerate(text_lines(source.path, strict=source.strict), 1):
        size += len(line) + 1
        if size > most:
            raise line_error("the sentence", source.path, first or number)
        if lines and line[:1].isalnum():  # most lines; the order of the tests is for speed
            lines.append(line)
        elif not line or line.isspace():
            if lines:
                yield _Sentence(first, lines, comments)
                lines, comments, size = [], [], 0
            else:
                size -= len(line) + 1
        elif not lines and line[0] == "#" and _is_comment(line):
            comments.append(line)
        elif line.startswith("-DOCSTART-"):
            if lines:
                yield _Sentence(first, lines, comments)
            lines, comments, size = [], [], 0
        else:
            if not lines:
                first = number
            lines.append(line)
    if lines:
        yield _Sentence(first, lines, comments)


def _is_comment(line: str) -> bool:
    # A token may begin with a number sign as well: `# O`, `#news<tab>O`.
    match = _COMMENT.match(line)
    if match is None:
        return line.startswith("# newdoc")
    return "\t" not in line or line.startswith(f"# {match[1]} = ")


def _read_sentence(
    source: Source, layout: Layout, scheme: Scheme, sentence: _Sentence
) -> tuple[int, Row] | Defect:
    comments = _read_comments(sentence.comments)
    problem = undecoded("\n".join([*sentence.comments, *sentence.lines]))
    if problem is not None:
        return _defect(source, sentence, comments, sentence.first, "not-utf8", problem)
    table = [split_line(line, layout.tabs) for line in sentence.lines]
    numbers: Sequence[int] = range(sentence.first, sentence.first + len(table))
    if layout.indexed:
        kept = [i for i, cells in enumerate(table) if not OTHER_INDEX.fullmatch(cells[0])]
        if len(kept) < len(table):
            table = [table[i] for i in kept]
            numbers = [numbers[i] for i in kept]
    widths = [len(cells) for cells in table]
    if widths.count(layout.width) < len(widths):
        at = next(i for i, width in enumerate(widths) if width != layout.width)
        detail = f"columns: {widths[at]}, where {layout.width} were expected"
        return _defect(source, sentence, comments, numbers[at], "ragged-columns", detail)
    if layout.indexed and (odd := first_unnumbered(table)) is not None:
        detail = f"{table[odd][0]!r} is not the number of a token"
        return _defect(source, sentence, comments, numbers[odd], "bad-index", detail)
    if not table:
        detail = "there are no tokens"
        return _defect(source, sentence, comments, sentence.first, "empty-text", detail)
    tokens = [cells[layout.token] for cells in table]
    tags = None if layout.tag is None else [cells[layout.tag] for cells in table]
    try:
        text, offsets, spans = from_tokens(
            source, tokens, tags, scheme, text=comments.get("text"), lang=source.lang
        )
    except TokenisedError as error:
        number = numbers[error.index]
        return _defect(source, sentence, comments, number, error.reason, error.detail)
    row = Row(
        _first(comments, _ID_KEYS) or "",
        source.lang,
        text,
        label=_first(comments, _LABEL_KEYS),
        spans=spans,
        meta=_meta(comments),
        tokens=offsets,
    )
    return sentence.first, row


def _read_comments(lines: Sequence[str]) -> dict[str, str]:
    comments = {}
    for line in lines:
        if match := _COMMENT.match(line):
            comments[match[1]] = match[2]
    return comments


def _first(comments: dict[str, str], keys: Sequence[str]) -> str | None:
    for key in keys:
        if value := comments.get(key, "").strip():
            return value
    return None


def _meta(comments: dict[str, str]) -> Mapping[str, str]:
    not_meta = {*_ID_KEYS, *_LABEL_KEYS, _SPANS_KEY, "text"}
    meta = {k: v for k, v in comments.items() if k not in not_meta}
    return MappingProxyType(meta) if meta else EMPTY


def _defect(
    source: Source,
    sentence: _Sentence,
    comments: dict[str, str],
    number: int,
    reason: str,
    detail: str,
) -> Defect:
    text = comments.get("text") or "\n".join(sentence.lines)
    row = Row(_first(comments, _ID_KEYS) or "", source.lang, text, meta=_meta(comments))
    return Defect(number, reason, detail, row)
