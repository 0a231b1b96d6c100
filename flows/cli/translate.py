"""`labelferry translate`: lines or rows in, translations out, in bounded memory."""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import IO, Any

from augmentation.pipeline.listener import Listener, Progress
from flows.cli.arguments import Number, check_outputs

DESCRIPTION = """\
Translate lines (a line in, a line out) or rows (JSON Lines: each row comes out with its
translation added). Texts are cut into sentences, and put together again with their white space.
Gzip and zstd are unpacked, and written where the name of --output ends in .gz or .zst; '-' is
standard input.
"""

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


def run(args: argparse.Namespace) -> int:
    """Translate the input."""
    from augmentation.pipeline.configuration import validate
    from augmentation.translation.config import TranslationConfig
    from augmentation.translation.files import FileOptions, translate_file
    from augmentation.translation.rejected import RejectedRows
    from augmentation.translation.setup import resolve_translation
    from augmentation.translation.texts import TextSource, format_of

    piped_in, piped_out = args.input == "-", args.output == "-"
    # Without an --output, what an earlier run rejected may be that of another input.
    replaces = not piped_out or args.rejected is not None or args.on_error == "skip"
    rejected = RejectedRows(_rejected_path(args), replaces=replaces)
    check_outputs(
        {"--output": None if piped_out else Path(args.output), "--rejected": rejected.path},
        {"INPUT": 0 if piped_in else Path(args.input)},
    )
    setup = resolve_translation(
        validate(TranslationConfig, _translation_settings(args)), task="text", source=args.source
    )
    source = TextSource(
        sys.stdin.buffer if piped_in else Path(args.input),
        args.format or format_of(Path(args.input)),
        args.field,
        skips=args.on_error == "skip",
    )
    options = FileOptions(args.into, args.n_best, split=not args.no_split)
    # A bar and translations on one screen would write over each other.
    bar = sys.stderr.isatty() and not (piped_out and sys.stdout.isatty())
    try:
        with _Meter(source.count_lines() if bar else None, bar) as meter:
            done = translate_file(
                source,
                _standard_output() if piped_out else Path(args.output),
                setup,
                args.target,
                rejected=rejected,
                options=options,
                listener=meter,
            )
            meter.end(done.rejected, done.flagged)
    finally:
        if rejected.count:
            print(f"{rejected.count} bad rows: {rejected.path}", file=sys.stderr)
    return 0


def _translation_settings(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "model": None if args.model is None else tuple(args.model),
        "pivot": args.pivot,
        "decoding": {
            "beam_size": args.beam_size,
            "max_decoding_length": args.max_length,
            "compute_type": args.compute_type,
        },
        "runtime": {"device": args.device},
    }


def _standard_output() -> IO[str]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def _rejected_path(args: argparse.Namespace) -> Path:
    output = "translate" if args.output == "-" else args.output
    return args.rejected or Path(f"{output}.rejected.jsonl")


class _Meter(Listener):
    """Rows, rows per second and time left on standard error: a bar on a terminal, else lines."""

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

    def advanced(self, progress: Progress) -> None:
        """Show the rows done and the line reached by `progress`."""
        self._done = progress.done
        self._line = progress.seen
        now = time.monotonic()
        if self._bar is not None:
            words = self._words(now) + self._left(now)
            self._bar.update(self._task, completed=self._line, words=words, refresh=True)
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
