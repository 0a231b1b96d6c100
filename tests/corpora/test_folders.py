"""Where runs, the memory and the store are kept, in a checkout and from a wheel."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from corpora import folders
from tests.helpers.paths import ROOT


@pytest.fixture(autouse=True)
def neither_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (folders.RUNS_VARIABLE, folders.STORE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if our packages were installed; the folder is the current one, and no checkout."""
    monkeypatch.setattr(folders, "_PACKAGES", tmp_path / "site-packages")
    current = tmp_path / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    return current


def test_a_checkout_keeps_its_data_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert folders.checkout_folder() == ROOT
    assert folders.runs_folder() == ROOT / "data" / "runs"
    assert folders.memory_folder() == ROOT / "data" / "runs" / "memory"
    assert folders.store_folder() == ROOT / "data" / "store"
    assert folders.shipped_models_folder() == ROOT / "data" / "models"


def test_a_wheel_keeps_data_with_the_user(installed: Path) -> None:
    data = platformdirs.user_data_path("labelferry")
    assert folders.checkout_folder() is None
    assert folders.runs_folder() == data / "runs"
    assert folders.memory_folder() == data / "runs" / "memory"
    assert folders.store_folder() == data / "store"
    assert (
        folders.shipped_models_folder() == installed.parent / "site-packages" / "labelferry_models"
    )


def test_a_wheel_keeps_data_in_the_checkout_that_it_is_used_in(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_checkout(installed)
    inner = installed / "configs"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert folders.data_folder() == installed / "data"
    assert folders.shipped_models_folder().name == "labelferry_models"


@pytest.mark.parametrize(
    "content",
    [b'[project]\nname = "mine"\n', b"[tool.ruff]\n", b"project = 1\n", b"not toml", b"\xff"],
)
def test_other_projects_are_no_checkouts(installed: Path, content: bytes) -> None:
    (installed / "pyproject.toml").write_bytes(content)
    assert folders.checkout_folder() is None


def test_a_current_folder_that_is_gone_is_no_checkout(installed: Path) -> None:
    installed.rmdir()
    assert folders.checkout_folder() is None


def test_variables_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.RUNS_VARIABLE, str(tmp_path / "r"))
    monkeypatch.setenv(folders.STORE_VARIABLE, str(tmp_path / "s"))
    assert folders.runs_folder() == tmp_path / "r"
    assert folders.memory_folder() == tmp_path / "r" / "memory"
    assert folders.store_folder() == tmp_path / "s"


def make_checkout(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "labelferry"\n', encoding="utf-8")
