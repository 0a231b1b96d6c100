"""The columns of rows as trainers of `transformers` read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.batches import rows_to_batch
from corpora.choices import LabelKind, Task
from corpora.errors import UserError
from corpora.labels import label_kind
from corpora.records import Row
from corpora.schema import PROVENANCE_COLUMNS
from corpora.tagging import encode_iob2
from corpora.text.words import words_of_row
from corpora.writers.columnar import EXPORT_SCHEMA, export_batch
from corpora.writers.conll import chunks_of_spans

_STRING, _NUMBER = {"dtype": "string", "_type": "Value"}, {"dtype": "float64", "_type": "Value"}
_STRINGS = {"feature": _STRING, "_type": "Sequence"}


@dataclass(slots=True)
class Facts:
    """What all rows have in common: it decides the columns and the numbers of classes."""

    task: Task
    folder: Path
    """Where the rows go, for messages."""
    labels: set[str] = field(default_factory=set)
    """Of spans (`tokens`), or classes."""
    classes: set[str] = field(default_factory=set)
    """Labels of whole rows beside their spans."""
    langs: set[str] = field(default_factory=set)
    has_pair: bool = False
    kind: LabelKind | None = None

    def add(self, row: Row) -> None:
        """Take `row` into account; raises `UserError` for one that does not fit the task or the
        rows before it."""
        self.langs.add(row.lang)
        self.has_pair |= row.text_pair is not None
        if self.task == "tokens":
            self.labels.update(span.label for span in row.spans)
            if row.label is not None:
                self.classes.add(row.label)
        elif self.task in ("classification", "pair"):
            kind = label_kind(row)
            if kind is None or self.kind not in (None, kind):
                problem = "it has no label" if kind is None else "its label is of another kind than"
                problem += "" if kind is None else " those of the rows before it"
                raise UserError(problem, file=self.folder, row=row.id)
            self.kind = kind
            self.labels.update(row.labels or ([row.label] if row.label is not None else []))

    def names(self) -> list[str]:
        """The names of the classes, or of the tags, by their numbers."""
        names = in_order(self.labels)
        if self.task != "tokens":
            return names
        return ["O", *(f"{prefix}-{name}" for name in names for prefix in "BI")]


def in_order(names: set[str]) -> list[str]:
    """`names` sorted; whole numbers by their value, so that class 10 is not before class 2."""
    if all(name.isascii() and name.isdigit() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def features_of(facts: Facts) -> dict[str, Any]:
    """The features of the columns of rows with these `facts`, as `datasets` writes them."""
    classes = {"names": facts.names(), "_type": "ClassLabel"}
    features: dict[str, Any] = {"id": _STRING, "lang": _STRING}
    if facts.task == "qa":
        answers = {"text": _STRINGS, "answer_start": _list_of("int32")}
        return features | {"context": _STRING, "question": _STRING, "answers": answers} | _more()
    features["text"] = _STRING
    if facts.has_pair:
        features["text_pair"] = _STRING
    if facts.task == "tokens":
        features |= {"tokens": _STRINGS, "ner_tags": {"feature": classes, "_type": "Sequence"}}
        features["spans"] = _feature(EXPORT_SCHEMA.field("spans").type)
        if facts.classes:
            features["label"] = {"names": in_order(facts.classes), "_type": "ClassLabel"}
    elif facts.task == "text":
        features["target"] = _STRING
    elif facts.kind == "value":
        features["labels"] = _NUMBER
    else:
        several = {"feature": classes, "_type": "Sequence"}
        features["labels"] = several if facts.kind == "labels" else classes
    return features | _more()


def _more() -> dict[str, Any]:
    """The features of what a row was made from."""
    return {
        name: _feature(EXPORT_SCHEMA.field(name).type) for name in ("meta", *PROVENANCE_COLUMNS)
    }


def _list_of(dtype: str) -> dict[str, Any]:
    return {"feature": {"dtype": dtype, "_type": "Value"}, "_type": "Sequence"}


def _feature(type_: pa.DataType) -> Any:
    if pa.types.is_list(type_):
        return [_feature(type_.value_type)]
    if pa.types.is_struct(type_):
        return {part.name: _feature(part.type) for part in type_}
    dtype = "float64" if pa.types.is_floating(type_) else str(type_)
    return {"dtype": dtype, "_type": "Value"}


def schema_of(facts: Facts) -> pa.Schema:
    """The Arrow schema of the columns of rows with these `facts`, with their features where
    `datasets` looks for them."""
    features = features_of(facts)
    schema = pa.schema([(name, _arrow_type(feature)) for name, feature in features.items()])
    info = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return schema.with_metadata({"huggingface": info})


def _arrow_type(feature: Any) -> pa.DataType:
    if isinstance(feature, list):
        return pa.list_(_arrow_type(feature[0]))
    if feature.get("_type") == "Sequence":
        return pa.list_(_arrow_type(feature["feature"]))
    if feature.get("_type") == "ClassLabel":
        return pa.int64()
    if feature.get("_type") == "Value":
        return pa.type_for_alias(feature["dtype"])
    return pa.struct([(name, _arrow_type(part)) for name, part in feature.items()])


def batch_of(
    rows: Sequence[Row], facts: Facts, schema: pa.Schema, notes: Counter[str]
) -> pa.RecordBatch:
    """`rows` as a record batch of `schema`, by the `facts` of all rows; `notes` counts what had to
    be changed."""
    exported = export_batch(rows_to_batch(rows))
    made = _made_columns(rows, facts, notes)
    columns = [
        pa.array(made[part.name], part.type)
        if part.name in made
        else exported.column(part.name).cast(part.type)
        for part in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _made_columns(rows: Sequence[Row], facts: Facts, notes: Counter[str]) -> dict[str, list[Any]]:
    """The values of the columns that rows have otherwise, by name."""
    number = {name: index for index, name in enumerate(facts.names())}
    if facts.task == "qa":
        return {
            "context": [row.text for row in rows],
            "question": [row.text_pair for row in rows],
            "answers": [
                {
                    "text": [row.text[span.start : span.end] for span in row.spans],
                    "answer_start": [span.start for span in row.spans],
                }
                for row in rows
            ],
        }
    if facts.task == "tokens":
        words = [words_of_row(row) for row in rows]
        tags = [
            encode_iob2(chunks_of_spans(row, offsets, notes, facts.folder), len(offsets))
            for row, offsets in zip(rows, words, strict=True)
        ]
        classes = {name: index for index, name in enumerate(in_order(facts.classes))}
        return {
            "tokens": [
                [row.text[start:end] for start, end in offsets]
                for row, offsets in zip(rows, words, strict=True)
            ],
            "ner_tags": [[number[tag] for tag in of_row] for of_row in tags],
            "label": [-1 if row.label is None else classes[row.label] for row in rows],
        }
    if facts.kind == "value":
        return {"labels": [row.value for row in rows]}
    if facts.kind == "labels":
        return {"labels": [[number[label] for label in row.labels or ()] for row in rows]}
    return {"labels": [number.get(row.label or "") for row in rows]}
