"""`labelferry translate`: lines or rows in, translations out, in bounded memory."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translation.config import TranslationConfig
from flows.cli.arguments import Number, check_outputs, option, stream
from flows.cli.options import Overrides, takes_settings

_LINE_SECONDS = 15.0


_Input = Annotated[str, stream("File, or - for standard input.")]
_Output = Annotated[
    str,
    stream(
        "File, or - for standard output.",
        "--output",
        "-o",
        metavar="FILE",
    ),
]
_Source = Annotated[str, option("Language of the input, a BCP 47 tag.")]
_Target = Annotated[str, option("Language to translate to, a BCP 47 tag.")]
_Format = Annotated[
    Literal["lines", "jsonl"] | None,
    option("Format of the input.", default="jsonl by its name, else lines"),
]
_Field = Annotated[str, option("Field of a row that is translated.")]
_Into = Annotated[str, option("Field that the translation is written to.")]
_NBest = Annotated[
    int,
    option(
        "Translations of each text: a list in rows, tab-separated in lines.",
        number=Number(1, 1000),
    ),
]
_NoSplit = Annotated[bool, option("Do not cut texts into sentences.", negative=())]
_OnError = Annotated[
    Literal["error", "skip"],
    option(
        "Bad rows: stop with an error, or skip them and write them with their reason to --rejected."
    ),
]
_Rejected = Annotated[
    Path | None,
    option("Where skipped rows go.", default="OUTPUT.rejected.jsonl", metavar="FILE"),
]


@takes_settings(
    TranslationConfig,
    leave_out=("projection", "runtime.translating", "runtime.workers"),
    names={"decoding.max_decoding_length": "--max-length"},
)
def translate(
    input: _Input = "-",
    /,
    *,
    output: _Output = "-",
    source: _Source,
    target: _Target,
    format: _Format = None,
    field: _Field = "text",
    into: _Into = "translation",
    n_best: _NBest = 1,
    no_split: _NoSplit = False,
    on_error: _OnError = "error",
    rejected: _Rejected = None,
    settings: Overrides,
) -> int:
    """Translate lines (a line in, a line out) or rows (JSON Lines: each row comes out with its
    translation added). Texts are cut into sentences, and put together again with their white space.
    Gzip and zstd are unpacked, and written where the name of --output ends in .gz or .zst; '-' is
    standard input.
    """
    from augmentation.pipeline.configuration import validate
    from augmentation.translation.files import FileOptions, translate_file
    from augmentation.translation.rejected import RejectedRows
    from augmentation.translation.setup import resolve_translation
    from augmentation.translation.texts import TextSource, format_of

    piped_in, piped_out = input == "-", output == "-"
    # Without an --output, the rejected rows of an earlier run may be of another input.
    replaces = not piped_out or rejected is not None or on_error == "skip"
    refused = RejectedRows(
        rejected or Path(f"{'translate' if piped_out else output}.rejected.jsonl"),
        replaces=replaces,
    )
    check_outputs(
        {"--output": None if piped_out else Path(output), "--rejected": refused.path},
        {"INPUT": 0 if piped_in else Path(input)},
    )
    setup = resolve_translation(validate(TranslationConfig, settings), task="text", source=source)
    texts = TextSource(
        sys.stdin.buffer if piped_in else Path(input),
        format or format_of(Path(input)),
        field,
        skips=on_error == "skip",
    )
    options = FileOptions(into, n_best, split=not no_split)
    # A bar and translations on one terminal would overwrite each other.
    bar = sys.stderr.isatty() and not (piped_out and sys.stdout.isatty())
    try:
        with _Meter(texts.count_lines() if bar else None, bar) as meter:
            done = translate_file(
                texts,
                _standard_output() if piped_out else Path(output),
                setup,
                target,
                rejected=refused,
                options=options,
                listener=meter,
            )
            meter.end(done.rejected, done.flagged)
    finally:
        if refused.count:
            print(f"{refused.count} bad rows: {refused.path}", file=sys.stderr)
    return 0


def _standard_output() -> IO[str]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


class _Meter(Listener):
    """Rows, rows per second and time left on standard error: a bar on a terminal, else lines."""

    def __init__(self, lines: int | None, shows_bar: bool) -> None:
        """`lines` is how many there are to read, None where that is unknown."""
        self._lines = lines
        self._shows_bar = shows_bar
        self._began = self._printed = time.monotonic()
        self._done = self._line = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> _Meter:
        if self._shows_bar:
            from flows.progress import bar_with_words

            # Otherwise standard output would be redirected to the bar's stream.
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
        elif now - self._printed >= _LINE_SECONDS:
            self._printed = now
            print(self._words(now), file=sys.stderr, flush=True)

    def _words(self, now: float) -> str:
        rate = self._done / max(now - self._began, 1e-6)
        return f"{self._done} rows, {rate:.1f} rows per second"

    def _left(self, now: float) -> str:
        from flows.progress import clock

        if self._lines is None:
            return ""
        seconds = (now - self._began) * (self._lines - self._line) / self._line
        return f", {clock(seconds)} left"

    def end(self, skipped: int, flagged: int) -> None:
        """Stop the bar and print the totals, with those `skipped` and `flagged`."""
        self.__exit__()
        extra = f", {skipped} skipped" if skipped else ""
        if flagged:
            extra += f", {flagged} flagged (empty, repetition, copy, length or lost-placeholder)"
        print(f"{self._words(time.monotonic())}{extra}", file=sys.stderr)
