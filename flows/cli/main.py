"""Entry point of `labelferry`.

A command is a module `flows.cli.<module>` with `add_arguments(parser)` and `run(args) -> int`.
Only the asked-for module is imported, and it imports what is heavy inside `run`, so that
`--help` answers at once. Exit codes: 0 done, 2 the user's mistake, 1 our failure.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from corpora.errors import UserError

COMMANDS: dict[str, tuple[str, str]] = {
    "translate-train": ("translate_train", "translate labelled data and carry its labels over"),
    "translate-test": ("translate_test", "translate input, predict, bring the predictions back"),
    "translate": ("translate", "translate lines or rows"),
    "train-translator": ("train_translator", "train a translator from a parallel corpus"),
    "models": ("models", "add, list, show or remove translation models"),
    "export": ("export", "write a run's rows in another format"),
    "inspect": ("inspect", "show a sample of a file's or run's rows, spans highlighted"),
    "project": ("project", "project spans onto translations that you bring"),
    "align": ("align", "write the word alignment of a bitext in Pharaoh format"),
    "score": ("score", "score predictions against gold"),
    "compare": ("compare", "compare the transfer strategies on one task"),
}


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Every option says its default; descriptions keep their lines."""


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only `command`'s own arguments are loaded."""
    parser = argparse.ArgumentParser(
        prog="labelferry",
        description="Labelled data in one language in, labelled data in another language out.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        sub = subparsers.add_parser(
            name, help=summary, description=summary, formatter_class=HelpFormatter
        )
        if name == command:
            importlib.import_module(f"flows.cli.{module}").add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = next((a for a in arguments if a in COMMANDS), None)
    try:
        args = build_parser(command).parse_args(arguments)
        module = importlib.import_module(f"flows.cli.{COMMANDS[args.command][0]}")
        code = module.run(args)
        sys.stdout.flush()
        return int(code or 0)
    except UserError as error:
        print(f"labelferry: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # Asking whether there is such a file fails already, in whatever command.
        if error.errno == errno.ENAMETOOLONG:
            problem = f"{error.filename}: {error.strerror}"
        # What we write ourselves names its folder; libraries write temporary files.
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = (
                f"a disk is full ({error}); temporary files go to the folder that "
                f"TMPDIR names (now {os.environ.get('TMPDIR', '/tmp')})"
            )
        else:
            raise
        print(f"labelferry: error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("labelferry: interrupted; run the same command again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
