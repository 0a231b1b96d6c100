"""One example of a table or a JSON file to a row."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from corpora.checks import Task
from corpora.errors import UserError
from corpora.readers.options import Defect, Source
from corpora.readers.tokenised import TokenisedError, from_tokens
from corpora.records import EMPTY, Provenance, Row, Span
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


class ValueProblem(ValueError):  # noqa: N818 (what it holds is a problem of the input's)
    """A value of the input cannot be what its column is for."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class RowBuilder:
    """Makes rows of records that have the columns `names`.

    A column that only a later record has is taken when it comes; none that is in use is exchanged
    for it. Raises `UserError` that lists the columns there are where one is missing.
    """

    class_names: Mapping[str, Sequence[str]] = MappingProxyType({})
    """The names of a column's class numbers (`datasets`' ClassLabel)."""

    def __init__(self, source: Source, names: Collection[str]) -> None:
        self._source = source
        self._scheme: Scheme = source.options.scheme or "iob2"
        self._columns = source.options.columns.given()
        for column in self._columns.values():
            if column not in names:
                raise self._no_column(column, names)
        self._find_columns(names)
        self._require(names)

    def _find_columns(self, names: Collection[str]) -> None:
        """Take the usual column for everything that has none yet, where `names` has it."""
        columns = self._columns
        tagged = "tags" in columns and self._source.options.columns.spans is None
        for name in _FIELDS:
            usual = (u for u in self._usual(name) if u in names and u not in columns.values())
            if name not in columns and (found := next(usual, None)) is not None:
                columns[name] = found
        if tagged:
            columns.pop("spans", None)
        elif "spans" in columns or "tokens" not in columns:
            columns.pop("tags", None)
        self._taken = frozenset({*columns.values(), "drop_reason", "drop_detail"})
        useless = {"spans"} if "tags" in columns else {"tags"}
        if "tokens" in columns and "spans" not in columns:
            useless.discard("tags")
        missing = (name for name in _FIELDS if name not in columns and name not in useless)
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
        """Find the tagging scheme from the first records, where there are tags."""
        column = self._columns.get("tags")
        if column is None or self._source.options.scheme is not None:
            return
        sentences = []
        for record in records:
            with suppress(ValueProblem):  # which is told when the record is built
                sentences.append([t for t in self._tags(record.get(column)) if is_tag(t)])
        self._scheme = detect_scheme(sentences)

    def build(self, number: int, record: Mapping[str, Any]) -> tuple[int, Row] | Defect:
        """The row of a record; what cannot be one is a defect."""
        if not self._awaited.isdisjoint(record):
            self._widen(record)
        try:
            return number, self._build(record)
        except (ValueProblem, TokenisedError) as problem:
            return Defect(number, problem.reason, problem.detail, self._remains(record))

    def _widen(self, record: Mapping[str, Any]) -> None:
        """Take the columns that `record` has and those before it had not."""
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
        lang = self._words(values, "lang") or self._source.lang
        tokens: tuple[tuple[int, int], ...] | None = None
        if "tags" in values:
            text, tokens, spans = self._tokenised(values, lang)
        else:
            text = self._text(values, "text")
            spans = read_spans(values.get("spans"), text)
            tokens = read_offsets(values.get("tokens"))
        made = read_provenance(record)
        return Row(
            self._id(values),
            lang,
            text,
            self._pair(values),
            self._label(values),
            spans,
            self._words(values, "target"),
            self._words(values, "split"),
            self._meta(values.get("meta"), record, () if made is None else PROVENANCE_COLUMNS),
            tokens,
            made,
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
        text = self._words(values, "text")
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
        return self._words(values, "text_pair")

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

    def _words(self, values: Mapping[str, Any], name: str) -> str | None:
        """A field of text, None where it is empty."""
        value = values.get(name)
        if value is not None and not isinstance(value, str):
            raise self._not_text(name, value)
        return value or None

    def _not_text(self, name: str, value: Any) -> ValueProblem:
        return ValueProblem("not-text", f"{self._columns[name]!r} is not a string: {short(value)}")

    def _id(self, values: Mapping[str, Any]) -> str:
        value = values.get("id")
        return str(value) if type(value) is int else self._words(values, "id") or ""

    def _class(self, values: Mapping[str, Any]) -> str | None:
        """A label; numbers and truth values are names of classes as good as any."""
        value = values.get("label")
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float) or value != value:
            problem = f"{self._columns['label']!r} is not a string or number: {short(value)}"
            raise ValueProblem("bad-label", problem)
        return as_string(value)

    def _meta(
        self, value: Any, record: Mapping[str, Any], known: Collection[str]
    ) -> Mapping[str, str]:
        meta = {key: as_string(v) for key, v in read_map(value, "meta").items()}
        for name, other in record.items():
            if other is not None and other != "" and name not in self._taken and name not in known:
                if name in meta:
                    raise ValueProblem("bad-meta", f"meta and a column both give {name!r}")
                meta[name] = as_string(other)
        return MappingProxyType(meta) if meta else EMPTY


def _class_name(number: int, names: Sequence[str], reason: str = "illegal-tag") -> str:
    if not 0 <= number < len(names):
        problem = f"there is no class {number}: {len(names)} have names, counted from 0"
        raise ValueProblem(reason, problem)
    return names[number]


def as_string(value: Any) -> str:
    """A value of a table as text: itself, or as JSON writes it; raises `ValueProblem`."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError as error:
        raise ValueProblem("not-text", "a value is nested too deeply") from error


def short(value: Any) -> str:
    """`value` as Python writes it, cut where it would fill the screen."""
    try:
        said = repr(value)
    except RecursionError:
        return "something nested too deeply"
    return said if len(said) <= 80 else f"{said[:77]}..."


def decoded(value: Any, name: str) -> Any:
    """What a cell holds: JSON, if the format (CSV) has nothing but strings."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueProblem("not-json", f"the {name} are not JSON: {error}") from error


def read_spans(value: Any, text: str) -> tuple[Span, ...]:
    """Spans from any of the usual shapes; raises `ValueProblem`.

    A list of objects (`start`, `end`, `label`, perhaps `text`, which must then be the text there)
    or of `[start, end, label]`; or SQuAD's answers (`text`, `answer_start`), as a list of objects
    or an object of lists.
    """
    if value is None or value == []:
        return ()
    spans = [_read_span(item, text) for item in span_items(value)]
    return tuple(dict.fromkeys(spans)) if len(spans) > 1 else tuple(spans)


def span_items(value: Any) -> list[Any]:
    """The single spans of what `read_spans` takes, an object of lists made a list of objects."""
    value = decoded(value, "spans")
    if isinstance(value, dict):
        try:
            return [
                dict(zip(value, items, strict=True)) for items in zip(*value.values(), strict=True)
            ]
        except (TypeError, ValueError) as error:
            raise ValueProblem("bad-spans", "the spans are lists of unlike lengths") from error
    if value is not None and not isinstance(value, list):
        raise ValueProblem("bad-spans", f"the spans are not a list: {short(value)}")
    return value or []


def _read_span(item: Any, text: str) -> Span:
    try:
        if not isinstance(item, dict):
            start, end, label = item
            span = Span(_integer(start, "start"), _integer(end, "end"), _name(label, "label"))
        elif "answer_start" in item:
            start, said = _integer(item["answer_start"], "answer_start"), item["text"]
            _name(said, "text")
            span = Span(start, start + len(said), "answer")
        else:
            projector = item.get("projector")
            span = Span(
                _integer(item["start"], "start"),
                _integer(item["end"], "end"),
                _name(item["label"], "label"),
                None if projector is None else _name(projector, "projector"),
                _finite(item.get("confidence"), "confidence"),
            )
    except (KeyError, TypeError, ValueError) as error:
        why = f" ({error})" if isinstance(error, _WrongTypeError) else ""
        raise ValueProblem(
            "bad-spans", f"not a span with start, end and label: {short(item)}{why}"
        ) from error
    said = item.get("text") if isinstance(item, dict) else None
    if said is not None and text[max(span.start, 0) : max(span.end, 0)] != said:
        raise ValueProblem(
            "span-text-differs",
            f"at {span.start}:{span.end} the text is "
            f"{text[max(span.start, 0) : max(span.end, 0)]!r}, not {said!r}; offsets must "
            "count characters (Unicode code points)",
        )
    return span


class _WrongTypeError(TypeError):
    """A part of a span is of another type; the message names the part and what it is."""


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongTypeError(f"{name!r} is not a whole number: {short(value)}")
    return value


def _name(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _WrongTypeError(f"{name!r} is not a string: {short(value)}")
    return value


def _finite(value: Any, name: str) -> float | None:
    if value is None:
        return None
    with suppress(OverflowError):
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
    raise _WrongTypeError(f"{name!r} is not a number: {short(value)}")


def read_offsets(value: Any) -> tuple[tuple[int, int], ...] | None:
    """Token offsets as `[start, end]` or objects with `start` and `end`; None if there are none."""
    value = decoded(value, "tokens")
    if value is None:
        return None
    problem = f"the tokens are not offsets, and have no tags: {short(value)}"
    try:
        pairs = [(t["start"], t["end"]) if isinstance(t, dict) else (t[0], t[1]) for t in value]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueProblem("bad-tokens", problem) from error
    if not all(type(start) is int and type(end) is int for start, end in pairs):
        raise ValueProblem("bad-tokens", problem)
    return tuple(pairs)


def read_map(value: Any, name: str) -> dict[str, Any]:
    """A mapping from an object, from pairs, or from objects with `key` and `value`."""
    value = decoded(value, name)
    if value is None:
        return {}
    if isinstance(value, list):
        value = dict(_pair(item, name) for item in value)
    if not isinstance(value, dict):
        raise ValueProblem(f"bad-{name}", f"{name} is not an object: {short(value)}")
    return {key: item for key, item in value.items() if item is not None}


def _pair(item: Any, name: str) -> tuple[str, Any]:
    pair = (item.get("key"), item.get("value")) if isinstance(item, dict) else item
    if not isinstance(pair, list | tuple) or len(pair) != 2 or isinstance(pair[0], list | dict):
        raise ValueProblem(f"bad-{name}", f"not a key and a value: {short(item)}")
    if pair[0] is None:
        raise ValueProblem(f"bad-{name}", f"a value without a key: {short(item)}")
    return str(pair[0]), pair[1]


def read_provenance(record: Mapping[str, Any]) -> Provenance | None:
    """The provenance that one of our own exports carries, in columns or (CSV) as strings."""
    if not record.get("method") or not record.get("source_id"):
        return None
    names = ("source_id", "source_lang", "source_text", "method", "model", "source_text_pair")
    said = {name: record.get(name) or "" for name in names}
    for name, value in said.items():
        if not isinstance(value, str):
            raise ValueProblem("not-text", f"{name!r} is not a string: {short(value)}")
    scores = read_map(record.get("scores"), "scores")
    return Provenance(
        said["source_id"],
        said["source_lang"] or "und",
        said["source_text"],
        said["method"],
        said["model"],
        _score(record.get("translation_score"), "translation_score"),
        said["source_text_pair"] or None,
        read_spans(record.get("source_spans"), said["source_text"]),
        MappingProxyType({k: _score(v, k) or 0.0 for k, v in scores.items()}),
    )


def _score(value: Any, name: str) -> float | None:
    """A number, which in CSV is text; None where there is none."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueProblem("bad-score", f"{name!r} is not a number: {short(value)}") from error
