"""CoNLL files: one token per line, columns, an empty line after a sentence.

Two columns (token, tag), four (CoNLL-2003) or any number, the last one with tags being the tag;
CoNLL-2002; and CoNLL-U-like files with token numbers and `# key = value` comments (`id`, `text`,
`intent`) as xSID has them. The tokens of a row are those of the text's surface: of a multiword
token its own form, where the file has it. `-DOCSTART-` lines end a sentence, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from corpora.limits import BATCH_CHARS, chunks, line_error, max_line
from corpora.readers.conll_comments import (
    ID_KEYS,
    LABEL_KEYS,
    first_of,
    is_comment,
    meta_of,
    read_comments,
)
from corpora.readers.conll_layout import (
    OTHER_INDEX,
    Layout,
    find_layout,
    find_scheme,
    first_unnumbered,
    split_line,
)
from corpora.readers.conll_surface import Range, multiword_ranges, spelled, surface_units
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import undecoded
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.records import Row
from corpora.tagging import Scheme

_WINDOW = 2_000  # sentences that are looked at to find the columns and the tagging scheme


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
    source.columns.update(layout.columns())
    for sentence in chain(window, sentences):
        yield _read_sentence(source, layout, scheme, sentence)


def _chars(sentence: _Sentence) -> int:
    return sum(map(len, sentence.lines))


def _sentences(source: Source) -> Iterator[_Sentence]:
    lines: list[str] = []
    comments: list[str] = []
    heads: list[tuple[int, str]] = []  # lines that may be comments or tokens
    first = 0
    number = size = 0
    most = max_line()
    for number, line in enumerate(source.lines(), 1):
        size += len(line) + 1
        if size > most:
            raise line_error("the sentence", source.path, first or number)
        if lines and line[:1].isalnum():  # most lines; the order of the tests is for speed
            lines.append(line)
        elif not line or line.isspace() or line.startswith("-DOCSTART-"):
            if heads:
                first = _sort(heads, None, comments, lines) or first
            if lines:
                yield _Sentence(first, lines, comments)
                lines, comments, size = [], [], 0
            else:
                size -= len(line) + 1
                if line and not line.isspace():  # a document begins
                    comments, size = [], 0
        elif not lines and line[0] == "#":
            heads.append((number, line))
        else:
            if heads:
                first = _sort(heads, line, comments, lines) or number
            elif not lines:
                first = number
            lines.append(line)
    if heads:
        first = _sort(heads, None, comments, lines) or first
    if lines:
        yield _Sentence(first, lines, comments)


def _sort(
    heads: list[tuple[int, str]], following: str | None, comments: list[str], lines: list[str]
) -> int | None:
    """Move `heads` to `comments` and, from the first token on, to `lines`.

    `following` is the line after them. The number of the first token's line; None if none is one.
    """
    first = None
    for number, line in heads:
        if first is None and is_comment(line, following):
            comments.append(line)
        else:
            first = number if first is None else first
            lines.append(line)
    heads.clear()
    return first


def _read_sentence(
    source: Source, layout: Layout, scheme: Scheme, sentence: _Sentence
) -> tuple[int, Row] | Defect:
    comments = read_comments(sentence.comments)
    problem = undecoded("\n".join([*sentence.comments, *sentence.lines]))
    if problem is not None:
        return _defect(source, sentence, comments, sentence.first, "not-utf8", problem)
    table = [split_line(line, layout.tabs) for line in sentence.lines]
    numbers: Sequence[int] = range(sentence.first, sentence.first + len(table))
    ranges: Sequence[Range] = ()
    if layout.indexed:
        kept = [i for i, cells in enumerate(table) if not OTHER_INDEX.fullmatch(cells[0])]
        if len(kept) < len(table):
            ranges = multiword_ranges(layout, table)
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
    tags = None if layout.tag is None else [layout.tag_of(cells) for cells in table]
    text = comments.get("text")
    units = None
    if ranges or (layout.spaced and text is None):
        units = surface_units(layout, table, ranges)
        if text is None and layout.spaced:
            text = spelled(units)
    try:
        text, offsets, spans = from_tokens(
            source, tokens, tags, scheme, text=text, lang=source.lang, units=units
        )
    except TokenisedError as error:
        number = numbers[error.index]
        return _defect(source, sentence, comments, number, error.reason, error.detail)
    row = Row(
        first_of(comments, ID_KEYS) or "",
        source.lang,
        text,
        label=first_of(comments, LABEL_KEYS),
        spans=spans,
        meta=meta_of(comments),
        tokens=offsets,
    )
    return sentence.first, row


def _defect(
    source: Source,
    sentence: _Sentence,
    comments: dict[str, str],
    number: int,
    reason: str,
    detail: str,
) -> Defect:
    text = comments.get("text") or "\n".join(sentence.lines)
    row = Row(first_of(comments, ID_KEYS) or "", source.lang, text, meta=meta_of(comments))
    return Defect(number, reason, detail, row)
