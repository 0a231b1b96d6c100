"""A record of a table or a JSON file to a row."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from corpora.choices import LABEL_KINDS
from corpora.detokenize import align_tokens
from corpora.errors import UserError
from corpora.readers.columns import (
    FIELDS,
    PREDICTED,
    ClassNames,
    ColumnFinder,
    Records,
    mending_option,
    missing_fields,
    scored_names,
    usual_names,
)
from corpora.readers.gold import GoldRows
from corpora.readers.label_columns import are_whole_numbers, check_labels, has_lists
from corpora.readers.markup import spans_of_markup
from corpora.readers.options import Defect, Source
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.readers.values import (
    ValueProblem,
    as_string,
    cell,
    read_labels,
    read_map,
    read_number,
    read_offsets,
    read_provenance,
    read_spans,
    short,
    whole,
)
from corpora.records import EMPTY, Row, Span
from corpora.schema import PROVENANCE_COLUMNS
from corpora.tagging import Scheme, detect_scheme, is_tag, looks_tagged
from corpora.text.units import CodePoints

_FLOAT_ID = re.compile(r"\d+\.0")  # a number of a table that has numbers missing


class RowBuilder:
    """Makes rows of the records of `source`, which have the columns `names`.

    `records` are the first ones, by which columns and tagging scheme are found; `class_names` has
    the names of the columns that hold numbers of classes. A column that only a later record has is
    used from there on; it replaces none that is in use. Raises `UserError` that lists the columns
    there are where one is missing.
    """

    def __init__(
        self,
        source: Source,
        names: Collection[str],
        records: Records = (),
        class_names: ClassNames = MappingProxyType({}),
    ) -> None:
        options = source.options
        self._source = source
        self._scheme: Scheme = options.scheme or "iob2"
        self.class_names = class_names
        self._gold = None if options.gold is None else GoldRows(options.gold)
        self._columns = options.columns.given()
        if {"spans", "tags"} <= self._columns.keys():
            problem = "columns for 'spans' and for 'tags' are named: only one of them can be read"
            raise UserError(problem, file=source.path)
        labels = sorted(self._columns.keys() & set(LABEL_KINDS))
        if len(labels) > 1:
            problem = f"columns for {' and '.join(map(repr, labels))} are named: a row has one kind"
            raise UserError(f"{problem} of label", file=source.path)
        for field, column in tuple(self._columns.items()):
            if column not in names:
                if options.gold is None:
                    raise UserError(f"no column {column!r}", file=source.path, choices=names)
                del self._columns[field]  # it is one of the gold's
        self._float_ids = False
        self._lists = False
        self._find_columns(names, records)
        self._require(names, records)
        self._whole_labels = are_whole_numbers(self._columns, records, options)
        self._look(records)
        if "id" in self._columns:
            values = (record.get(self._columns["id"]) for record in records)
            ids = [str(value) for value in values if value not in (None, "")]
            self._float_ids = bool(ids) and all(map(_FLOAT_ID.fullmatch, ids))

    def _find_columns(self, names: Collection[str], records: Records) -> None:
        """Use the usual column for every field that has none yet, where `names` has it."""
        columns, options = self._columns, self._source.options
        ColumnFinder(options, names, records, self.class_names).extend(columns)
        self._source.columns.update(columns)
        for field in self._source.columns.keys() - columns.keys():
            del self._source.columns[field]
        if "labels" in columns:
            self._lists |= has_lists([record.get(columns["labels"]) for record in records])
        self._may_have_label = "label" in columns or "label" in PREDICTED[options.task]
        self._taken = frozenset({*columns.values(), "drop_reason", "drop_detail"})
        unused = {"spans"} if "tags" in columns else {"tags"}
        if "tokens" in columns and "spans" not in columns:
            unused.discard("tags")
        if not columns.keys().isdisjoint(LABEL_KINDS):
            unused.update(LABEL_KINDS)
        missing = (name for name in FIELDS if name not in columns and name not in unused)
        usual = (u for name in missing for u in usual_names(name, options.task))
        self._awaited = frozenset(usual) - self._taken - frozenset(names)

    def _require(self, names: Collection[str], records: Records) -> None:
        options = self._source.options
        missing = missing_fields(options, self._columns, names)
        if not missing:
            return
        mend = mending_option(missing, self._columns, list(names), records, options)
        if options.gold is None:
            looked_for = usual_names(missing[0], options.task)
            problem = f"no column {looked_for[-1] if options.task == 'qa' else missing[0]!r}"
        else:
            names_scored = ", ".join(scored_names(options))
            problem = f"nothing to score: no column for {missing[0]} (looked for {names_scored})"
        problem += f": name it with {mend}"
        raise UserError(problem, file=self._source.path, choices=names)

    def _look(self, records: Records) -> None:
        """Detect the tagging scheme from `records`, the first ones, where there are tags."""
        column = self._columns.get("tags")
        if column is None or self._source.options.scheme is not None:
            return
        sentences = []
        for record in records:
            with suppress(ValueProblem):  # reported when the record is built
                tags = self._tags(record.get(column))
                sentences.append(tags if looks_tagged(tags) else [t for t in tags if is_tag(t)])
        self._scheme = detect_scheme(sentences)

    def check_labels(self, records: Records) -> None:
        """Raise `UserError` where the first `records`, of a table without types, leave it open
        whether labels are classes or numbers."""
        check_labels(self._columns, records, self._source.options, self._source.path)

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
        self._find_columns(record, [record])
        if not tagged:
            self._look([record])

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
        # Most tables have few of the columns: what a table lacks costs no call.
        optional = self._optional_text
        lang = (optional(values, "lang") if "lang" in values else None) or self._source.lang
        row_id = self._id(values) if "id" in values else ""
        gold = None if self._gold is None else self._gold.next(row_id, values.get("text"))
        if gold is not None:
            row_id = row_id or gold.id
            values["text"] = values.get("text") or gold.text
        tokens: tuple[tuple[int, int], ...] | None = None
        if "tags" in values:
            text, tokens, spans = self._tokenised(values, lang, gold)
        else:
            text = self._text(values, "text")
            spans = self._spans(values["spans"], text) if "spans" in values else ()
            if "tokens" in values:
                tokens = self._offsets(values["tokens"], text)
        provenance = read_provenance(record) if "method" in record else None
        taken = self._taken if provenance is None else self._taken.union(PROVENANCE_COLUMNS)
        return Row(
            row_id,
            lang,
            text,
            self._pair(values),
            self._label(values) if self._may_have_label else None,
            spans,
            optional(values, "target") if "target" in values else None,
            optional(values, "split") if "split" in values else None,
            self._meta(values.get("meta"), record, taken),
            tokens,
            provenance,
            self._labels(values),
            read_number(values.get("value"), self._columns.get("value", "value")),
        )

    def _spans(self, value: Any, text: str) -> tuple[Span, ...]:
        options = self._source.options
        if options.task == "qa" and options.labelled and value in (None, ""):
            problem = f"there is no {self._columns['spans']!r}: the question is not labelled"
            raise ValueProblem("missing-label", problem)
        if isinstance(value, str) and value[:1] not in "[{" and value.strip():
            return spans_of_markup(value, text)
        return read_spans(value, text, options.offsets)

    def _offsets(self, value: Any, text: str) -> tuple[tuple[int, int], ...] | None:
        """Token offsets; None where the column has none, or the tokens themselves."""
        value = cell(value, "tokens")
        if isinstance(value, list) and value and all(isinstance(t, str) for t in value):
            aligned = align_tokens(value, text)
            if isinstance(aligned, int):
                problem = f"the tokens are not those of the text: {short(value)}"
                raise ValueProblem("bad-tokens", problem)
            return aligned
        offsets, unit = read_offsets(value), self._source.options.offsets
        if offsets is None or unit is None:
            return offsets
        convert = CodePoints(text, unit)
        return tuple((convert.offset(start), convert.offset(end)) for start, end in offsets)

    def _tokenised(
        self, values: Mapping[str, Any], lang: str, gold: Row | None
    ) -> tuple[str, tuple[tuple[int, int], ...], tuple[Span, ...]]:
        tags = self._tags(values["tags"])
        text = self._optional_text(values, "text")
        if "tokens" in values:
            tokens = cell(values["tokens"], "tokens")
        elif gold is not None and gold.tokens is not None and text == gold.text:
            tokens = [gold.text[start:end] for start, end in gold.tokens]
        else:
            tokens = (text or "").split()
        if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
            problem = f"{self._columns['tokens']!r} is not a list of strings: {short(tokens)}"
            raise ValueProblem("bad-tokens", problem)
        if not tokens:
            raise ValueProblem("empty-text", "there are no tokens")
        if len(tokens) != len(tags):
            raise ValueProblem("bad-tokens", f"{len(tokens)} tokens, but {len(tags)} tags")
        return from_tokens(self._source, tokens, tags, self._scheme, text=text, lang=lang)

    def _tags(self, value: Any) -> list[str]:
        tags = cell(value, "tags")
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
        value = values.get(name)
        if value is None and self._gold is not None:
            return ""  # of a row that is not in the gold
        if value is None:
            raise ValueProblem("missing-field", f"there is no {self._columns[name]!r}")
        if not isinstance(value, str):
            raise self._not_text(name, value)
        return value

    def _pair(self, values: Mapping[str, Any]) -> str | None:
        if self._source.options.task in ("pair", "qa") and self._gold is None:
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
        if label is None and options.labelled and "label" in PREDICTED[options.task]:
            kinds = [kind for kind in LABEL_KINDS if kind in self._columns]
            if all(values.get(kind) is None or values[kind] == "" for kind in kinds):
                if kinds == ["labels"] and values["labels"] == "" and options.label_separator:
                    return None  # none of the labels
                columns = " and no ".join(repr(self._columns[kind]) for kind in kinds)
                raise ValueProblem("missing-label", f"there is no {columns}")
        return label

    def _labels(self, values: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Classes of a row that may have several; an empty text has none where they are text."""
        value, separator = values.get("labels"), self._source.options.label_separator
        if value is None or (value == "" and separator is None):
            return None
        if isinstance(value, str) and self._lists:
            value = [value]
        names = self.class_names.get(self._columns["labels"])
        return read_labels(value, separator, names)

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
        if isinstance(value, str):
            return value[:-2] if self._float_ids and _FLOAT_ID.fullmatch(value) else value
        value = whole(value)
        return str(value) if type(value) is int else self._optional_text({"id": value}, "id") or ""

    def _class(self, values: Mapping[str, Any]) -> str | None:
        """A label; numbers and truth values may be names of classes."""
        value = values.get("label")
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float) or value != value:
            problem = f"{self._columns['label']!r} is not a string or number: {short(value)}"
            if isinstance(value, list):
                problem += f"; --columns labels={self._columns['label']} reads lists of classes"
            raise ValueProblem("bad-label", problem)
        if self._whole_labels and type(value) is float and value % 1:
            column = self._columns["label"]
            problem = f"{value} is a number with a fraction where the first labels are classes: "
            problem += f"say which with --columns value={column} or --columns label={column}"
            raise ValueProblem("bad-label", problem)
        return as_string(value)

    def _meta(
        self, value: Any, record: Mapping[str, Any], taken: frozenset[str]
    ) -> Mapping[str, str]:
        if value is None and record.keys() <= taken:
            return EMPTY
        meta = {key: as_string(v) for key, v in read_map(value, "meta").items()}
        for name, other in record.items():
            if other is not None and other != "" and name not in taken:
                if name in meta:
                    raise ValueProblem("bad-meta", f"meta and a column both give {name!r}")
                if name in self.class_names:
                    other = _named(other, self.class_names[name])
                    if other is None:
                        continue
                meta[name] = as_string(other)
        return MappingProxyType(meta) if meta else EMPTY


def _named(value: Any, names: Sequence[str]) -> Any:
    """`value`, a number of a class or a list of such, by the classes' `names`; -1 is None."""
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    if type(value) is int and -1 <= value < len(names):
        return None if value == -1 else names[value]
    return value


def _class_name(number: int, names: Sequence[str], reason: str = "illegal-tag") -> str:
    if not 0 <= number < len(names):
        problem = f"there is no class {number}: {len(names)} have names, counted from 0"
        raise ValueProblem(reason, problem)
    return names[number]
