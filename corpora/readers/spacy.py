"""Training data of spaCy as JSON: texts with `entities`, tuples, and what `Doc.to_json` gives."""

from __future__ import annotations

from typing import Any

from corpora.readers.annotated import Record, one_label, read_annotated
from corpora.readers.options import Items, ReadOptions, Source

_CHOSEN = 0.5
"""The least score of a category that a text has."""


def read_spacy(source: Source) -> Items:
    """The rows of `source`: `[text, {"entities": [[start, end, label]], "cats": {...}}]`, the same
    as an object with `text`, or a document of `Doc.to_json`.

    Span groups are spans as well. A class is each category that has a score of one half or more.
    """
    yield from read_annotated(source, "spacy", _convert)


def _convert(value: Any, options: ReadOptions) -> Record:
    given = {"text": value[0], **value[1]} if isinstance(value, list) else dict(value)
    spans = [*(given.pop("entities", None) or []), *(given.pop("ents", None) or [])]
    groups = given.pop("spans", None) or []
    for group in groups.values() if isinstance(groups, dict) else [groups]:
        spans += group
    record: Record = {"text": given.pop("text"), "spans": [_plain(span) for span in spans]}
    cats = given.pop("cats", None)
    if cats:
        record["label"] = one_label([name for name, score in cats.items() if score >= _CHOSEN])
    tokens = given.pop("tokens", None)
    if tokens and "start" in tokens[0]:
        record["tokens"] = [(token["start"], token["end"]) for token in tokens]
    for name in ("links", "sents"):
        given.pop(name, None)
    return given | record


def _plain(span: Any) -> Any:
    if not isinstance(span, dict):
        return span
    return {name: span[name] for name in ("start", "end", "label", "text") if name in span}
