"""The commands of `labelferry`.

A command is a function `flows.cli.<module>:<function>` whose signature declares its options. Only
the module that the command line names is imported, and it imports what is heavy when it runs, so
that `--help` answers at once. Exit codes: 0 done, 2 the user's mistake, 1 a failure of ours.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CoercionError, CycloptsError, Parameter

from corpora.errors import UserError
from flows.cli.messages import say
from flows.cli.mistakes import in_words
from flows.cli.pages import page, usage

COMMANDS: dict[str, tuple[str, str]] = {
    "translate-train": (
        "translate_train:translate_train",
        "translate labelled data and project its labels",
    ),
    "translate-test": (
        "translate_test:translate_test",
        "translate input, predict, project the predictions back",
    ),
    "translate": ("translate:translate", "translate lines or rows"),
    "train-translator": (
        "train_translator:train_translator",
        "train a translator from a parallel corpus",
    ),
    "models": ("models:models", "add, list, show or remove translation models"),
    "memory": ("memory:memory", "merge translation memories"),
    "review": ("review:review", "have people correct the most doubtful rows of a run"),
    "export": ("export:export", "write a run's rows in another format"),
    "inspect": ("inspect:inspect", "show a sample of a file's or run's rows, spans highlighted"),
    "project": ("project:project", "project spans onto translations that exist already"),
    "align": ("align:align", "write the word alignment of a bitext in Pharaoh format"),
    "score": ("score:score", "score predictions against gold"),
    "compare": ("compare:compare", "compare the transfer strategies on one task"),
}
"""Name, function in `flows.cli`, summary."""
_HELP = ("--help", "-h")


def command_line() -> App:
    """All commands, none of them loaded."""
    app = App(
        name="labelferry",
        help="Labelled data in one language in, labelled data in another language out.",
        version=_version,
        help_flags=_HELP,
        default_parameter=Parameter(negative_iterable=()),
        suppress_keyboard_interrupt=False,
    )
    for name, (function, summary) in COMMANDS.items():
        app.command(f"flows.cli.{function}", name=name, help=summary)
    app.command(
        "flows.cli.completion:install_completion",
        name="--install-completion",
        help="Let the shell complete commands and options.",
    )
    return app


def run(arguments: list[str]) -> int:
    """Run the command that `arguments` name, and give its exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except UserError as error:
        say(f"labelferry: error: {error}", sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A check whether such a file exists fails already, in any command.
        if error.errno == errno.ENAMETOOLONG:
            problem = f"{error.filename}: {error.strerror}"
        # Errors of our own writing name their folder; libraries write temporary files.
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = (
                f"a disk is full ({error}); temporary files go to the folder that "
                f"TMPDIR names (now {os.environ.get('TMPDIR', '/tmp')})"
            )
        else:
            raise
        say(f"labelferry: error: {problem}", sys.stderr)
        return 2


def _run(arguments: list[str]) -> int:
    if "" in arguments:
        raise UserError("an argument is empty; is a variable of the shell empty?")
    app = command_line()
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if asks_for_help := any(flag in options for flag in _HELP):
        # Pydantic would look for plugins in every installed distribution.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
        options = [word for word in options if word not in _HELP]
    chain, apps, rest = app.parse_commands(options)
    command = apps[-1]
    if asks_for_help and (command.default_command is not None or not rest):
        say(page(command, chain))
        return 0
    if options == ["--version"]:
        say(_version())
        return 0
    if command.default_command is None and not rest:
        return _refuse("a COMMAND must be given", command, chain)
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CoercionError as error:
        raise UserError(in_words(error, command)) from error
    except CycloptsError as error:
        return _refuse(in_words(error, command), command, chain)
    return int(code or 0)


def _refuse(problem: str, command: App, chain: Sequence[str]) -> int:
    say(f"labelferry: error: {problem}\n{usage(command, chain)}", sys.stderr)
    return 2


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"labelferry {version('labelferry')}"
    except PackageNotFoundError:
        return "labelferry, not installed"
