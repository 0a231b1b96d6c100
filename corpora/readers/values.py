"""Values of a record of any format: spans, offsets, mappings, numbers, provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from corpora.choices import OFFSET_UNITS, OffsetUnit
from corpora.records import Provenance, Span
from corpora.text.units import UNIT_NAMES, CodePoints

_OTHER_LABELS = ("entity_group", "type")
"""What else the label of a span is called; taggers of `transformers` have an entity's group."""


class ValueProblem(ValueError):  # noqa: N818 (what it holds is a problem of the input's)
    """A value of the input cannot be what its column holds.

    `reason` is machine-readable, `detail` is for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def parse_json(text: str) -> Any:
    """The value of a line of JSON, `text`; raises `ValueProblem`."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueProblem("not-json", "not JSON: nested too deeply") from error
    except ValueError as error:
        raise ValueProblem("not-json", f"not JSON: {error}") from error


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
        text = repr(value)
    except RecursionError:
        return "something nested too deeply"
    return text if len(text) <= 80 else f"{text[:77]}..."


def decoded(value: Any, name: str) -> Any:
    """The `value` of the column `name`: parsed as JSON if it is a string, as all are in CSV.

    None for an empty string. Raises `ValueProblem` for what is not JSON.
    """
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueProblem("not-json", f"the {name} are not JSON: {error}") from error


def cell(value: Any, name: str) -> Any:
    """The list in a `value` of the column `name`: JSON, or its words where it is plain text."""
    if isinstance(value, str) and value.lstrip()[:1] not in ("[", ""):
        return value.split()
    return decoded(value, name)


def whole(value: Any) -> Any:
    """`value`, as a whole number where it is one that pandas wrote as `20.0`."""
    return int(value) if type(value) is float and value.is_integer() else value


def read_spans(value: Any, text: str, offsets: OffsetUnit | None = None) -> tuple[Span, ...]:
    """Spans of `text` from a `value` of any of the usual shapes; raises `ValueProblem`.

    `offsets` is what those of `value` count, None being code points; those of the spans count code
    points.

    A list of objects (`start`, `end`, `label`, perhaps `text`, which must then be the text there)
    or of `[start, end, label]`; or SQuAD's answers (`text`, `answer_start`), as a list of objects
    or an object of lists.
    """
    if value is None or value == []:
        return ()
    convert = None if offsets in (None, "codepoints") else CodePoints(text, offsets)
    spans = [_read_span(item, text, convert) for item in span_items(value)]
    return tuple(dict.fromkeys(spans)) if len(spans) > 1 else tuple(spans)


def span_items(value: Any) -> list[Any]:
    """The spans of a `value` that `read_spans` takes, one by one, also of an object of lists."""
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


def _read_span(item: Any, text: str, convert: CodePoints | None) -> Span:
    try:
        span = _span(item, convert)
    except (KeyError, TypeError, ValueError) as error:
        why = f" ({error})" if isinstance(error, _WrongTypeError) else ""
        raise ValueProblem(
            "bad-spans", f"not a span with start, end and label: {short(item)}{why}"
        ) from error
    expected = item.get("text") if isinstance(item, dict) else None
    if expected is not None and text[max(span.start, 0) : max(span.end, 0)] != expected:
        unit = "" if convert is not None else _other_unit(item, expected, text)
        raise ValueProblem(
            "span-text-differs",
            f"at {span.start}:{span.end} the text is "
            f"{text[max(span.start, 0) : max(span.end, 0)]!r}, not {expected!r}; "
            f"{unit or 'offsets must count characters (Unicode code points)'}",
        )
    return span


def _span(item: Any, convert: CodePoints | None) -> Span:
    """The span `item` with offsets in code points; `convert` is None where they are already."""
    if not isinstance(item, dict):
        start, end, label = item
        span = Span(_integer(start, "start"), _integer(end, "end"), _name(label, "label"))
    elif "answer_start" in item:
        start = _integer(item["answer_start"], "answer_start")
        start = start if convert is None else convert.offset(start)
        return Span(start, start + len(_name(item["text"], "text")), "answer")
    else:
        projector = item.get("projector")
        span = Span(
            _integer(item["start"], "start"),
            _integer(item["end"], "end"),
            _name(item["label"] if "label" in item else _other_label(item), "label"),
            None if projector is None else _name(projector, "projector"),
            _finite(item.get("confidence", item.get("score")), "confidence"),
        )
    if convert is None:
        return span
    return replace(span, start=convert.offset(span.start), end=convert.offset(span.end))


def _other_label(item: Mapping[str, Any]) -> Any:
    """The label of the span `item`, under another name; raises `KeyError` where it has none."""
    return item[next((name for name in _OTHER_LABELS if name in item), "label")]


def _other_unit(item: Mapping[str, Any], expected: Any, text: str) -> str:
    """What the offsets of the span `item` count instead, where the `text` there is `expected`."""
    for unit in OFFSET_UNITS[1:]:
        span = _span(item, CodePoints(text, unit))
        if text[max(span.start, 0) : max(span.end, 0)] == expected:
            return f"the offsets count {UNIT_NAMES[unit]}: say so with --offsets {unit}"
    return ""


class _WrongTypeError(TypeError):
    """A part of a span is of another type; the message names the part and what it is."""


def _integer(value: Any, name: str) -> int:
    if type(value) is int:
        return value
    value = whole(value)
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


def read_labels(
    value: Any, separator: str | None = None, names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Classes from a `value`: a list, JSON of one, or text in which `separator` stands between
    them.

    Numbers are those of the classes called `names`, or names themselves. Raises `ValueProblem`.
    """
    items = value
    if isinstance(value, str):
        text = value.strip()
        if text == "[]" or text.startswith('["') or (separator is None and text[:1] == "["):
            items = decoded(text, "labels")
        elif separator is not None:
            items = [part.strip() for part in text.split(separator)] if text else []
        else:
            problem = f"the labels are no list: {short(value)}; say what stands between them with "
            raise ValueProblem("bad-label", problem + "--label-separator")
    if not isinstance(items, list | tuple):
        raise ValueProblem("bad-label", f"the labels are no list: {short(value)}")
    return tuple(dict.fromkeys(_class(item, names) for item in items))


def _class(item: Any, names: Sequence[str] | None) -> str:
    if names is not None and type(item) is int:
        if not 0 <= item < len(names):
            problem = f"there is no class {item}: {len(names)} have names, counted from 0"
            raise ValueProblem("bad-label", problem)
        return names[item]
    if item is None or item == "" or not isinstance(item, str | int | float) or item != item:
        raise ValueProblem("bad-label", f"one of the labels is no name: {short(item)}")
    return as_string(item)


def read_number(value: Any, name: str) -> float | None:
    """The number in the column `name` from a `value`, which may be text; None where it is empty.

    Raises `ValueProblem` for what is no number, and for one that is not finite.
    """
    if value is None or value == "":
        return None
    with suppress(TypeError, ValueError, OverflowError):
        # Python reads `1_000`, too, which is no number elsewhere.
        wrong = isinstance(value, bool) or (isinstance(value, str) and "_" in value)
        number = math.nan if wrong else float(value)
        if math.isfinite(number):
            return number
    raise ValueProblem("bad-value", f"{name!r} is not a number: {short(value)}")


def read_offsets(value: Any) -> tuple[tuple[int, int], ...] | None:
    """Token offsets from a `value` of `[start, end]` or objects with `start` and `end`.

    None if there are none. Raises `ValueProblem`.
    """
    value = decoded(value, "tokens")
    if value is None:
        return None
    problem = f"the tokens are not offsets, and have no tags: {short(value)}"
    try:
        pairs = [(t["start"], t["end"]) if isinstance(t, dict) else (t[0], t[1]) for t in value]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueProblem("bad-tokens", problem) from error
    pairs = [(whole(start), whole(end)) for start, end in pairs]
    if not all(type(start) is int and type(end) is int for start, end in pairs):
        raise ValueProblem("bad-tokens", problem)
    return tuple(pairs)


def read_map(value: Any, name: str) -> dict[str, Any]:
    """A mapping from a `value` of the column `name`.

    It may be an object, pairs, or objects with `key` and `value`. Raises `ValueProblem`.
    """
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
    """The provenance in the columns of a `record` of one of our exports; None if it has none.

    Raises `ValueProblem`.
    """
    if not record.get("method") or not record.get("source_id"):
        return None
    names = ("source_id", "source_lang", "source_text", "method", "model", "source_text_pair")
    fields = {name: record.get(name) or "" for name in names}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise ValueProblem("not-text", f"{name!r} is not a string: {short(value)}")
    scores = read_map(record.get("scores"), "scores")
    return Provenance(
        fields["source_id"],
        fields["source_lang"] or "und",
        fields["source_text"],
        fields["method"],
        fields["model"],
        _score(record.get("translation_score"), "translation_score"),
        fields["source_text_pair"] or None,
        read_spans(record.get("source_spans"), fields["source_text"]),
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
