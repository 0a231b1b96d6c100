"""The rows of a file that could not be translated, kept with their reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

from corpora.storage import writing
from corpora.surrogates import without_surrogates


class RejectedRows:
    """A JSON Lines file of rejected rows, each with its line number and reason.

    It is written only where a row is rejected. A context manager: leaving it closes the file.
    """

    def __init__(self, path: Path, *, replaces: bool = True) -> None:
        """Rows go to `path`. `replaces` says that a file of an earlier run is deleted where no row
        is rejected and nothing fails."""
        self.path = path
        self.count = 0
        """Rows rejected so far."""
        self._replaces = replaces
        self._file: IO[str] | None = None

    def __enter__(self) -> RejectedRows:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        elif self._replaces and kind is None:
            self.path.unlink(missing_ok=True)

    def write(self, line: int, reason: str, text: str) -> None:
        """Keep the row `text` of `line` (from 1) with the `reason` that it is rejected for.

        Raises `UserError` where the file cannot be written.
        """
        with writing(self.path):
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", newline="\n")
            row = {"line": line, "reason": reason, "row": without_surrogates(text)}
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.count += 1
