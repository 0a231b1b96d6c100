"""`import labelferry` is quick, and its functions are there for people and type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import labelferry
from tests.helpers.paths import ROOT

FUNCTIONS = {
    "merge_memories",
    "align", "compare", "export", "project", "read", "review_export", "review_import", "score",
    "train_translator", "translate", "translate_test", "translate_train",
}  # fmt: skip


def test_the_import_loads_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import labelferry; "
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split()) - sys.stdlib_module_names
    assert loaded == {"labelferry"}


def test_what_there_is() -> None:
    assert set(labelferry.__all__) == FUNCTIONS | {"__version__"}
    assert set(dir(labelferry)) == set(labelferry.__all__)
    assert labelferry.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'ferry'"):
        labelferry.ferry  # noqa: B018


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_handed_on_and_documented(name: str) -> None:
    if name == "score":
        pytest.importorskip("scoring.report")
    function = getattr(labelferry, name)
    assert callable(function) and function.__doc__
    assert getattr(labelferry, name) is function


USE = """
import labelferry
from pathlib import Path

reveal_type(labelferry.translate(["a"], source="en", target="de"))
reveal_type(labelferry.translate(Path("a"), source="en", target="de", out="b"))
reveal_type(labelferry.translate_train("a.jsonl", task="tokens", source="en", targets="de"))
labelferry.read("a.jsonl", task=1)
"""


def test_type_checkers_see_the_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    program = tmp_path / "use.py"
    program.write_text(USE, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml",
               str(program)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    for name in ("api.Translations", "files.FileTranslation", "run.TranslateTrainResult"):
        assert f'Revealed type is "augmentation.{name}' in _short(done.stdout), done.stdout
    (error,) = [line for line in done.stdout.splitlines() if "use.py" in line and "error" in line]
    assert 'Argument "task" to "read" has incompatible type' in error


def _short(text: str) -> str:
    """`augmentation.translation.api` as `augmentation.api`, so that names may move."""
    for package in ("translation", "translate_train"):
        text = text.replace(f"augmentation.{package}.", "augmentation.")
    return text
