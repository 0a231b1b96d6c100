"""Any program as a predictor: rows go in on its stdin, predictions come out on its stdout."""

from __future__ import annotations

import json
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from corpora.predictions import Prediction, prediction_from_json
from corpora.readers.values import ValueProblem, parse_json
from corpora.records import Row
from trainers.limits import DEFAULT_TIMEOUT
from trainers.storage import write_facts

KIND = "command"
PREFIX = "command:"
_SHOWN = 400
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 26


def row_to_json(row: Row) -> dict[str, Any]:
    """What a predictor may know of a row: `id`, `lang`, `text`, and `text_pair` and `tokens`."""
    values: dict[str, Any] = {"id": row.id, "lang": row.lang, "text": row.text}
    if row.text_pair is not None:
        values["text_pair"] = row.text_pair
    if row.tokens is not None:
        values["tokens"] = [list(token) for token in row.tokens]
    return values


def named_files(command: str) -> list[Path]:
    """The files that can be read among the arguments of `command`: scripts, models, settings.

    Of `--option=value` it is the value. A program that is found on the PATH is none, nor is what a
    script imports; a command that cannot be split has none.
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
    except (OSError, ValueError):  # too long for a name, or not one: a program's text, say
        return False


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
        lines = [json.dumps(row_to_json(row), ensure_ascii=False) + "\n" for row in rows]
        process = self._start()
        try:
            return self._converse(process, "".join(lines).encode("utf-8"), rows)
        except BaseException:
            _end(process)
            raise

    def arguments(self) -> list[str]:
        """The program and its arguments; raises `UserError` where there is no such program."""
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
            return subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self._error(f"cannot be started ({error.strerror})") from error

    def _converse(
        self, process: subprocess.Popen[bytes], given: bytes, rows: Sequence[Row]
    ) -> list[Prediction]:
        by_id = {row.id: row for row in rows}
        predictions: list[Prediction] = []
        said = bytearray()
        deadline = time.monotonic() + self.timeout
        try:
            # Read as they come: the first bad line ends a program that would print for ever.
            for number, line in enumerate(_lines(process, given, said, deadline), 1):
                if not line.strip():
                    continue
                if len(predictions) == len(rows):
                    raise self._error(f"gave more answers than the {len(rows)} rows it was given")
                wanted = rows[len(predictions)]
                # Two of the rows may have one id: translations are told apart by a number.
                one = self._read(line, number, ChainMap({wanted.id: wanted}, by_id))
                if one.id != wanted.id:
                    row = len(predictions) + 1
                    raise self._error(f"answered {one.id!r} where row {row} is {wanted.id!r}")
                predictions.append(one)
            code = process.wait(max(deadline - time.monotonic(), 0.0))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise self._error(f"took longer than {self.timeout:g} seconds") from error
        if code:
            last = said.decode("utf-8", "replace").strip()[-_SHOWN:]
            raise self._error(
                f"failed with exit code {code}"
                + (f"; the last it said was: {last}" if last else "; it said nothing")
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
        """Write down the command; it is not loaded from there, for that would run a stranger's."""
        write_facts(folder, KIND, {"command": self.command, "timeout": self.timeout})


def _lines(
    process: subprocess.Popen[bytes], given: bytes, said: bytearray, deadline: float
) -> Iterator[bytes]:
    """Feed a program and give its lines as it prints them; `said` keeps the end of its stderr.

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
            ready = streams.select(max(deadline - time.monotonic(), 0.0))
            if time.monotonic() >= deadline:
                raise TimeoutError
            for key, _ in ready:
                stream = key.data
                if stream is process.stdin:
                    try:
                        rest = rest[os.write(key.fd, rest[:_CHUNK]) :]
                    except BrokenPipeError:  # it wants no more; its answers tell
                        rest = rest[:0]
                    done = not rest
                else:
                    chunk = os.read(key.fd, _CHUNK)
                    done = not chunk
                    if stream is process.stderr:
                        said += chunk
                        del said[: -4 * _SHOWN]
                    else:
                        *whole, last = chunk.split(b"\n")
                        for part in whole:
                            yield bytes(line + part)
                            line.clear()
                        line += last
                        if len(line) > _LONGEST_LINE:
                            yield bytes(line[:_SHOWN])  # no JSON, and is told so
                            line.clear()
                if done:
                    streams.unregister(stream)
                    stream.close()
    if line:
        yield bytes(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program with all that it started, and let go of its streams."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()
