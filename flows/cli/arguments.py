"""What several commands share: numbers in a range, common options, safe outputs."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from cyclopts import ArgumentCollection, Parameter, UnknownOptionError

from corpora.choices import OffsetUnit, OnError
from corpora.errors import UserError
from corpora.storage import check_writable

if TYPE_CHECKING:
    from cyclopts import Token

STANDARD_INPUT = Path("/dev/stdin")
UNBOUNDED = 2**31 - 1
"""More rows, pieces or seconds than anyone needs; above it, libraries overflow."""


@dataclass(frozen=True, slots=True)
class Number:
    """The numbers that an option takes, from `least` to `most`; a converter of cyclopts."""

    least: float
    most: float = UNBOUNDED
    whole: bool = True
    above: bool = False
    """Whether `least` itself is not allowed."""
    below: bool = False
    """Whether `most` itself is not allowed."""
    off: bool = False
    """Whether `off` may be given instead."""

    def __call__(self, kind: Any, tokens: Sequence[Token]) -> int | float | None:
        """The number in `tokens`, of which there is one; `kind`, its type, is not used.

        Raises `UserError` that names the option, its text and what is allowed.
        """
        (token,) = tokens
        return self.parse(token.keyword or "", token.value)

    def parse(self, option: str, text: str) -> int | float | None:
        """The number in `text`, the value of `option`; raises what a call raises."""
        if self.off and text == "off":
            return None
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            raise self._refusal(option, text) from None
        enough = value > self.least if self.above else value >= self.least
        few = value < self.most if self.below else value <= self.most
        if not math.isfinite(value) or not enough or not few:
            raise self._refusal(option, text)
        return value

    def _refusal(self, option: str, text: str) -> UserError:
        return UserError(f"{option} {text}: it must be {self}")

    def __str__(self) -> str:
        """What is allowed, in words."""
        kind = "a whole number" if self.whole else "a number"
        bounds = ""
        if math.isfinite(self.least):
            most = f"{'below' if self.below else 'to'} {self.most:.10g}"
            bounds = f" {'above' if self.above else 'from'} {self.least:g} {most}"
        return f"{kind}{bounds}{', or off' if self.off else ''}"

    @property
    def range(self) -> str:
        """The range as help pages show it; empty where any number will do."""
        if not math.isfinite(self.least):
            return ""
        words = f"{'above' if self.above else 'from'} {self.least:g}"
        if self.most < UNBOUNDED:
            words += f" {'to below' if self.below else 'to'} {self.most:g}"
        return f"{words}, or off" if self.off else words


SEED = Number(0)
"""Seeds of random numbers, as NumPy takes them."""


def option(
    help: str, *names: str, number: Number | None = None, default: str | None = None, **more: Any
) -> Parameter:
    """An option with its `help`.

    `names` are its flags where they are not made from the parameter's name, `number` says which
    numbers it takes, `default` what its help page shows instead of the parameter's own default;
    `more` are other arguments of cyclopts' `Parameter`.
    """
    if number is not None:
        more = {"converter": number, "metavar": "N" if number.whole else "X"} | more
        help = f"{help} ({number.range})" if number.range else help
    if default is not None:
        more["show_default"] = default
    return Parameter(name=names or None, help=help, **more)


def dash_or_file(kind: Any, tokens: Sequence[Token]) -> Any:
    """The name in `tokens` as a `kind`, or the names as a list: `-`, or a file; a converter of
    cyclopts.

    As a path, `-` is standard input. Raises `UnknownOptionError` for an option in the place of a
    name.
    """
    names = [_dash_or_file(token) for token in tokens]
    if str in (kind, *get_args(kind)):
        return names if len(names) > 1 else names[0]
    paths = [STANDARD_INPUT if name == "-" else Path(name) for name in names]
    return paths if get_origin(kind) is list else paths[0]


def dash_or_output(kind: Any, tokens: Sequence[Token]) -> Path:
    """As `dash_or_file`, whose `kind` and `tokens` it takes, for a file to write: the path `-` is
    standard output."""
    return Path(_dash_or_file(tokens[0]))


def _dash_or_file(token: Token) -> str:
    if token.value.startswith("-") and token.value != "-":
        if token.keyword is not None:
            raise UserError(f"{token.keyword} needs a value")
        options = ArgumentCollection()  # type: ignore[no-untyped-call]
        raise UnknownOptionError(token=token, argument_collection=options)
    return token.value


def stream(help: str, *names: str, **more: Any) -> Parameter:
    """As `option` (with `help`, `names` and `more`), of a file that may be `-`, which means a
    standard stream."""
    more = {"converter": dash_or_file} | more
    return option(help, *names, allow_leading_hyphen=True, **more)


YesNo = Literal["yes", "no"]
InputFiles = Annotated[
    list[Path] | None,
    stream(
        "Files, folders, patterns such as 'data/*.jsonl', or - for standard input.",
        default="that of --config",
        metavar="INPUT...",
    ),
]
"""The argument INPUT of commands whose configuration may name the input."""
ConfigFile = Annotated[
    Path | None,
    stream(
        "Settings in YAML, or a run's run.json to make that run again; options given here win over "
        "it.",
        default="none",
        metavar="FILE",
    ),
]
"""The option `--config` of commands whose settings may come from a file."""
NoPrefect = Annotated[
    bool,
    option("Run the steps in this process, without Prefect.", default="with it", negative=()),
]
"""The option `--no-prefect`."""
Columns = Annotated[
    str | None,
    option(
        "Which column holds what, as in text=sentence,label=class.",
        default="the usual names",
        metavar="A=B,...",
    ),
]
"""The option `--columns`; see `parse_columns`."""
Quoting = Annotated[
    YesNo | None,
    option("Whether fields of tables may be quoted.", default="in CSV they may, in TSV not"),
]
"""The option `--quoting`; see `quoted`."""
Delimiter = Annotated[
    str | None,
    option(
        "What is between the fields of a table, such as ';', or tab.",
        default="a comma in CSV, a tab in TSV",
        metavar="SIGN",
    ),
]
"""The option `--delimiter`."""
Encoding = Annotated[
    str | None,
    option(
        "Encoding of text files, such as latin-1 or utf-16.", default="UTF-8", metavar="ENCODING"
    ),
]
"""The option `--encoding`."""
OnBadRows = Annotated[
    OnError,
    option("What to do about bad rows: stop, drop them with their reason, or repair what can be."),
]
"""The option `--on-error`."""
Splits = Annotated[
    list[str] | None,
    option("Only the rows of this split of a file; may be repeated.", default="all"),
]
"""The option `--split`."""
Offsets = Annotated[
    OffsetUnit | None,
    option(
        "What offsets count: code points, units of UTF-16, or bytes of UTF-8.",
        default="code points",
    ),
]
"""The option `--offsets`."""
LabelSeparator = Annotated[
    str | None,
    option(
        "What stands between the labels of a row where text names several, as | in a|b.",
        default="such text is JSON",
        metavar="TEXT",
    ),
]
"""The option `--label-separator`."""


def with_choices(text: str, choices: Sequence[str]) -> str:
    """The help `text` and, where it does not name all `choices`, a sentence that does."""
    if all(choice in text for choice in choices):
        return text
    return f"{text} One of {', '.join(choices)}."


def parse_columns(text: str) -> dict[str, str]:
    """The mapping in `text`, such as `text=a,label=b`; raises `UserError` for another form."""
    columns = {}
    for part in text.split(","):
        name, equals, column = part.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise UserError(f"--columns: {part!r} is not of the form NAME=COLUMN")
        columns[name.strip()] = column.strip()
    return columns


def quoted(answer: YesNo | None) -> bool | None:
    """The `answer` to `--quoting`, as readers take it."""
    return None if answer is None else answer == "yes"


def columns_in_words(columns: Mapping[str, str]) -> str:
    """Which of `columns` each field is read from, as in `text=utterance, label`."""
    pairs = columns.items()
    return ", ".join(field if field == column else f"{field}={column}" for field, column in pairs)


def check_outputs(
    outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | int | None]
) -> None:
    """Raise `UserError` now for one of `outputs` that would destroy one of `inputs` or cannot be
    written.

    Keys are what the user calls a file; an input may be a file descriptor. Links are followed.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        for name, source in inputs.items():
            if source is not None and _same_file(path, source):
                raise UserError(f"{option} would overwrite the input {name}", file=path)
    for number, (option, path) in enumerate(given.items()):
        for other in list(given)[:number]:
            if os.path.realpath(path) == os.path.realpath(given[other]):
                raise UserError(f"{other} and {option} are the same file", file=path)
        check_writable(path)


def _same_file(path: Path, source: Path | int) -> bool:
    try:
        return os.path.samefile(path, source)  # noqa: PTH121 (takes descriptors too)
    except OSError:  # one of them does not exist, so they are not the same
        return False
