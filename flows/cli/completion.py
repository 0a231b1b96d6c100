"""`labelferry --install-completion`: the shell completes commands and options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from flows.cli.arguments import option


def install_completion(
    *,
    shell: Annotated[
        Literal["zsh", "bash", "fish", "powershell"] | None,
        option("The shell.", default="the one that runs"),
    ] = None,
    output: Annotated[
        Path | None, option("The script to write.", default="where the shell looks for it")
    ] = None,
) -> None:
    """Install a script by which the shell completes commands and options."""
    from cyclopts.completion.install import create_install_completion_command

    from flows.cli.commands import command_line

    create_install_completion_command(command_line().install_completion, True)(
        shell=shell, output=output
    )
