"""The rows that a file of predictions is for: they give what its records leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpora.records import Row


class GoldRows:
    """Finds the row of `rows` that a record predicts for: by its id, or else by its number."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._by_id = {row.id: row for row in rows}
        self._next = 0

    def next(self, row_id: str, text: Any) -> Row | None:
        """The row of the next record, which has the id `row_id`; None where there is none.

        A record without an id is that of its number, where its `text`, if it has one, is the
        row's.
        """
        at = self._next
        self._next += 1
        if row_id:
            return self._by_id.get(row_id)
        row = self._rows[at] if at < len(self._rows) else None
        return None if row is None or (text and text != row.text) else row
