"""Entry point of `labelferry`: sees to interrupts, and runs `flows.cli.commands`.

It imports next to nothing itself, so that Ctrl-C is understood from the first moment.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from flows.cli.interrupts import INTERRUPTED, heeded


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (that of the process if None) names, and give its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    with heeded(arguments, ends_process=argv is None) as interrupts:
        try:
            from flows.cli.commands import run

            return run(arguments)
        except KeyboardInterrupt:
            interrupts.say()
            return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
