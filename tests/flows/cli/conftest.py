"""Commands run in the tests' process."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.main import main
from tests.helpers.command_line import Command


@pytest.fixture
def run_command(runs: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def run_translate_train(run_command: Command, model_path: Path, tmp_path: Path) -> Command:
    """Run `translate-train` on a file, from English to German, into the folder `run`.

    An option that is given takes the place of the usual one.
    """

    def run(source: Path | str, *options: str | Path, task: str = "tokens") -> tuple[int, str, str]:
        usual = {"--source": "en", "--target": "de", "--model": model_path, "--task": task,
                 "--out": tmp_path / "run"}  # fmt: skip
        arguments = [
            argument
            for flag, value in usual.items()
            if flag not in options
            for argument in (flag, value)
        ]
        return run_command("translate-train", source, "--no-prefect", *arguments, *options)

    return run
