"""CoNLL: comments as in xSID, IOB2 tags, one token per line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from pathlib import Path

from corpora.errors import UserError
from corpora.records import Row, Span
from corpora.tagging import Chunk, encode_iob2
from corpora.text.words import trim, words_of_row
from corpora.writers.options import Target

_ROWS = 1_000
_BREAKS = str.maketrans("\n\r", "  ")
_SEPARATORS = str.maketrans("\n\r\t", "   ")
_NOT_IN_KEYS = re.compile(r"[\s=:]+")
_RESERVED_KEYS = frozenset(("id", "sent_id", "sent-id", "intent", "label", "text"))
"""Keys of comments that readers take for a row's id, label and text."""


def write_conll(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target`, a sentence each; `id`, `text`, `intent` and `meta` are comments.

    Lines are token and tag; where the first row has a label they are number, token, label and tag
    as in xSID. Words are the row's tokens, or Unicode's; a span that begins or ends inside of one
    cuts it. Split and provenance are not written. What would be read as something else is changed
    and reported: a line break becomes a space, spaces around an id or a label go, and a key
    of `meta` that is taken or no single word becomes another. Raises `UserError` for overlapping
    spans, a second text, free-text targets, several labels and numbers as labels.
    """
    numbered: bool | None = None
    while chunk := list(islice(rows, _ROWS)):
        if numbered is None:
            numbered = chunk[0].label is not None
        target.write("".join([_sentence(row, target, numbered) for row in chunk]))


def _sentence(row: Row, target: Target, numbered: bool) -> str:
    if row.text_pair is not None or row.target is not None:
        raise target.refuse(row, "CoNLL cannot hold a second text or a free-text target")
    if row.labels is not None or row.value is not None:
        raise target.refuse(row, "CoNLL cannot hold several labels or a number as the label")
    offsets = words_of_row(row)
    if not offsets:
        raise target.refuse(row, "CoNLL cannot hold a row without words")
    tags = encode_iob2(_chunks(row, offsets, target), len(offsets))
    tokens = [row.text[start:end] for start, end in offsets]
    comments = [("id", _trimmed(row.id, "id", target)), ("text", row.text)]
    if row.label is not None:
        comments.append(("intent", _trimmed(row.label, "label", target)))
    comments += _with_free_keys(row.meta, target).items()
    lines = [f"# {key} = {_one_line(value, target)}" for key, value in comments]
    if numbered:
        label = (row.label or "").strip().translate(_SEPARATORS) or "_"
        body = [
            f"{number}\t{token}\t{label}\t{tag}"
            for number, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1)
        ]
    elif tokens[0].startswith("# ") or any(t.startswith("-DOCSTART-") for t in tokens):
        raise target.refuse(row, "CoNLL cannot hold a token that reads as a comment")
    else:
        body = [f"{token}\t{tag}" for token, tag in zip(tokens, tags, strict=True)]
    return "\n".join([*lines, *body, "", ""])


def _with_free_keys(meta: Mapping[str, str], target: Target) -> Mapping[str, str]:
    """`meta` with keys that are read back as such; those that already are stay."""
    free = {
        key for key in meta if not (_NOT_IN_KEYS.search(key) or key in _RESERVED_KEYS or not key)
    }
    if len(free) == len(meta):
        return meta
    kept = {}
    for key, value in meta.items():
        if key not in free:
            target.notes["meta-key-changed"] += 1
            key = _NOT_IN_KEYS.sub("_", key) or "_"
            while key in _RESERVED_KEYS or key in free:
                key += "_"
            free.add(key)
        kept[key] = value
    return kept


def _trimmed(value: str, name: str, target: Target) -> str:
    if value != value.strip():
        target.notes[f"{name}-trimmed"] += 1
    return value.strip()


def _one_line(value: str, target: Target) -> str:
    if "\n" in value or "\r" in value:
        target.notes["line-break-made-space"] += 1
        return value.translate(_BREAKS)
    return value


def _chunks(row: Row, offsets: list[tuple[int, int]], target: Target) -> list[Chunk]:
    chunks = []
    for first, end, name in chunks_of_spans(row, offsets, target.notes, target.path):
        label = name.translate(_SEPARATORS)
        if label != name:
            target.notes["label-separator-made-space"] += 1
        chunks.append((first, end, label))
    return chunks


def chunks_of_spans(
    row: Row, offsets: list[tuple[int, int]], notes: Counter[str], file: Path | None = None
) -> list[Chunk]:
    """The spans of `row` in words, which have the `offsets`; `notes` counts spans that lost spaces.

    Raises `UserError`, which names `file`, for overlapping spans and for a span of spaces.
    """
    spans = sorted(row.spans, key=lambda s: (s.start, s.end))
    if any(right.start < left.end for left, right in pairwise(spans)):
        raise UserError("tags of tokens cannot hold overlapping spans", file=file, row=row.id)
    starts = [start for start, _ in offsets]
    chunks = []
    for span in spans:
        first, end = bisect_left(starts, span.start), bisect_left(starts, span.end)
        if first == end:
            problem = f"tags of tokens cannot hold a span of spaces ({_describe(span)})"
            raise UserError(problem, file=file, row=row.id)
        if trim(row.text, span.start, span.end) != (span.start, span.end):
            notes["span-trimmed"] += 1
        chunks.append((first, end, span.label))
    return chunks


def _describe(span: Span) -> str:
    return f"span {span.start}:{span.end}, {span.label!r}"
