"""Which column of a table holds what: the names that data sets and tools give to their columns.

The first name of a field is ours and is taken as it is; any other one only where its values, in the
first records, are such as the field has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from corpora.choices import LABEL_KINDS, LabelKind, Task
from corpora.labels import first_kind
from corpora.readers.label_columns import could_be, kind_of_values
from corpora.readers.options import ReadOptions
from corpora.tagging import looks_tagged

Records = Sequence[Mapping[str, Any]]
ClassNames = Mapping[str, Sequence[str]]
"""The names of a column's class numbers (`datasets`' ClassLabel)."""

FIELDS = ("id", "lang", "text", "text_pair", "label", "labels", "value", "spans",
          "target", "split", "meta", "tokens", "tags")  # fmt: skip
_OTHER_LABELS: tuple[LabelKind, ...] = ("labels", "value")
"""Fields in place of `label`: several classes, a number."""
NEEDED: dict[Task, tuple[str, ...]] = {
    "classification": ("text",),
    "pair": ("text", "text_pair"),
    "tokens": ("text",),
    "qa": ("text", "text_pair"),
    "text": ("text",),
}
"""Fields that a row must have."""
PREDICTED: dict[Task, tuple[str, ...]] = {
    "classification": ("label",),
    "pair": ("label",),
    "tokens": ("spans",),
    "qa": ("spans",),
    "text": (),
}
"""Fields that a labelled row must have."""

_TEXT = ("text", "sentence", "utterance", "utt", "query", "content", "document", "review", "tweet")
_CLASS = ("label", "labels", "intent", "category", "class", "topic", "sentiment")
_USUAL: dict[str, tuple[str, ...]] = {
    "text": _TEXT,
    "tokens": ("tokens", "words"),
    "tags": ("tags", "ner_tags", "slots", "labels", "slot_labels", "bio_tags", "ner"),
    "split": ("split", "partition"),
}
_MANY = ("labels", *(name for name in _CLASS if name != "labels"), "genres", "topics")
_NUMBERS = ("value", "label", "score", "similarity", "similarity_score", "rating")
_LABELS: dict[str, tuple[str, ...]] = {"label": _CLASS, "labels": _MANY, "value": _NUMBERS}
_USUAL_OF_TASK: dict[Task, dict[str, tuple[str, ...]]] = {
    "classification": _LABELS,
    "pair": {
        "text": ("text", "premise", "sentence1", "text1", "question1"),
        "text_pair": ("text_pair", "hypothesis", "sentence2", "text2", "question2"),
        **_LABELS,
    },
    "tokens": {
        "label": ("label", "intent"),
        "spans": ("spans", "entities", "slots", "labels", "annot_utt"),
    },
    "qa": {
        "text": ("text", "context"),
        "text_pair": ("text_pair", "question"),
        "spans": ("spans", "answers"),
    },
    "text": {},
}
_GUESSES = ("prediction", "predictions", "predicted", "pred")
_GUESSED_LABELS: dict[str, tuple[str, ...]] = {
    "label": (*_GUESSES, "predicted_label"),
    "labels": (*_GUESSES, "predicted_labels"),
    "value": (*_GUESSES, "predicted_value", "predicted_score"),
}
_GUESSES_OF_TASK: dict[Task, dict[str, tuple[str, ...]]] = {
    "classification": _GUESSED_LABELS,
    "pair": _GUESSED_LABELS,
    "tokens": {
        "spans": (*_GUESSES, "predicted_spans", "predicted_entities"),
        "tags": (*_GUESSES, "predicted_tags", "pred_tags"),
    },
    "qa": {"target": ("prediction_text", *_GUESSES, "answer")},
    "text": {"target": (*_GUESSES, "translation", "hypothesis")},
}
"""Names that only files of predictions have; what they hold was predicted for certain."""
_SCORED: dict[Task, tuple[str, ...]] = {
    "classification": ("label",),
    "pair": ("label",),
    "tokens": ("spans", "tags"),
    "qa": ("spans", "target"),
    "text": ("target",),
}
"""Fields one of which a file of predictions must have."""


def scored_fields(options: ReadOptions) -> tuple[str, ...]:
    """The fields of a file of predictions that `options` read, one of which it must have.

    Labels are predicted as the gold has them: a class, several classes, or a number.
    """
    scored = _SCORED[options.task]
    kind = first_kind(options.gold or ()) if "label" in scored else None
    return scored if kind is None else (kind,)


def guessed_names(name: str, options: ReadOptions) -> tuple[str, ...]:
    """The columns that have what was predicted for the field `name`, if `options` read such."""
    return () if options.gold is None else _GUESSES_OF_TASK[options.task].get(name, ())


def scored_names(options: ReadOptions) -> list[str]:
    """The columns that are looked for in files of predictions that `options` read."""
    names = [
        column
        for name in scored_fields(options)
        for column in (*usual_names(name, options.task), *guessed_names(name, options))
    ]
    return list(dict.fromkeys(names))


def usual_names(name: str, task: Task) -> tuple[str, ...]:
    """The columns that may hold the field `name` of rows for `task`, the best first."""
    return _USUAL_OF_TASK[task].get(name) or _USUAL.get(name, (name,))


class ColumnFinder:
    """Finds the columns of the fields of rows among `names`, by the options of a reader.

    `records` are the first ones, `class_names` says which columns are numbers of classes.
    """

    def __init__(
        self,
        options: ReadOptions,
        names: Collection[str],
        records: Records,
        class_names: ClassNames = MappingProxyType({}),
    ) -> None:
        self._options = options
        self._names = names
        self._records = records
        self._class_names = class_names

    def extend(self, columns: dict[str, str]) -> None:
        """Add to `columns`, by field, the usual column of each field that has none yet."""
        options = self._options
        tagged = "tags" in columns and options.columns.spans is None
        guessed = self._add_guesses(columns)
        for name in FIELDS:
            if name == "labels" and "label" in PREDICTED[options.task]:
                self._find_labels(columns)
            if (
                name in columns
                or name in _OTHER_LABELS
                or (name in guessed and options.task in ("tokens", "qa"))
            ):
                continue
            column = self._usual(name, columns)
            if column is not None:
                columns[name] = column
        if "label" in PREDICTED[options.task] and columns.keys().isdisjoint(LABEL_KINDS):
            self._take_only_class(columns)
        if tagged:
            columns.pop("spans", None)
        elif "spans" in columns or not self._makes_tokens(columns):
            columns.pop("tags", None)

    def _add_guesses(self, columns: dict[str, str]) -> set[str]:
        """Add what is a prediction by its name; the fields that it stands in for."""
        scored = scored_fields(self._options)
        for name in scored:
            for column in guessed_names(name, self._options):
                free = column in self._names and column not in columns.values()
                if free and name not in columns and self.fits(name, column):
                    columns[name] = column
                    return set(scored)
        return set()

    def _usual(self, name: str, columns: Mapping[str, str]) -> str | None:
        usual = usual_names(name, self._options.task)
        free = [u for u in usual if u in self._names and u not in columns.values()]
        return next((u for u in free if u == usual[0] or self.fits(name, u)), None)

    def _find_labels(self, columns: dict[str, str]) -> None:
        """Tell a class, several classes and a number apart; see `corpora.readers.label_columns`."""
        options = self._options
        given = options.columns.given()
        named = [
            kind for kind in LABEL_KINDS if kind in columns and columns[kind] == given.get(kind)
        ]
        if named or not columns.keys().isdisjoint(_OTHER_LABELS):
            if "label" not in named:
                columns.pop("label", None)
            return
        kinds = LABEL_KINDS if options.gold is None else scored_fields(options)
        if "label" not in kinds:
            columns.pop("label", None)
        elif (column := columns.get("label")) is not None and (values := self._values(column)):
            kind = kind_of_values(values, options)
            if kind != "label":
                columns[kind] = columns.pop("label")
            return
        for kind in (kind for kind in _OTHER_LABELS if kind in kinds):
            for name in usual_names(kind, options.task):
                free = name in self._names and name not in columns.values()
                ours = options.gold is not None and name == kind
                if free and (ours or could_be(kind, name, self._values(name), options)):
                    columns[kind] = name
                    return

    def _take_only_class(self, columns: dict[str, str]) -> None:
        """Take the one column of class numbers for the label, where there is one alone."""
        classes = [
            column
            for column in self._class_names
            if column in self._names
            and column not in columns.values()
            and self.fits("label", column)
        ]
        if len(classes) == 1:
            columns["label"] = classes[0]

    def _makes_tokens(self, columns: Mapping[str, str]) -> bool:
        """Whether tags go with tokens, or with the words of a text."""
        if "tokens" in columns or self._options.gold is not None:
            return True
        return self._options.task == "tokens" and "text" in columns

    def _values(self, column: str) -> list[Any]:
        """The values of `column` in the first records that are not empty."""
        values = (record.get(column) for record in self._records)
        return [value for value in values if value is not None and value != ""]

    def fits(self, name: str, column: str) -> bool:
        """Whether the values of `column` in the first records are such as the field `name` has."""
        empty = True
        for record in self._records:
            value = record.get(column)
            if value is None or value == "" or value == []:
                continue
            if name in _OTHER_LABELS and could_be(name, name, [value], self._options):
                return True
            if fits(name, value):
                return True
            empty = False
        return empty and name in ("spans", "split", "tokens")


def fits(name: str, value: Any) -> bool:
    """Whether `value` is such as the field `name` of a row has."""
    if name == "label":
        return isinstance(value, int | float) or (
            isinstance(value, str) and not looks_tagged(value.split()) and value[:1] not in "[{"
        )
    if name in _OTHER_LABELS:
        return could_be(name, name, [value], ReadOptions("classification"))
    if name == "tags":
        if isinstance(value, str):
            return looks_tagged(value.split()) or value[:2] in ('["', "['")
        return isinstance(value, list) and all(isinstance(tag, str | int) for tag in value)
    if name == "spans":
        if isinstance(value, str):
            return value[:2] in ("[{", "[[", '{"') or "[" in value
        if isinstance(value, dict):
            return {"text", "answer_start"} <= value.keys() or {"start", "end"} <= value.keys()
        return isinstance(value, list) and all(isinstance(item, dict | list) for item in value)
    if name == "tokens":
        return isinstance(value, str | list)
    return isinstance(value, str)


def missing_fields(
    options: ReadOptions, columns: Mapping[str, str], names: Collection[str]
) -> list[str]:
    """The fields that rows read by `options` need, and that have no column in `columns`.

    `names` are all columns. Nothing that a file of predictions may leave out is needed.
    """
    task = options.task
    if options.gold is not None:
        scored = scored_fields(options)
        has_classes = "label" in scored and "probabilities" in names
        return [] if has_classes or not columns.keys().isdisjoint(scored) else [scored[0]]
    needed = {*NEEDED[task], *(PREDICTED[task] if options.labelled else ())}
    if not columns.keys().isdisjoint(_OTHER_LABELS):
        needed -= {"label"}
    if "tags" in columns:  # with the tokens they make up text and spans
        needed -= {"spans"}
        if "tokens" in columns or "text" not in columns:
            needed = needed - {"text"} | {"tokens"}
    return [name for name in FIELDS if name in needed and name not in columns]


def mending_option(
    missing: Sequence[str],
    columns: Mapping[str, str],
    names: Sequence[str],
    records: Records,
    options: ReadOptions,
) -> str:
    """The option that would name the columns of the fields `missing`, as far as it can be told.

    `columns` are those in use, `names` all of them, `records` the first ones; `options` say what
    is read.
    """
    finder = ColumnFinder(options, names, records)
    free = [name for name in names if name not in columns.values()]
    pairs = []
    for name in missing:
        fitting = [column for column in free if records and finder.fits(name, column)]
        likely = min(fitting, key=lambda c: _rank(name, c, records), default=None)
        if likely is not None:
            free.remove(likely)
        pairs.append(f"{name}={likely or 'COLUMN'}")
    return f"--columns {','.join(pairs)}"


def _rank(name: str, column: str, records: Records) -> float:
    """How unlikely it is that `column` holds the field `name`: texts are long, labels few."""
    values = [record.get(column) for record in records]
    present = [str(value) for value in values if value is not None and value != ""]
    if name == "label":
        return len(set(present)) or len(values)
    return -sum(map(len, present)) / max(len(present), 1)
