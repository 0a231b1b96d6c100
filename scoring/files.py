"""Predictions and gold from files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from corpora.choices import OffsetUnit, Task
from corpora.errors import UserError, called
from corpora.predictions import Prediction, prediction_of_row
from corpora.readers import ColumnMapping, Corpus, open_corpus
from corpora.readers.columns import scored_fields, scored_names
from corpora.readers.offset_units import check_unit
from corpora.readers.options import Defect
from corpora.readers.pipes import regular_file
from corpora.readers.streams import format_suffix, text_lines, whole_text
from corpora.readers.values import ValueProblem, short
from corpora.records import DroppedRow, Row
from corpora.repair import repair_row
from corpora.storage import reading


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was skipped, and the file that it was in."""

    kind: Literal["gold", "prediction"]
    file: str
    row: DroppedRow


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
    """Which column holds what, of the gold and, where they have such columns, of the
    predictions."""
    scheme: str | None = None
    """The tagging scheme of CoNLL files."""
    on_error: str = "error"
    """`error`, `skip` or `repair`: what to do about invalid rows, such as those with illegal tags.
    Of those skipped, gold rows are left out, and predictions count as wrong."""
    quoting: bool | None = None
    """Whether fields of tables may be quoted; None: in CSV they may, in TSV not."""
    offsets: OffsetUnit | None = None
    """What offsets count, of the gold and of the predictions; None: code points."""
    label_separator: str | None = None
    """What stands between the labels of a row where text names several."""
    delimiter: str | None = None
    """Between the fields of a table; None: a comma in CSV, a tab in TSV."""
    encoding: str | None = None
    """Of text files; None: UTF-8."""
    rejected: list[RejectedRow] = field(default_factory=list)
    """The rows that were skipped; reading adds to it."""

    def of_rows(self) -> dict[str, Any]:
        """What readers of rows are told, wherever the rows are."""
        names = ("lang", "columns", "scheme", "on_error", "offsets", "label_separator")
        return {name: getattr(self, name) for name in names}

    def of_files(self) -> dict[str, Any]:
        """What readers of files are told, but for the format."""
        names = ("quoting", "delimiter", "encoding")
        return self.of_rows() | {name: getattr(self, name) for name in names}

    @property
    def rejected_gold(self) -> set[int]:
        """The identities of the rows that stand for gold that was skipped."""
        return {id(skipped.row.row) for skipped in self.rejected if skipped.kind == "gold"}


def read_gold(path: str | Path, task: Task, options: FileOptions | None = None) -> list[Row]:
    """The gold rows for `task` from the file `path`, of any format, read as `options` say.

    For the task `text`, the lines of a plain file are the targets. Raises `UserError` that names
    the file, and the row or line where there is one.
    """
    options = options or FileOptions()
    path = regular_file(Path(path))
    if task == "text" and _is_plain(path, options.gold_format):
        return [
            Row(str(number), options.lang or "und", line, target=line)
            for number, line in enumerate(text_lines(path, encoding=options.encoding), 1)
        ]
    corpus = open_corpus(path, task=task, format=options.gold_format, **options.of_files())
    rows, dropped = corpus.all_rows()
    for bad in dropped:  # they keep their places until the predictions are paired with the rows
        options.rejected.append(RejectedRow("gold", called(corpus.path), bad))
        rows.insert(bad.position or 0, bad.row)
    return rows


def read_predictions(
    path: str | Path, task: Task, gold: list[Row], options: FileOptions | None = None
) -> list[Prediction]:
    """The predictions for `task` from the file `path`, read as `options` say.

    The rows `gold` give the texts that the file leaves out, and ids where it has none. The file may
    be of any format that gold may have, and is read by the same readers, SQuAD's official
    `{id: answer}`, or lines of plain text. Raises `UserError` that names file and line, and for a
    file that holds nothing to score.
    """
    options = options or FileOptions()
    path = regular_file(Path(path))
    with reading(path):
        exists = path.exists()
    if not exists:
        raise UserError("no such file", file=path)
    if task == "qa" and options.format is None and format_suffix(path) == ".json":
        answers = _official_answers(path)
        if answers is not None:
            return [Prediction(key, target=text) for key, text in answers.items()]
    if task == "text" and _is_plain(path, options.format):
        lines = list(text_lines(path, encoding=options.encoding))
        if len(lines) != len(gold):
            raise UserError(f"{len(lines)} lines for {len(gold)} gold rows", file=path)
        return [Prediction(r.id, target=t) for r, t in zip(gold, lines, strict=True)]
    return _from_corpus(path, task, gold, options)


def _is_plain(path: Path, format: str | None) -> bool:
    if format is not None:
        return format == "text"
    return format_suffix(path) == ".txt"


def _check_text(text: object, row: Row) -> None:
    """Raise `ValueProblem` for another text than that of the gold `row`: offsets would be wrong."""
    if isinstance(text, str) and text != row.text:
        detail = f"the text is not the gold's: {text[:60]!r} here, {row.text[:60]!r} there"
        raise ValueProblem("other-text", detail)


def _official_answers(path: Path) -> dict[str, str] | None:
    """SQuAD's prediction file, or None if this is something else."""
    try:
        value = json.loads(whole_text(path), object_pairs_hook=_unique)
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
    how = options.of_files() | {"labelled": False, "gold": gold}
    corpus = open_corpus(path, task=task, format=options.format, **how)
    return predictions_of_corpus(corpus, gold, options.rejected)


def predictions_of_corpus(
    corpus: Corpus, gold: Sequence[Row], rejected: list[RejectedRow] | None = None
) -> list[Prediction]:
    """The rows of `corpus`, opened as predictions for the rows `gold`, as predictions.

    Raises `UserError` for what is no row, for a row whose text is not that of the gold row with its
    id, and where there is nothing to score; where bad rows are skipped, what is wrong with a row
    goes to `rejected`, and nothing is predicted for it.
    """
    rows: list[Row] = []
    numbers: list[int] = []
    problems: dict[int, ValueProblem] = {}
    for item in corpus.items():
        if isinstance(item, Defect):
            problems[item.number] = ValueProblem(item.reason, item.detail)
            number, row = item.number, item.row
            if not row.id and len(rows) < len(gold):
                row = replace(row, id=gold[len(rows)].id, text=gold[len(rows)].text)
        else:
            number, row = item
        if corpus.options.on_error == "repair":
            row, _ = repair_row(row, corpus.options.task)
        rows.append(row)
        numbers.append(number)
        if problems and corpus.options.on_error != "skip":
            raise corpus.error(number, problems[number].detail)
    if not rows:
        raise UserError("there are no rows", file=corpus.path)
    if corpus.options.offsets is None:
        check_unit(rows, corpus.path)
    rows = _with_ids(rows, gold)
    by_id = {row.id: row for row in gold}
    predictions = []
    for number, row in zip(numbers, rows, strict=True):
        try:
            if number in problems:
                raise problems[number]
            predictions.append(_prediction(row, by_id.get(row.id), corpus.options.task))
        except ValueProblem as problem:
            if corpus.options.on_error != "skip" or rejected is None:
                raise corpus.error(number, problem.detail) from problem
            bad = DroppedRow(row, problem.reason, corpus.error(number, problem.detail).args[0])
            rejected.append(RejectedRow("prediction", called(corpus.path), bad))
            predictions.append(Prediction(row.id))
    _check_any(corpus, predictions)
    return predictions


def _prediction(row: Row, gold: Row | None, task: Task) -> Prediction:
    """The prediction in `row` for the row `gold`; raises `ValueProblem`."""
    if not row.id:
        raise ValueProblem("no-id", "the prediction has no 'id'")
    # The gold of `text` may have no text, only a target.
    if gold is not None and row.text and task != "text":
        _check_text(row.text, gold)
    return prediction_of_row(row, gold)


def _check_any(corpus: Corpus, predictions: Sequence[Prediction]) -> None:
    """Raise `UserError` where no row has the one thing that its task predicts."""
    task = corpus.options.task
    field = {"classification": "label", "pair": "label", "text": "target"}.get(task)
    if field == "label":
        (field,) = scored_fields(corpus.options)
    if field is not None and all(getattr(p, field) is None for p in predictions):
        looked_for = ", ".join(scored_names(corpus.options))
        problem = f"nothing to score: no row has a {field}; looked for: {looked_for}"
        raise UserError(problem, file=corpus.path)


def _with_ids(rows: list[Row], gold: Sequence[Row]) -> list[Row]:
    """`rows` with the ids of the rows `gold` where they are the same texts in the same order.

    In formats without ids there are none, or they were made from the content, labels included.
    """
    if [row.text for row in rows] != [row.text for row in gold]:
        return rows
    return [replace(row, id=gold_row.id) for row, gold_row in zip(rows, gold, strict=True)]


def predictions_of_rows(rows: Sequence[Row], gold: Sequence[Row]) -> list[Prediction]:
    """The labels of `rows` in memory as predictions for the rows `gold`.

    Where both have the same texts in the same order, they are the same items, and the predictions
    get the ids of the gold. Raises `UserError` for a row whose text is not that of the gold row
    with its id.
    """
    rows = _with_ids(list(rows), gold)
    by_id = {row.id: row for row in gold}
    for row in rows:
        if (gold_row := by_id.get(row.id)) is not None:
            try:
                _check_text(row.text, gold_row)
            except ValueProblem as problem:
                raise UserError(problem.detail, row=row.id) from problem
    return [
        Prediction(row.id, row.label, {}, row.spans, row.target, labels=row.labels, value=row.value)
        for row in rows
    ]
