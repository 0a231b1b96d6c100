"""Any program as a predictor: it reads rows on stdin and writes predictions to stdout."""

from __future__ import annotations

import json
import os
import selectors
import shlex
import shutil
import subprocess
import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora import children
from corpora.errors import UserError
from corpora.posix import require_posix
from corpora.predictions import Prediction, prediction_from_json
from corpora.readers.values import ValueProblem, parse_json
from corpora.records import Row
from trainers.limits import COMMAND_PREFIX, DEFAULT_TIMEOUT
from trainers.storage import write_facts

KIND = "command"
PREFIX = COMMAND_PREFIX
_SHOWN = 400
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 26
_POLL_SECONDS = 0.1
"""How soon it is noticed that a program has ended whose output something else keeps open."""


def row_to_json(row: Row) -> dict[str, Any]:
    """What a predictor may see of `row`: `id`, `lang`, `text`, and `text_pair` and `tokens`."""
    values: dict[str, Any] = {"id": row.id, "lang": row.lang, "text": row.text}
    if row.text_pair is not None:
        values["text_pair"] = row.text_pair
    if row.tokens is not None:
        values["tokens"] = [list(token) for token in row.tokens]
    return values


def named_files(command: str) -> list[Path]:
    """The readable files among the arguments of `command`: scripts, models, settings.

    The value of `--option=value` counts, too. A program on the PATH does not, nor does what a
    script imports; a command that cannot be split has no files.
    """
    try:
        arguments = shlex.split(command)
    except ValueError:
        return []
    values = [a.partition("=")[2] if a.startswith("-") and "=" in a else a for a in arguments]
    return [Path(value) for value in dict.fromkeys(values) if _can_be_read(value)]


def _can_be_read(path: str) -> bool:
    try:
        return Path(path).is_file() and os.access(path, os.R_OK)
    except (OSError, ValueError):  # no file name: too long, or the text of a program
        return False


@dataclass(frozen=True, slots=True)
class CommandPredictor:
    """The `Predictor` that runs `command`, split as a POSIX shell would, for every `predict`.

    No shell runs it.

    The program gets one JSON object per line (see `row_to_json`), and answers with one per line,
    with the same `id` and in the same order, with `label` and `probabilities`, `spans`, or
    `target`. What it writes to stderr is only shown where it fails. It has `timeout` seconds.
    """

    command: str
    timeout: float = DEFAULT_TIMEOUT

    @property
    def labels(self) -> tuple[str, ...]:
        """Empty: the program's labels are unknown."""
        return ()

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """The program's predictions for `rows`.

        Raises `UserError` for a program that does not exist, fails, takes too long, prints what is
        not a prediction, or leaves out, adds or reorders rows.
        """
        if not rows:
            return []
        lines = [json.dumps(row_to_json(row), ensure_ascii=False) + "\n" for row in rows]
        process = self._start()
        try:
            return self._converse(process, "".join(lines).encode("utf-8"), rows)
        finally:
            children.end(process)

    def arguments(self) -> list[str]:
        """The program and its arguments; raises `UserError` where there is no such program, and on
        Windows."""
        require_posix("a predictor that is a command")
        try:
            arguments = shlex.split(self.command)
        except ValueError as error:
            raise self._error(f"cannot be read as a command ({error})") from error
        if not arguments:
            raise UserError(f"there is no command after {PREFIX!r}")
        if shutil.which(arguments[0]) is None:
            raise self._error("cannot be started (there is no such program)")
        return arguments

    def _start(self) -> subprocess.Popen[bytes]:
        arguments = self.arguments()
        try:
            return children.start(arguments)
        except OSError as error:
            raise self._error(f"cannot be started ({error.strerror})") from error

    def _converse(
        self, process: subprocess.Popen[bytes], given: bytes, rows: Sequence[Row]
    ) -> list[Prediction]:
        by_id = {row.id: row for row in rows}
        predictions: list[Prediction] = []
        errors = bytearray()
        deadline = time.monotonic() + self.timeout
        try:
            # Read line by line: the first bad line ends a program that would print without end.
            for number, line in enumerate(_lines(process, given, errors, deadline), 1):
                if not line.strip():
                    continue
                if len(predictions) == len(rows):
                    raise self._error(f"gave more answers than the {len(rows)} rows it was given")
                row = rows[len(predictions)]
                # Two rows may have the same id, so answers are matched by their order.
                prediction = self._read(line, number, ChainMap({row.id: row}, by_id))
                if prediction.id != row.id:
                    raise self._error(
                        f"answered {prediction.id!r} where row {len(predictions) + 1} is {row.id!r}"
                    )
                predictions.append(prediction)
            code = process.wait(max(deadline - time.monotonic(), 0.0))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise self._error(f"took longer than {self.timeout:g} seconds") from error
        if code:
            last = errors.decode("utf-8", "replace").strip()[-_SHOWN:]
            raise self._error(
                f"failed with exit code {code}"
                + (f"; its last message was: {last}" if last else "; it printed no message")
            )
        if len(predictions) < len(rows):
            raise self._error(
                f"answered {len(predictions)} of {len(rows)} rows; the first without an answer is "
                f"{rows[len(predictions)].id!r}"
            )
        return predictions

    def _read(self, line: bytes, number: int, rows: Mapping[str, Row]) -> Prediction:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._error(
                f"printed what is not UTF-8 on line {number} (byte {error.start})"
            ) from error
        try:
            return prediction_from_json(parse_json(text), rows)
        except ValueProblem as problem:
            raise self._error(
                f"printed {text[:80]!r} on line {number}: {problem.detail}"
            ) from problem

    def _error(self, problem: str) -> UserError:
        return UserError(f"the predictor `{self.command}` {problem}")

    def save(self, folder: Path) -> None:
        """Write the command to `folder`; it is never loaded from there, because
        a folder may come from anyone."""
        write_facts(folder, KIND, {"command": self.command, "timeout": self.timeout})


def _lines(
    process: subprocess.Popen[bytes], given: bytes, errors: bytearray, deadline: float
) -> Iterator[bytes]:
    """Feed a program and yield its lines as it prints them; `errors` keeps the end of its stderr.

    They end with the program, also where something that it started keeps its output open.
    Raises `TimeoutError` at the deadline, a time of `time.monotonic`.
    """
    assert process.stdin and process.stdout and process.stderr
    rest, line = memoryview(given), bytearray()
    os.set_blocking(process.stdin.fileno(), False)
    with selectors.DefaultSelector() as streams:
        streams.register(process.stdin, selectors.EVENT_WRITE, process.stdin)
        for output in (process.stdout, process.stderr):
            streams.register(output, selectors.EVENT_READ, output)
        while streams.get_map():
            # Asked before the select: if it has ended, all that it printed is there already.
            has_ended = process.poll() is not None
            left = max(deadline - time.monotonic(), 0.0)
            ready = streams.select(0.0 if has_ended else min(left, _POLL_SECONDS))
            if time.monotonic() >= deadline:
                raise TimeoutError
            if has_ended and all(key.data is not process.stdout for key, _ in ready):
                break
            for key, _ in ready:
                stream = key.data
                if stream is process.stdin:
                    try:
                        rest = rest[os.write(key.fd, rest[:_CHUNK]) :]
                    except BrokenPipeError:  # it reads no more; its output will show why
                        rest = rest[:0]
                    done = not rest
                else:
                    chunk = os.read(key.fd, _CHUNK)
                    done = not chunk
                    if stream is process.stderr:
                        errors += chunk
                        del errors[: -4 * _SHOWN]
                    else:
                        *whole, last = chunk.split(b"\n")
                        for part in whole:
                            yield bytes(line + part)
                            line.clear()
                        line += last
                        if len(line) > _LONGEST_LINE:
                            yield bytes(line[:_SHOWN])  # no JSON, which is an error
                            line.clear()
                if done:
                    streams.unregister(stream)
                    stream.close()
    if line:
        yield bytes(line)
