"""spaCy's DocBin: documents that `spacy train` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from corpora.errors import MissingExtraError
from corpora.records import Row, Span
from corpora.text.words import words_of_row
from corpora.writers.options import Target

_SPANS_KEY = "sc"
"""spaCy's own name of the group of spans that may overlap."""


def write_spacy(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as a DocBin.

    Spans are entities, those of a text where some overlap the span group `sc`; a class is a
    category with the score 1, and the classes of other rows have 0. Words are the row's tokens, or
    Unicode's; a span that begins or ends inside of one cuts it. Id and language are in
    `doc.user_data`. Raises `UserError` for a second text and free text, and `MissingExtraError`
    without spaCy.
    """
    try:
        import spacy
        from spacy.tokens import Doc, DocBin
    except ImportError as error:
        raise MissingExtraError("writing spaCy's DocBin", "spacy") from error
    vocab = spacy.blank("xx").vocab
    docs: list[Any] = []
    for row in rows:
        if row.text_pair is not None or row.target is not None:
            raise target.refuse(row, "spaCy cannot hold a second text or a free-text target")
        doc, spans = _document(row, vocab, Doc)
        if len(spans) < len(row.spans):
            raise target.refuse(row, "spaCy cannot hold a span without a word in it")
        if any(a.end > b.start for a, b in pairwise(spans)):
            doc.spans[_SPANS_KEY] = spans
        else:
            doc.ents = spans
        doc.user_data = {"id": row.id, "lang": row.lang}
        if row.label is not None:
            doc.cats = {row.label: 1.0}
        docs.append(doc)
    classes = {name for doc in docs for name in doc.cats}
    binary = DocBin(store_user_data=True)
    for doc in docs:
        if doc.cats:
            doc.cats = dict.fromkeys(sorted(classes), 0.0) | doc.cats
        binary.add(doc)
    target.file.write(binary.to_bytes())


def _document(row: Row, vocab: Any, kind: Any) -> tuple[Any, list[Any]]:
    """The document of `row`, made as a `kind` with `vocab`, and its spans in order."""
    cuts = _cuts(row)
    words: list[str] = []
    spaces: list[bool] = []
    for start, end in pairwise(cuts):
        piece = row.text[start:end]
        if piece == " " and words and not spaces[-1]:
            spaces[-1] = True  # spaCy has a single space as a part of the word before it
        else:
            words.append(piece)
            spaces.append(False)
    doc = kind(vocab, words=words, spaces=spaces)
    spans = sorted(row.spans, key=lambda span: (span.start, span.end))
    made = [_span(doc, span) for span in spans]
    return doc, [span for span in made if span is not None]


def _span(doc: Any, span: Span) -> Any:
    return doc.char_span(span.start, span.end, label=span.label, alignment_mode="expand")


def _cuts(row: Row) -> Sequence[int]:
    """The offsets at which `row` is cut into words and what is between them."""
    edges = {0, len(row.text)}
    for start, end in (*words_of_row(row), *((span.start, span.end) for span in row.spans)):
        edges |= {start, end}
    return sorted(edges)
