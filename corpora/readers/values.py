"""Values of an example, whatever its format: spans, offsets, mappings, numbers, provenance."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from corpora.records import Provenance, Span


class ValueProblem(ValueError):  # noqa: N818 (what it holds is a problem of the input's)
    """A value of the input cannot be what its column is for."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def parse_json(text: str) -> Any:
    """What a line of JSON holds; raises `ValueProblem`."""
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
