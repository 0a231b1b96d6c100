"""`labelferry memory`: translation memories."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App

from flows.cli.arguments import option
from flows.cli.messages import say

memory = App(
    name="memory",
    help_epilogue="""\
A translation memory has what runs translated, so that no run translates it again. Files of it may
be deleted. To have the translations of two memories in one, merge them.""",
)


@memory.command(help="add what another memory has to yours")
def merge(
    source: Annotated[Path, option("Folder of the memory to read.", metavar="FOLDER")],
    /,
    *,
    into: Annotated[
        Path | None,
        option("Folder of the memory to add to.", metavar="FOLDER", default="the one runs use"),
    ] = None,
) -> int:
    """Add what another memory has to yours."""
    from augmentation.translation.memory_merge import merge_memories

    merged = merge_memories(source, into)
    say(f"{merged.added} files added to {merged.folder}, {merged.present} were there already")
    if merged.corrections:
        say(f"{merged.corrections} corrections of people added")
    if merged.corrupt:
        say(
            f"note: {merged.corrupt} files are corrupt and were left out; "
            "what they had is translated again when it is needed",
            sys.stderr,
        )
    return 0
