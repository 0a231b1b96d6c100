"""CoNLL files: a token a line, columns, an empty line after a sentence.

Two columns (token, tag), four (CoNLL-2003) or any number, the last being the tag; CoNLL-2002;
and CoNLL-U-like files with token numbers and `# key = value` comments (`id`, `text`, `intent`) as
xSID has them. `-DOCSTART-` lines end a sentence, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from types import MappingProxyType

from corpora.errors import UserError
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import text_lines, undecoded
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.records import EMPTY, Row
from corpora.tagging import Scheme, detect_scheme, is_tag

_WINDOW = 2_000  # sentences that are looked at to find the columns and the tagging scheme
_COMMENT = re.compile(r"# ?([^\s=:]+)(?: =| ?:|=) ?(.*)", re.DOTALL)
_INDEX = re.compile(r"\d+")
_OTHER_INDEX = re.compile(r"\d+[-.]\d+")  # CoNLL-U's multiword tokens and empty nodes
_SPACES = re.compile("[ \t]+")
_ID_KEYS = ("id", "sent_id", "sent-id")
_LABEL_KEYS = ("intent", "label")
_SPANS_KEY = "slots"
"""xSID's comment with the spans that the tags have; its offsets are of no translation."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The lines of one sentence as they are; `first` is the number of its first token's line."""

    first: int
    lines: list[str]
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are in a line; columns count from 0."""

    tabs: bool
    indexed: bool
    width: int
    token: int
    tag: int | None


def read_conll(source: Source) -> Items:
    """The sentences as rows; their numbers are those of the lines at fault."""
    sentences = _sentences(source)
    window = list(islice(sentences, _WINDOW))
    if not window:
        return
    layout = _find_layout(source, window)
    scheme = source.options.scheme or _find_scheme(layout, window)
    for sentence in chain(window, sentences):
        yield _read_sentence(source, layout, scheme, sentence)


def _sentences(source: Source) -> Iterator[_Sentence]:
    lines: list[str] = []
    comments: list[str] = []
    first = 0
    number = 0
    for number, line in enumerate(text_lines(source.path, strict=source.strict), 1):
        if lines and line[:1].isalnum():  # most lines; the order of the tests is for speed
            lines.append(line)
        elif not line or line.isspace():
            if lines:
                yield _Sentence(first, lines, comments)
                lines, comments = [], []
        elif not lines and line[0] == "#" and _is_comment(line):
            comments.append(line)
        elif line.startswith("-DOCSTART-"):
            if lines:
                yield _Sentence(first, lines, comments)
            lines, comments = [], []
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


def _split(line: str, tabs: bool) -> list[str]:
    if tabs:
        return line.split("\t")
    cells = line.strip(" \t").split(" ")
    return _SPACES.split(line.strip(" \t")) if "" in cells or "\t" in line else cells


def _find_layout(source: Source, window: Sequence[_Sentence]) -> _Layout:
    # Most lines decide, not all of them: a bad one must not have the good ones misread.
    tabs = _has_tabs([line for sentence in window for line in sentence.lines])
    tables = [[_split(line, tabs) for line in s.lines] for s in window]
    numbered = sum(map(_is_indexed, tables))
    indexed = 2 * numbered >= len(tables)
    width, _ = _usual_width(cells for table in tables for cells in table)
    token = _given_column(source, "tokens", width)
    tag = _given_column(source, "tags", width)
    if token is None:
        token = 1 if indexed and width > 1 else 0
    if tag is None:
        tag = _find_tag_column(source, tables, token, width)
    return _Layout(tabs, indexed, width, token, tag)


def _has_tabs(lines: Sequence[str]) -> bool:
    """Whether more lines are alike in their columns when tabs part these than when any space."""
    tabbed = [_split(line, True) for line in lines if "\t" in line]
    _, spaced = _usual_width(_split(line, False) for line in lines)
    return bool(tabbed) and _usual_width(tabbed)[1] >= spaced


def _usual_width(table: Iterable[Sequence[str]]) -> tuple[int, int]:
    """The most frequent number of columns, and how many lines have it."""
    return Counter(map(len, table)).most_common(1)[0]


def _is_indexed(table: Sequence[Sequence[str]]) -> bool:
    numbers = [cells[0] for cells in table if not _OTHER_INDEX.fullmatch(cells[0])]
    return len(table[0]) > 2 and numbers == [str(i) for i in range(1, len(numbers) + 1)]


def _given_column(source: Source, name: str, width: int) -> int | None:
    given: str | None = getattr(source.options.columns, name)
    if given is None:
        return None
    if not _INDEX.fullmatch(given) or not 1 <= int(given) <= width:
        raise UserError(
            f"no column {given!r} for {name}: a column is a number from 1 to {width} here",
            file=source.path,
        )
    return int(given) - 1


def _find_tag_column(
    source: Source, tables: Sequence[Sequence[Sequence[str]]], token: int, width: int
) -> int | None:
    last = width - 1
    if last > token and any(is_tag(cells[-1]) for table in tables for cells in table):
        return last
    if not source.options.labelled or source.options.task == "classification":
        return None
    example = " ".join(tables[0][0])
    raise UserError(
        f"the last of {width} columns has no tags (O, B-LABEL, I-LABEL) in {example!r}; "
        "name the columns of tokens and tags by their numbers",
        file=source.path,
    )


def _find_scheme(layout: _Layout, window: Sequence[_Sentence]) -> Scheme:
    if layout.tag is None:
        return "iob2"
    tags = ([_split(line, layout.tabs)[layout.tag] for line in s.lines
             if len(_split(line, layout.tabs)) > layout.tag] for s in window)  # fmt: skip
    return detect_scheme([tag for tag in sentence if is_tag(tag)] for sentence in tags)


def _read_sentence(
    source: Source, layout: _Layout, scheme: Scheme, sentence: _Sentence
) -> tuple[int, Row] | Defect:
    comments = _read_comments(sentence.comments)
    problem = undecoded("\n".join([*sentence.comments, *sentence.lines]))
    if problem is not None:
        return _defect(source, sentence, comments, sentence.first, "not-utf8", problem)
    table = [_split(line, layout.tabs) for line in sentence.lines]
    numbers: Sequence[int] = range(sentence.first, sentence.first + len(table))
    if layout.indexed:
        kept = [i for i, cells in enumerate(table) if not _OTHER_INDEX.fullmatch(cells[0])]
        if len(kept) < len(table):
            table = [table[i] for i in kept]
            numbers = [numbers[i] for i in kept]
    widths = [len(cells) for cells in table]
    if widths.count(layout.width) < len(widths):
        at = next(i for i, width in enumerate(widths) if width != layout.width)
        detail = f"columns: {widths[at]}, where {layout.width} were expected"
        return _defect(source, sentence, comments, numbers[at], "ragged-columns", detail)
    if layout.indexed and (odd := _not_numbered(table)) is not None:
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


def _not_numbered(table: Sequence[Sequence[str]]) -> int | None:
    return next((i for i, cells in enumerate(table) if not _INDEX.fullmatch(cells[0])), None)


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
    known = {*_ID_KEYS, *_LABEL_KEYS, _SPANS_KEY, "text"}
    meta = {k: v for k, v in comments.items() if k not in known}
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
