"""Messages for mistakes on the command line, one plain line each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from flows.cli.pages import commands_of, label

if TYPE_CHECKING:
    from cyclopts import App


def in_words(error: CycloptsError, command: App) -> str:
    """The message for `error`, raised when `command` was called."""
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        commands = commands_of(command)
        word = error.unused_tokens[0]
        if not word.startswith("-"):
            hint = did_you_mean(word, commands) or f" (choose from: {', '.join(commands)})"
            return f"no command {word!r}{hint}"
        return f"no option {word.partition('=')[0]}"
    if isinstance(error, UnknownOptionError):
        word = error.token.keyword or error.token.value
        flags = [flag for a in command.assemble_argument_collection() for flag in a.names]
        return f"no option {word}{did_you_mean(word, flags)}"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"{error.unused_tokens[0]!r} is one argument too many"
    if isinstance(error, RepeatArgumentError) and error.token is not None:
        return f"{error.token.keyword} is given twice, and takes one value"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        argument = error.argument
        name = error.keyword or (label(argument) if argument.index is not None else argument.name)
        given = error.keyword is not None or argument.tokens
        return f"{name} needs a value" if given else f"{name} must be given"
    if isinstance(error, CoercionError) and error.token is not None:
        name = error.token.keyword or (label(error.argument) if error.argument else "")
        where = f"{name} {error.token.value}".strip()
        choices = _choices(error.target_type)
        if choices:
            chosen = f"(choose from: {', '.join(choices)})"
            return f"{where}: no {error.token.value!r} here {chosen}"
    return " ".join(str(error).split())


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint at the one of `candidates` that is most like `word`; empty if none is."""
    similar = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f"; did you mean {similar[0]}?" if similar else ""


def _choices(kind: object) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    for member in get_args(kind):
        if choices := _choices(member):
            return choices
    return ()
