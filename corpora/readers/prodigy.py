"""Prodigy's JSON lines: texts with spans, labels or options, and the annotator's answer."""

from __future__ import annotations

from typing import Any

from corpora.readers.annotated import LeftOutError, Record, one_label, read_annotated
from corpora.readers.options import Items, ReadOptions, Source

_HIDDEN = ("answer", "accept", "options", "spans", "tokens", "label", "html", "config", "relations")


def read_prodigy(source: Source) -> Items:
    """The rows of `source`, a data set of Prodigy.

    Examples that were not accepted (`answer`) are left out. A class is the `label`, or the chosen
    ones of `options`. A span without a label has that of its example.
    """
    yield from read_annotated(source, "prodigy", _convert)


def _convert(value: Any, options: ReadOptions) -> Record:
    answer = value.get("answer", "accept")
    if answer != "accept" and options.labelled:
        raise LeftOutError(f"answer-{answer}", f"the annotator's answer is {answer!r}")
    record: Record = {
        key: item for key, item in value.items() if not key.startswith("_") and key not in _HIDDEN
    }
    label = value.get("label")
    spans = value.get("spans")
    if spans is not None:
        record["spans"] = [{"label": label, **_plain(span)} for span in spans]
    if "options" in value:
        record["label"] = one_label(value.get("accept", []))
    elif label is not None and all("label" in span for span in spans or ()):
        record["label"] = label
    if value.get("tokens"):
        record["tokens"] = [(token["start"], token["end"]) for token in value["tokens"]]
    return record


def _plain(span: Any) -> Record:
    names = ("start", "end", "label", "text", "projector", "confidence")
    return {name: span[name] for name in names if span.get(name) is not None}
