"""`labelferry translate`: lines or rows in, translations out, in bounded memory."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from corpora.errors import UserError
from flows.cli.arguments import Number, check_outputs

DESCRIPTION = """\
Translate lines (a line in, a line out) or rows (JSON Lines: each row comes out with its
translation added). Texts are cut into sentences, and put together again with their white space.
Gzip and zstd are unpacked, and written where the name of --output ends in .gz or .zst; '-' is
standard input.
"""

CHUNK_ROWS, CHUNK_CHARACTERS = 8192, 2_000_000
FIRST_ROWS = 512
"""The first chunk is a small one, so that how long the rest will take is soon known."""
_LINE_SECONDS = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add("input", nargs="?", default="-", metavar="INPUT", help="file, or - for standard input")
    add("--output", "-o", default="-", metavar="FILE", help="file, or - for standard output")
    add(
        "--source",
        required=True,
        help="language of the input, a BCP 47 tag (required)%(default).0s",
    )
    add(
        "--target",
        required=True,
        help="language to translate into, a BCP 47 tag (required)%(default).0s",
    )
    add(
        "--model",
        action="append",
        metavar="NAME|PATH",
        help="model in the store or a folder, may be repeated "
        "(default: the one that ships)%(default).0s",
    )
    add(
        "--pivot",
        metavar="LANG",
        help="go by way of this language where no model is direct (default: never)%(default).0s",
    )
    add(
        "--format",
        choices=("lines", "jsonl"),
        help="of the input (default: jsonl by its name, else lines)%(default).0s",
    )
    add("--field", default="text", help="field of a row that is translated")
    add("--into", default="translation", help="field that the translation is written to")
    add(
        "--beam-size",
        type=Number("--beam-size", 1, 1000),
        default=2,
        metavar="N",
        help="hypotheses kept in decoding",
    )
    add(
        "--n-best",
        type=Number("--n-best", 1, 1000),
        default=1,
        metavar="N",
        help="translations of each text: a list in rows, tab-separated in lines",
    )
    add(
        "--max-length",
        type=Number("--max-length", 4),
        default=256,
        metavar="N",
        help="pieces a sentence may have",
    )
    add("--no-split", action="store_true", help="do not cut texts into sentences")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to run")
    add("--compute-type", default="auto", metavar="TYPE", help="as CTranslate2 names them")
    add(
        "--on-error",
        choices=("error", "skip"),
        default="error",
        help="bad rows: stop, or write them with their reason to --rejected and go on",
    )
    add(
        "--rejected",
        type=Path,
        metavar="FILE",
        help="where skipped rows go (default: OUTPUT.rejected.jsonl)%(default).0s",
    )


@dataclass(frozen=True, slots=True)
class _Item:
    """A line or row of the input."""

    line: int
    text: str
    row: dict[str, Any] | None


def run(args: argparse.Namespace) -> int:
    """Translate the input."""
    from translators.open import open_translator
    from translators.protocol import DecodingOptions
    from translators.texts import translate_texts

    rejected_path = _rejected_path(args)
    check_outputs(
        {
            "--output": None if args.output == "-" else Path(args.output),
            "--rejected": rejected_path,
        },
        {"INPUT": 0 if args.input == "-" else Path(args.input)},
    )
    options = DecodingOptions(
        beam_size=max(args.beam_size, args.n_best),
        num_hypotheses=args.n_best,
        max_decoding_length=args.max_length,
    )
    translator = open_translator(
        args.model, pivot=args.pivot, device=args.device, compute_type=args.compute_type
    )
    translator.translate([], args.source, args.target, options)  # a wrong pair fails at once
    rows = _is_jsonl(args)
    flagged = 0
    # A bar and translations on one screen would write over each other.
    bar = sys.stderr.isatty() and not (args.output == "-" and sys.stdout.isatty())
    # Without an --output, what an earlier run rejected may be that of another input.
    own = args.output != "-" or args.rejected is not None or args.on_error == "skip"
    with (
        _Meter(_count_lines(args.input) if bar else None, bar) as meter,
        _writing(args.output) as out,
        _Rejected(rejected_path, own) as rejected,
    ):
        for chunk in _chunks(_items(args, rows, rejected)):
            found = translate_texts(
                translator,
                [item.text for item in chunk],
                args.source,
                args.target,
                options,
                split=not args.no_split,
            )
            for item, one in zip(chunk, found, strict=True):
                flagged += bool(one.flags)
                out.write(_row(item.row, one, args) if item.row is not None else _line(one.texts))
            out.flush()
            meter.advance(len(chunk), chunk[-1].line)
        meter.end(rejected.count, flagged)
    return 0


def _is_jsonl(args: argparse.Namespace) -> bool:
    if args.format is not None:
        return bool(args.format == "jsonl")
    suffixes = Path(args.input).suffixes
    return any(suffix in (".jsonl", ".ndjson") for suffix in suffixes)


def _count_lines(name: str) -> int | None:
    """How many lines there are to read, None where that cannot be known beforehand."""
    from corpora.readers.streams import blocks

    path = Path(name)
    if name == "-" or not path.is_file():
        return None
    return sum(block.count(b"\n") for block in blocks(path)) + 1


def _lines(name: str, strict: bool) -> Iterator[str]:
    from corpora.readers.streams import compression_of, text_lines

    if name != "-":
        yield from text_lines(Path(name), strict=strict)
        return
    errors = "strict" if strict else "surrogateescape"
    at = 0
    for number, data in enumerate(sys.stdin.buffer, start=1):
        if number == 1 and compression_of(data) is not None:
            problem = "this is compressed: unpack it, or give the file by its name"
            raise UserError(problem, file="standard input", line=number)
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8", errors)
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 at byte offset {at + error.start}"
            raise UserError(problem, file="standard input", line=number) from error
        at += len(data)
        yield line.removesuffix("\n").removesuffix("\r")


def _items(args: argparse.Namespace, rows: bool, rejected: _Rejected) -> Iterator[_Item]:
    from corpora.readers.streams import undecoded

    name = "standard input" if args.input == "-" else args.input
    strict = not rows or args.on_error != "skip"
    for number, line in enumerate(_lines(args.input, strict), start=1):
        if not rows:
            yield _Item(number, line, None)
            continue
        if not line.strip():
            continue
        row: dict[str, Any] = {}
        problem = undecoded(line)
        if problem is None:
            problem, row = _read_row(line, args.field)
        if problem is None:
            yield _Item(number, row[args.field], row)
        elif args.on_error == "skip":
            rejected.write(number, problem, line)
        else:
            raise UserError(problem, file=name, line=number)


def _read_row(line: str, field: str) -> tuple[str | None, dict[str, Any]]:
    """What is wrong with a line of JSON, None if nothing, and its row."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return f"not JSON: {error}", {}
    if not isinstance(row, dict):
        return "not an object", {}
    if field not in row:
        return f"no field {field!r} among {', '.join(sorted(row)) or 'none'}", {}
    if not isinstance(row[field], str):
        return f"the field {field!r} is not a string: {row[field]!r:.80}", {}
    return None, row


def _chunks(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    chunk: list[_Item] = []
    size, rows = 0, FIRST_ROWS
    for item in items:
        chunk.append(item)
        size += len(item.text)
        if len(chunk) >= rows or size >= CHUNK_CHARACTERS:
            yield chunk
            chunk, size, rows = [], 0, CHUNK_ROWS
    if chunk:
        yield chunk


def _line(texts: tuple[str, ...]) -> str:
    return "\t".join(" ".join(text.splitlines()) for text in texts) + "\n"


def _row(row: dict[str, Any], one: Any, args: argparse.Namespace) -> str:
    row = {**row, args.into: one.texts[0] if args.n_best == 1 else list(one.texts)}
    if one.flags:
        row[f"{args.into}_flags"] = list(one.flags)
    # Lone surrogates (JSON can escape them) have no UTF-8: escape what cannot be written.
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    return text + "\n"


@contextlib.contextmanager
def _writing(name: str) -> Iterator[IO[str]]:
    if name == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield sys.stdout
        return
    from corpora.storage import replacing_text

    with replacing_text(Path(name)) as file:
        yield file


def _rejected_path(args: argparse.Namespace) -> Path:
    output = "translate" if args.output == "-" else args.output
    return args.rejected or Path(f"{output}.rejected.jsonl")


class _Rejected:
    """The rows that were skipped, each with its line number and reason.

    Where there are none, the file of an earlier run goes if it is this command's `own`.
    """

    def __init__(self, path: Path, own: bool) -> None:
        self._path = path
        self._own = own
        self._file: IO[str] | None = None
        self.count = 0

    def __enter__(self) -> _Rejected:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            print(f"{self.count} bad rows: {self._path}", file=sys.stderr)
        elif self._own and kind is None:
            self._path.unlink(missing_ok=True)

    def write(self, line: int, reason: str, text: str) -> None:
        """Keep a bad row."""
        from corpora.storage import writing
        from corpora.surrogates import without_surrogates

        with writing(self._path):
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
            row = {"line": line, "reason": reason, "row": without_surrogates(text)}
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.count += 1


class _Meter:
    """Rows, rows a second and time left on standard error: a bar on a terminal, else lines."""

    def __init__(self, lines: int | None, shows_bar: bool) -> None:
        """`lines` is how many there are to read, None where nobody knows."""
        self._lines = lines
        self._shows_bar = shows_bar
        self._began = self._told = time.monotonic()
        self._done = self._line = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> _Meter:
        if self._shows_bar:
            from flows.progress import bar_with_words

            # Else what goes to standard output would go where the bar is.
            self._bar = bar_with_words(redirect_stdout=False)
            self._task = self._bar.add_task("translate", total=self._lines, words="")
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int, line: int) -> None:
        """Count rows that are done, up to this line."""
        self._done += count
        self._line = line
        now = time.monotonic()
        if self._bar is not None:
            words = self._words(now) + self._left(now)
            self._bar.update(self._task, completed=line, words=words, refresh=True)
        elif now - self._told >= _LINE_SECONDS:
            self._told = now
            print(self._words(now), file=sys.stderr, flush=True)

    def _words(self, now: float) -> str:
        rate = self._done / max(now - self._began, 1e-6)
        return f"{self._done} rows, {rate:.1f} rows/s"

    def _left(self, now: float) -> str:
        from flows.progress import clock

        if self._lines is None:
            return ""
        seconds = (now - self._began) * (self._lines - self._line) / self._line
        return f", {clock(seconds)} left"

    def end(self, skipped: int, flagged: int) -> None:
        """The last word."""
        self.__exit__()
        extra = f", {skipped} skipped" if skipped else ""
        if flagged:
            extra += f", {flagged} flagged (empty, repetition, copy or length)"
        print(f"{self._words(time.monotonic())}{extra}", file=sys.stderr)
