"""Checks the rows of a reader, repairs them where that was chosen, and gives ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from corpora.checks import Problem, find_problem
from corpora.errors import UserError
from corpora.labels import label_kind
from corpora.readers.ids import UniqueIds, id_of_content
from corpora.readers.options import PART, Defect, Format, Item, Items, ReadOptions
from corpora.records import DroppedRow, Row
from corpora.repair import repair_row
from corpora.surrogates import without_surrogates
from corpora.text.languages import same_language

BATCH_ROWS = 2_000
Files = Sequence[tuple[Path, Format]]
"""The files or folders of a corpus, each with its format."""


def row_error(files: Files, number: int, detail: str) -> UserError:
    """The error that the row `number` of `files` is bad for the reason `detail`."""
    part, number = divmod(number, PART)
    path, format = files[part]
    if format.unit == "line":
        return UserError(detail, file=path, line=number)
    return UserError(detail, file=path, row=number)


@dataclass(frozen=True, slots=True)
class CorpusBatch:
    """Some rows of a corpus, in order: those kept, and those that `on_error='skip'` drops."""

    rows: list[Row]
    dropped: list[DroppedRow]
    repaired: Mapping[str, int]
    """How often each kind of repair was made (`on_error='repair'`)."""

    @property
    def rows_in(self) -> int:
        """Rows read: those kept and those dropped."""
        return len(self.rows) + len(self.dropped)


class RowChecker:
    """Checks the rows of the corpus in `files`, gives ids, and finds ids that occur twice.

    `options` are those that it is read with; `reread` reads the same rows once more.
    """

    def __init__(self, files: Files, options: ReadOptions, reread: Callable[[], Items]) -> None:
        self._files = files
        self._options = options
        self._reread = reread
        self._ids = UniqueIds(self._given_ids)
        self._checked = 0

    def check(self, items: Sequence[Item], repaired: Mapping[str, int]) -> CorpusBatch:
        """The next `items` as a batch; `repaired` counts what the reader repaired in them.

        Raises `UserError` for a bad row unless rows may be dropped.
        """
        counts = Counter(repaired)
        rows: list[Row] = []
        numbers: list[int] = []
        dropped: list[DroppedRow] = []
        without_id: set[int] = set()
        for item in items:
            if isinstance(item, Defect):
                problem = Problem(item.reason, item.detail)
                drop = self._dropped if item.left_out else self._drop
                dropped.append(drop(item.number, problem, item.row))
                continue
            number, row = item
            if row.lang == "und" and self._options.lang is not None:  # BCP 47: undetermined
                row = replace(row, lang=self._options.lang)
            wrong = self._problem(row)
            if wrong is not None and self._options.on_error == "repair":
                row, repairs = repair_row(row, self._options.task)
                counts.update(repairs)
                wrong = self._problem(row)
            if wrong is not None:
                dropped.append(self._drop(number, wrong, row))
                continue
            if not row.id:
                without_id.add(len(rows))
                row = replace(row, id=id_of_content(row))
            rows.append(row)
            numbers.append(number)
        rows = self._with_unique_ids(rows, numbers, without_id, dropped, counts)
        if dropped:
            dropped = self._with_positions(dropped, items)
        self._checked += len(items)
        return CorpusBatch(rows, dropped, counts)

    def _with_positions(
        self, dropped: Sequence[DroppedRow], items: Sequence[Item]
    ) -> list[DroppedRow]:
        """The `dropped` ones of `items`, each with how many rows were read before it."""
        numbers = (item.number if isinstance(item, Defect) else item[0] for item in items)
        positions = {number: place for place, number in enumerate(numbers, self._checked)}
        return [replace(row, position=positions[row.position or 0]) for row in dropped]

    def _problem(self, row: Row) -> Problem | None:
        lang = self._options.lang
        if lang is not None and row.lang != lang and not same_language(row.lang, lang):
            return Problem("other-language", f"the row is in {row.lang!r}, not in {lang!r}")
        problem = self._too_long(row) or find_problem(row, self._options.task)
        needs_label = self._options.labelled and self._options.task in ("classification", "pair")
        if problem is None and needs_label and label_kind(row) is None:
            return Problem("missing-label", "there is no label")
        return problem

    def _too_long(self, row: Row) -> Problem | None:
        most = self._options.max_chars
        if most is None:
            return None
        for name in ("text", "text_pair", "target"):
            length = len(getattr(row, name) or "")
            if length > most:
                return Problem(
                    "text-too-long",
                    f"the {name} has {length:,} characters, and at most {most:,} are read "
                    "(the setting max_chars, --max-chars)",
                )
        return None

    def _drop(self, number: int, problem: Problem, row: Row) -> DroppedRow:
        if self._options.on_error != "skip":
            raise row_error(self._files, number, problem.detail)
        return self._dropped(number, problem, row)

    def _dropped(self, number: int, problem: Problem, row: Row) -> DroppedRow:
        part, place = divmod(number, PART)
        path, format = self._files[part]
        where = f"{format.unit} {place}"
        name = f"{format.unit}-{place}" if not part else f"{path.stem}-{format.unit}-{place}"
        row = Row(
            without_surrogates(row.id) or name,
            without_surrogates(row.lang),
            without_surrogates(row.text),
            None if row.text_pair is None else without_surrogates(row.text_pair),
        )
        if len(self._files) > 1:
            where = f"{path.name}, {where}"
        detail = without_surrogates(f"{where}: {problem.detail}")
        return DroppedRow(row, problem.reason, detail, number)

    def _with_unique_ids(
        self,
        rows: list[Row],
        numbers: list[int],
        without_id: set[int],
        dropped: list[DroppedRow],
        counts: Counter[str],
    ) -> list[Row]:
        """`rows` without those whose id occurs twice, which go to `dropped` or get another id.

        Their line or row numbers are `numbers`; `without_id` are the indices of those that had no
        id in the input: equal ones among these get a number.
        """
        again = self._ids.add([row.id for row in rows])
        if not again:
            return rows
        repeated = again - without_id if self._options.on_error == "repair" else set()
        if repeated:
            counts["duplicate-id"] += len(repeated)
            self._ids.keep_free()
        renamed = sorted(again & without_id | repeated)
        names = self._ids.rename([rows[index].id for index in renamed])
        for index, name in zip(renamed, names, strict=True):
            rows[index] = replace(rows[index], id=name)
        refused = again.difference(renamed)
        for index in sorted(refused):
            problem = Problem("duplicate-id", f"the id {rows[index].id!r} occurs twice")
            dropped.append(self._drop(numbers[index], problem, rows[index]))
        return [row for index, row in enumerate(rows) if index not in refused]

    def _given_ids(self) -> Iterator[list[str]]:
        items = self._reread()
        while chunk := list(islice(items, BATCH_ROWS)):
            rows = (item[1] for item in chunk if not isinstance(item, Defect))
            yield [without_surrogates(row.id) for row in rows]
