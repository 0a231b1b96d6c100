"""Predictions and gold from files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpora.checks import Task
from corpora.errors import UserError
from corpora.predictions import Prediction, prediction_from_json
from corpora.readers import FORMATS, ColumnMapping, open_corpus
from corpora.readers.streams import format_suffix, text_lines
from corpora.readers.values import ValueProblem, parse_json, short
from corpora.records import Row


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read a file of gold or predictions; None is what the readers find out themselves."""

    format: str | None = None
    lang: str | None = None
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    scheme: str | None = None
    on_error: str = "error"
    quoting: bool | None = None


def read_gold(path: str | Path, task: Task, options: FileOptions | None = None) -> list[Row]:
    """The gold rows of a file of any format; for `text`, the lines of a plain file are targets."""
    options = options or FileOptions()
    path = Path(path)
    if task == "text" and _is_plain(path, options):
        return [
            Row(str(number), options.lang or "und", line, target=line)
            for number, line in enumerate(_lines(path), 1)
        ]
    corpus = open_corpus(
        path,
        task=task,
        lang=options.lang,
        format=options.format,
        columns=options.columns,
        scheme=options.scheme,
        on_error=options.on_error,
        quoting=options.quoting,
    )
    return list(corpus.rows())


def read_predictions(
    path: str | Path, task: Task, gold: list[Row], options: FileOptions | None = None
) -> list[Prediction]:
    """The predictions of a file; `gold` gives the texts, and ids where the file has none.

    Taken are JSON lines of predictions (`id`, and `label`, `spans` or `target`; what labelferry
    writes), SQuAD's official `{id: answer}`, lines of plain text, and every format that gold may
    have. Raises `UserError` that names file and line.
    """
    options = options or FileOptions()
    path = Path(path)
    if not path.exists():
        raise UserError("no such file", file=path)
    if _is_json_lines(path, options):
        return list(_from_json_lines(path, task, {row.id: row for row in gold}))
    if task == "qa" and options.format is None and format_suffix(path) == ".json":
        answers = _official_answers(path)
        if answers is not None:
            return [Prediction(key, target=text) for key, text in answers.items()]
    if task == "text" and _is_plain(path, options):
        lines = list(_lines(path))
        if len(lines) != len(gold):
            raise UserError(f"{len(lines)} lines for {len(gold)} gold rows", file=path)
        return [Prediction(r.id, target=t) for r, t in zip(gold, lines, strict=True)]
    return _from_corpus(path, task, gold, options)


def _is_json_lines(path: Path, options: FileOptions) -> bool:
    if options.format is not None:
        return options.format == "jsonl"
    return format_suffix(path) in FORMATS["jsonl"].suffixes


def _is_plain(path: Path, options: FileOptions) -> bool:
    if options.format is not None:
        return options.format == "text"
    return format_suffix(path) == ".txt"


def _lines(path: Path) -> Iterator[str]:
    if not path.exists():
        raise UserError("no such file", file=path)
    yield from text_lines(path)


def _from_json_lines(path: Path, task: Task, gold: Mapping[str, Row]) -> Iterator[Prediction]:
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
            prediction = prediction_from_json(value, gold)
            row = gold.get(prediction.id)
            if row is not None and task != "text":  # whose gold may have no text but its target
                _check_text(value.get("text"), row)
        except ValueProblem as problem:
            raise UserError(problem.detail, file=path, line=number) from problem
        yield prediction


def _check_text(said: object, row: Row) -> None:
    """Offsets into one text mean nothing in another; raises `ValueProblem`."""
    if isinstance(said, str) and said != row.text:
        detail = f"the text is not the gold's: {said[:60]!r} here, {row.text[:60]!r} there"
        raise ValueProblem("other-text", detail)


def _official_answers(path: Path) -> dict[str, str] | None:
    """SQuAD's prediction file, or None if this is something else."""
    try:
        value = json.loads("\n".join(text_lines(path)), object_pairs_hook=_distinct)
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


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises `ValueError` for a key that is there twice, of which one would win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _from_corpus(path: Path, task: Task, gold: list[Row], options: FileOptions) -> list[Prediction]:
    corpus = open_corpus(
        path,
        task=task,
        lang=options.lang,
        format=options.format,
        columns=options.columns,
        scheme=options.scheme,
        on_error=options.on_error,
        quoting=options.quoting,
        labelled=False,
    )
    rows = list(corpus.rows())
    ids = [row.id for row in rows]
    if [row.text for row in rows] == [row.text for row in gold]:
        # The same texts in the same order are the same items: formats without ids get theirs
        # from the content, labels and all.
        ids = [row.id for row in gold]
    _check_texts(path, dict(zip(ids, rows, strict=True)), gold)
    return [
        Prediction(key, row.label, {}, row.spans, row.target)
        for key, row in zip(ids, rows, strict=True)
    ]


def _check_texts(path: Path, found: Mapping[str, Row], gold: list[Row]) -> None:
    for want in gold:
        row = found.get(want.id)
        try:
            _check_text(None if row is None else row.text, want)
        except ValueProblem as problem:
            raise UserError(problem.detail, file=path, row=want.id) from problem
