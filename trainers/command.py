"""Any program as a predictor: rows go in on its stdin, predictions come out on its stdout."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from corpora.predictions import Prediction, prediction_from_json
from corpora.readers.mapping import ValueProblem
from corpora.records import Row
from trainers.storage import write_facts

KIND = "command"
PREFIX = "command:"
DEFAULT_TIMEOUT = 3600.0
_SHOWN = 400


def row_to_json(row: Row) -> dict[str, Any]:
    """What a predictor may know of a row: `id`, `lang`, `text`, and `text_pair` and `tokens`."""
    values: dict[str, Any] = {"id": row.id, "lang": row.lang, "text": row.text}
    if row.text_pair is not None:
        values["text_pair"] = row.text_pair
    if row.tokens is not None:
        values["tokens"] = [list(token) for token in row.tokens]
    return values


@dataclass(frozen=True, slots=True)
class CommandPredictor:
    """Runs `command` (split as a POSIX shell would, but no shell runs it) for every `predict`.

    One JSON object a line goes in (see `row_to_json`); one a line with the same `id` comes out,
    in the same order, with `label` and `probabilities`, `spans`, or `target`. What the program
    writes to stderr is only shown where it fails. It has `timeout` seconds.
    """

    command: str
    timeout: float = DEFAULT_TIMEOUT

    @property
    def labels(self) -> tuple[str, ...]:
        """Not known."""
        return ()

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """What the program says.

        Raises `UserError` for a program that does not exist, fails, takes too long, prints what is
        no prediction, or leaves out, adds or reorders rows.
        """
        if not rows:
            return []
        lines = [json.dumps(row_to_json(row), ensure_ascii=False) for row in rows]
        output = self._run("\n".join(lines) + "\n")
        by_id = {row.id: row for row in rows}
        predictions = [
            self._read(line, number, by_id)
            for number, line in enumerate(output.splitlines(), 1)
            if line.strip()
        ]
        self._check_ids([row.id for row in rows], [one.id for one in predictions])
        return predictions

    def _run(self, given: str) -> str:
        try:
            arguments = shlex.split(self.command)
        except ValueError as error:
            raise self._error(f"cannot be read as a command ({error})") from error
        if not arguments:
            raise self._error("there is no command after 'command:'")
        try:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self._error(f"cannot be started ({error.strerror})") from error
        try:
            output, errors = process.communicate(given.encode("utf-8"), timeout=self.timeout)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise self._error(f"took longer than {self.timeout:g} seconds") from error
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            said = errors.decode("utf-8", "replace").strip()[-_SHOWN:]
            raise self._error(
                f"failed with exit code {process.returncode}"
                + (f"; the last it said was: {said}" if said else "; it said nothing")
            )
        try:
            return output.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._error(f"printed what is not UTF-8 (byte {error.start})") from error

    def _read(self, line: str, number: int, rows: dict[str, Row]) -> Prediction:
        try:
            return prediction_from_json(json.loads(line), rows)
        except ValueProblem as problem:
            said = problem.detail
        except ValueError as error:
            said = f"not JSON: {error}"
        raise self._error(f"printed {line[:80]!r} on line {number}: {said}")

    def _check_ids(self, wanted: list[str], given: list[str]) -> None:
        for number, (want, got) in enumerate(zip(wanted, given, strict=False), 1):
            if want != got:
                raise self._error(f"answered {got!r} where row {number} is {want!r}")
        if len(given) < len(wanted):
            raise self._error(
                f"answered {len(given)} of {len(wanted)} rows; the first without an answer is "
                f"{wanted[len(given)]!r}"
            )
        if len(given) > len(wanted):
            raise self._error(f"gave {len(given)} answers for {len(wanted)} rows")

    def _error(self, problem: str) -> UserError:
        return UserError(f"the predictor `{self.command}` {problem}")

    def save(self, folder: Path) -> None:
        """Write down the command; it is not loaded from there, for that would run a stranger's."""
        write_facts(folder, KIND, {"command": self.command, "timeout": self.timeout})


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what the program may have left running, and read what it had to say."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired, ValueError):
        process.communicate(timeout=5)
    process.wait()
