"""A record of a table or a JSON file to a row."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from corpora.choices import Task
from corpora.errors import UserError
from corpora.readers.options import Defect, Source
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.readers.values import (
    ValueProblem,
    as_string,
    decoded,
    read_map,
    read_offsets,
    read_provenance,
    read_spans,
    short,
)
from corpora.records import EMPTY, Row, Span
from corpora.schema import PROVENANCE_COLUMNS
from corpora.tagging import Scheme, detect_scheme, is_tag

_NEEDED: dict[Task, tuple[str, ...]] = {
    "classification": ("text",),
    "pair": ("text", "text_pair"),
    "tokens": ("text",),
    "qa": ("text", "text_pair"),
    "text": ("text",),
}
_PREDICTED: dict[Task, tuple[str, ...]] = {
    "classification": ("label",),
    "pair": ("label",),
    "tokens": ("spans",),
    "qa": ("spans",),
    "text": (),
}
_USUAL: dict[str, tuple[str, ...]] = {"tags": ("tags", "ner_tags")}
_USUAL_QA = {
    "text": ("text", "context"),
    "text_pair": ("text_pair", "question"),
    "spans": ("spans", "answers"),
}
_FIELDS = ("id", "lang", "text", "text_pair", "label", "spans", "target", "split", "meta",
           "tokens", "tags")  # fmt: skip


class RowBuilder:
    """Makes rows of the records of `source`, which have the columns `names`.

    A column that only a later record has is used from there on; it replaces none that is in use.
    Raises `UserError` that lists the columns there are where one is missing.
    """

    class_names: Mapping[str, Sequence[str]] = MappingProxyType({})
    """The names of a column's class numbers (`datasets`' ClassLabel)."""

    def __init__(self, source: Source, names: Collection[str]) -> None:
        self._source = source
        self._scheme: Scheme = source.options.scheme or "iob2"
        self._columns = source.options.columns.given()
        if {"spans", "tags"} <= self._columns.keys():
            problem = "columns for 'spans' and for 'tags' are named: only one of them can be read"
            raise UserError(problem, file=source.path)
        for column in self._columns.values():
            if column not in names:
                raise self._no_column(column, names)
        self._find_columns(names)
        self._require(names)

    def _find_columns(self, names: Collection[str]) -> None:
        """Use the usual column for every field that has none yet, where `names` has it."""
        columns = self._columns
        tagged = "tags" in columns and self._source.options.columns.spans is None
        for name in _FIELDS:
            usual = (u for u in self._usual(name) if u in names and u not in columns.values())
            if name not in columns and (column := next(usual, None)) is not None:
                columns[name] = column
        if tagged:
            columns.pop("spans", None)
        elif "spans" in columns or "tokens" not in columns:
            columns.pop("tags", None)
        self._taken = frozenset({*columns.values(), "drop_reason", "drop_detail"})
        unused = {"spans"} if "tags" in columns else {"tags"}
        if "tokens" in columns and "spans" not in columns:
            unused.discard("tags")
        missing = (name for name in _FIELDS if name not in columns and name not in unused)
        self._awaited = frozenset(u for name in missing for u in self._usual(name)) - self._taken

    def _usual(self, name: str) -> tuple[str, ...]:
        usual = _USUAL.get(name, (name,))
        return _USUAL_QA.get(name, usual) if self._source.options.task == "qa" else usual

    def _require(self, names: Collection[str]) -> None:
        options = self._source.options
        needed = {*_NEEDED[options.task], *(_PREDICTED[options.task] if options.labelled else ())}
        if "tags" in self._columns:  # with the tokens they make up text and spans
            needed = needed - {"text", "spans"} | {"tokens"}
        for name in _FIELDS:
            if name in needed and name not in self._columns:
                raise self._no_column(self._usual(name)[-1], names)

    def _no_column(self, column: str, names: Collection[str]) -> UserError:
        return UserError(f"no column {column!r}", file=self._source.path, choices=names)

    def look(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Detect the tagging scheme from `records`, the first ones, where there are tags."""
        column = self._columns.get("tags")
        if column is None or self._source.options.scheme is not None:
            return
        sentences = []
        for record in records:
            with suppress(ValueProblem):  # reported when the record is built
                sentences.append([t for t in self._tags(record.get(column)) if is_tag(t)])
        self._scheme = detect_scheme(sentences)

    def build(self, number: int, record: Mapping[str, Any]) -> tuple[int, Row] | Defect:
        """The row of `record`, the `number`-th of the file, or a defect if it cannot be a row."""
        if not self._awaited.isdisjoint(record):
            self._widen(record)
        try:
            return number, self._build(record)
        except (ValueProblem, TokenisedError) as problem:
            return Defect(number, problem.reason, problem.detail, self._remains(record))

    def _widen(self, record: Mapping[str, Any]) -> None:
        """Use the columns of `record` that the records before it did not have."""
        tagged = "tags" in self._columns
        self._find_columns(record)
        if not tagged:
            self.look([record])

    def _remains(self, record: Mapping[str, Any]) -> Row:
        given, text, split = (
            record.get(self._columns.get(name, "")) for name in ("id", "text", "split")
        )
        if not isinstance(text, str):
            with suppress(RecursionError):
                text = json.dumps(record, default=str)
        return Row(
            given if isinstance(given, str) else "" if given is None else short(given),
            self._source.lang,
            text if isinstance(text, str) else "",
            split=split if isinstance(split, str) and split else None,
        )

    def _build(self, record: Mapping[str, Any]) -> Row:
        values = {name: record.get(column) for name, column in self._columns.items()}
        lang = self._optional_text(values, "lang") or self._source.lang
        tokens: tuple[tuple[int, int], ...] | None = None
        if "tags" in values:
            text, tokens, spans = self._tokenised(values, lang)
        else:
            text = self._text(values, "text")
            spans = read_spans(values.get("spans"), text)
            tokens = read_offsets(values.get("tokens"))
        provenance = read_provenance(record)
        taken = self._taken if provenance is None else self._taken.union(PROVENANCE_COLUMNS)
        return Row(
            self._id(values),
            lang,
            text,
            self._pair(values),
            self._label(values),
            spans,
            self._optional_text(values, "target"),
            self._optional_text(values, "split"),
            self._meta(values.get("meta"), record, taken),
            tokens,
            provenance,
        )

    def _tokenised(
        self, values: Mapping[str, Any], lang: str
    ) -> tuple[str, tuple[tuple[int, int], ...], tuple[Span, ...]]:
        tokens = decoded(values["tokens"], "tokens")
        tags = self._tags(values["tags"])
        if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
            problem = f"{self._columns['tokens']!r} is not a list of strings: {short(tokens)}"
            raise ValueProblem("bad-tokens", problem)
        if not tokens:
            raise ValueProblem("empty-text", "there are no tokens")
        if len(tokens) != len(tags):
            raise ValueProblem("bad-tokens", f"{len(tokens)} tokens, but {len(tags)} tags")
        text = self._optional_text(values, "text")
        return from_tokens(self._source, tokens, tags, self._scheme, text=text, lang=lang)

    def _tags(self, value: Any) -> list[str]:
        tags = decoded(value, "tags")
        if not isinstance(tags, list):
            problem = f"{self._columns['tags']!r} is not a list: {short(tags)}"
            raise ValueProblem("illegal-tag", problem)
        names = self.class_names.get(self._columns["tags"])
        if names is not None:
            tags = [_class_name(tag, names) if type(tag) is int else tag for tag in tags]
        if not all(isinstance(tag, str) for tag in tags):
            raise ValueProblem("illegal-tag", "the tags are not strings, and have no names here")
        return tags

    def _text(self, values: Mapping[str, Any], name: str) -> str:
        value = values[name]
        if value is None:
            raise ValueProblem("missing-field", f"there is no {self._columns[name]!r}")
        if not isinstance(value, str):
            raise self._not_text(name, value)
        return value

    def _pair(self, values: Mapping[str, Any]) -> str | None:
        if self._source.options.task in ("pair", "qa"):
            return self._text(values, "text_pair")
        return self._optional_text(values, "text_pair")

    def _label(self, values: Mapping[str, Any]) -> str | None:
        value = values.get("label")
        names = self.class_names.get(self._columns.get("label", ""))
        if names is not None and type(value) is int:
            # `datasets` has -1 where there is no label.
            label = None if value == -1 else _class_name(value, names, "bad-label")
        else:
            label = self._class(values)
        options = self._source.options
        if label is None and options.labelled and "label" in _PREDICTED[options.task]:
            raise ValueProblem("missing-label", f"there is no {self._columns['label']!r}")
        return label

    def _optional_text(self, values: Mapping[str, Any], name: str) -> str | None:
        """A field of text, None where it is empty."""
        value = values.get(name)
        if value is not None and not isinstance(value, str):
            raise self._not_text(name, value)
        return value or None

    def _not_text(self, name: str, value: Any) -> ValueProblem:
        return ValueProblem("not-text", f"{self._columns[name]!r} is not a string: {short(value)}")

    def _id(self, values: Mapping[str, Any]) -> str:
        value = values.get("id")
        return str(value) if type(value) is int else self._optional_text(values, "id") or ""

    def _class(self, values: Mapping[str, Any]) -> str | None:
        """A label; numbers and truth values may be names of classes."""
        value = values.get("label")
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float) or value != value:
            problem = f"{self._columns['label']!r} is not a string or number: {short(value)}"
            raise ValueProblem("bad-label", problem)
        return as_string(value)

    def _meta(
        self, value: Any, record: Mapping[str, Any], taken: frozenset[str]
    ) -> Mapping[str, str]:
        meta = {key: as_string(v) for key, v in read_map(value, "meta").items()}
        for name, other in record.items():
            if other is not None and other != "" and name not in taken:
                if name in meta:
                    raise ValueProblem("bad-meta", f"meta and a column both give {name!r}")
                meta[name] = as_string(other)
        return MappingProxyType(meta) if meta else EMPTY


def _class_name(number: int, names: Sequence[str], reason: str = "illegal-tag") -> str:
    if not 0 <= number < len(names):
        problem = f"there is no class {number}: {len(names)} have names, counted from 0"
        raise ValueProblem(reason, problem)
    return names[number]
