"""What commands say: every message goes through `say`, because it may quote what others wrote."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from corpora.text.visible import visible_lines

if TYPE_CHECKING:
    from pydantic import BaseModel


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print `text` to `file`, by default standard output, at once; control characters other than
    line breaks, which could move a terminal's cursor, as signs that can be seen."""
    print(visible_lines(str(text)), file=file or sys.stdout, flush=True)


def print_data(text: str) -> None:
    """Print `text`, which another program reads, to standard output as it is."""
    print(text)


def announce_commands(config: BaseModel) -> None:
    """Say which commands the settings of `config` will run."""
    from augmentation.pipeline.access import commands

    for command in dict.fromkeys(commands(config)):
        say(f"labelferry: runs the command: {command}", sys.stderr)
