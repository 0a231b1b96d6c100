"""Predictions and gold from files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpora.choices import Task
from corpora.errors import UserError
from corpora.predictions import Prediction, prediction_from_json
from corpora.readers import FORMATS, ColumnMapping, open_corpus
from corpora.readers.streams import format_suffix, text_lines
from corpora.readers.values import ValueProblem, parse_json, short
from corpora.records import Row
from corpora.storage import reading


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read files of gold and of predictions; None leaves it to the readers."""

    format: str | None = None
    """Of the predictions; by the file's name where not given."""
    gold_format: str | None = None
    """Of the gold; by the file's name where not given."""
    lang: str | None = None
    """The language (BCP 47) of rows that do not name theirs."""
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    """Which column of the gold holds what."""
    scheme: str | None = None
    """The tagging scheme of CoNLL files."""
    on_error: str = "error"
    """`error` or `repair`: what to do about invalid rows, such as those with illegal tags."""
    quoting: bool | None = None
    """Whether fields of tables may be quoted; None: in CSV they may, in TSV not."""


def read_gold(path: str | Path, task: Task, options: FileOptions | None = None) -> list[Row]:
    """The gold rows for `task` from the file `path`, of any format, read as `options` say.

    For the task `text`, the lines of a plain file are the targets. Raises `UserError` that names
    the file, and the row or line where there is one.
    """
    options = options or FileOptions()
    path = Path(path)
    if task == "text" and _is_plain(path, options.gold_format):
        return [
            Row(str(number), options.lang or "und", line, target=line)
            for number, line in enumerate(text_lines(path), 1)
        ]
    corpus = open_corpus(
        path,
        task=task,
        lang=options.lang,
        format=options.gold_format,
        columns=options.columns,
        scheme=options.scheme,
        on_error=options.on_error,
        quoting=options.quoting,
    )
    return list(corpus.rows())


def read_predictions(
    path: str | Path, task: Task, gold: list[Row], options: FileOptions | None = None
) -> list[Prediction]:
    """The predictions for `task` from the file `path`, read as `options` say.

    The rows `gold` give the texts, and ids where the file has none. The file may be JSON lines of
    predictions (`id`, and `label`, `spans` or `target`; what labelferry writes), SQuAD's official
    `{id: answer}`, lines of plain text, or of any format that gold may have. Raises `UserError`
    that names file and line.
    """
    options = options or FileOptions()
    path = Path(path)
    with reading(path):
        exists = path.exists()
    if not exists:
        raise UserError("no such file", file=path)
    if _is_json_lines(path, options.format):
        return list(_from_json_lines(path, task, {row.id: row for row in gold}))
    if task == "qa" and options.format is None and format_suffix(path) == ".json":
        answers = _official_answers(path)
        if answers is not None:
            return [Prediction(key, target=text) for key, text in answers.items()]
    if task == "text" and _is_plain(path, options.format):
        lines = list(text_lines(path))
        if len(lines) != len(gold):
            raise UserError(f"{len(lines)} lines for {len(gold)} gold rows", file=path)
        return [Prediction(r.id, target=t) for r, t in zip(gold, lines, strict=True)]
    return _from_corpus(path, task, gold, options)


def _is_json_lines(path: Path, format: str | None) -> bool:
    if format is not None:
        return format == "jsonl"
    return format_suffix(path) in FORMATS["jsonl"].suffixes


def _is_plain(path: Path, format: str | None) -> bool:
    if format is not None:
        return format == "text"
    return format_suffix(path) == ".txt"


def _from_json_lines(path: Path, task: Task, gold: Mapping[str, Row]) -> Iterator[Prediction]:
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
            prediction = prediction_from_json(value, gold)
            row = gold.get(prediction.id)
            if (
                row is not None and task != "text"
            ):  # the gold of `text` may have no text, only a target
                _check_text(value.get("text"), row)
        except ValueProblem as problem:
            raise UserError(problem.detail, file=path, line=number) from problem
        yield prediction


def _check_text(text: object, row: Row) -> None:
    """Raise `ValueProblem` for another text than that of the gold `row`: offsets would be wrong."""
    if isinstance(text, str) and text != row.text:
        detail = f"the text is not the gold's: {text[:60]!r} here, {row.text[:60]!r} there"
        raise ValueProblem("other-text", detail)


def _official_answers(path: Path) -> dict[str, str] | None:
    """SQuAD's prediction file, or None if this is something else."""
    try:
        value = json.loads("\n".join(text_lines(path)), object_pairs_hook=_unique)
    except RecursionError as error:
        raise UserError("not JSON: nested too deeply", file=path) from error
    except ValueError as error:
        raise UserError(f"not JSON: {error}", file=path) from error
    if not isinstance(value, dict) or "data" in value:
        return None
    for key, text in value.items():
        if not isinstance(text, str):
            raise UserError(f"the answer to {key!r} is not a string: {short(text)}", file=path)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises `ValueError` for a repeated key, whose first value would be lost."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return values


def _from_corpus(path: Path, task: Task, gold: list[Row], options: FileOptions) -> list[Prediction]:
    corpus = open_corpus(
        path,
        task=task,
        lang=options.lang,
        format=options.format,
        scheme=options.scheme,
        on_error=options.on_error,
        quoting=options.quoting,
        labelled=False,
    )
    return predictions_of_rows(list(corpus.rows()), gold, file=path)


def predictions_of_rows(
    rows: Sequence[Row], gold: Sequence[Row], *, file: str | Path | None = None
) -> list[Prediction]:
    """The labels of `rows` as predictions for the rows `gold`.

    Where both have the same texts in the same order, they are the same items, and the predictions
    get the ids of the gold. Raises `UserError`, which names the `file` of the rows, for a row whose
    text is not that of the gold row with its id.
    """
    ids = [row.id for row in rows]
    if [row.text for row in rows] == [row.text for row in gold]:
        # In formats without ids, they are made from the content, labels included.
        ids = [row.id for row in gold]
    _check_texts(dict(zip(ids, rows, strict=True)), gold, file)
    return [
        Prediction(id_, row.label, {}, row.spans, row.target)
        for id_, row in zip(ids, rows, strict=True)
    ]


def _check_texts(rows: Mapping[str, Row], gold: Sequence[Row], file: str | Path | None) -> None:
    for gold_row in gold:
        row = rows.get(gold_row.id)
        try:
            _check_text(None if row is None else row.text, gold_row)
        except ValueProblem as problem:
            raise UserError(problem.detail, file=file, row=gold_row.id) from problem
