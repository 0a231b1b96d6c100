"""The source distribution, the wheel that is built from it, and labelferry installed from that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import platformdirs
import pytest

from tests.helpers.paths import ROOT

OUTPUTS = {ROOT: {".git", ".venv", "build", "dist"}, ROOT / "data": {"runs", "store"}}
MODEL = {path.name for path in (ROOT / "data" / "models" / "en-de").iterdir()}


def ignored(folder: str, names: list[str]) -> set[str]:
    """The entries of `folder` that are no source, for `shutil.copytree`."""
    caches = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*_cache", ".hypothesis")
    return caches(folder, names) | OUTPUTS.get(Path(folder), set())


def pip(*arguments: str | Path) -> None:
    """Run pip without a network."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run([*command, "--no-index", "--no-deps"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of a copy: building leaves files in the folder it builds from."""
    folder = tmp_path_factory.mktemp("sdist")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=ignored)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, folder], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("labelferry-*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, sdist)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from that the wheel is installed in."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--target", folder, wheel)
    return folder


def test_a_source_distribution_is_a_whole_checkout(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "Makefile", "constraints.txt", "setup.py", ".ci/run"} <= names
    assert {f"data/models/en-de/{name}" for name in MODEL} <= names
    assert {"data/samples/intents.en.jsonl", "tests/helpers/paths.py"} <= names
    assert not [name for name in names if name.startswith(("data/runs", "data/store"))]


def test_a_wheel_holds_our_packages_the_model_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        facts = archive.read(metadata).decode("utf-8")
    information = metadata.rpartition("/")[0]
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        if package.name not in {"tests", "benchmarks"}
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    ours |= {f"labelferry_models/en-de/{name}" for name in MODEL}
    assert {name for name in names if not name.startswith(f"{information}/")} == ours
    assert f"{information}/licenses/LICENSE" in names
    assert "License-Expression: Apache-2.0\n" in facts


def test_a_wheel_translates_anywhere_and_writes_to_the_users_data(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current, home = tmp_path / "current", tmp_path / "home"
    for folder in (current, home):
        folder.mkdir()
    row = {"text": "Wake me up at seven.", "spans": [{"start": 14, "end": 19, "label": "time"}]}
    (current / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    before = listing(site)

    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name in [n for n in os.environ if n.startswith(("LABELFERRY_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(site))
    done = subprocess.run(
        [
            *(sys.executable, site / "bin" / "labelferry", "translate-train", "rows.jsonl"),
            *("--task", "tokens", "--source", "en", "--target", "de", "--no-prefect"),
        ],
        cwd=current,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    runs = platformdirs.user_data_path("labelferry") / "runs"
    assert runs.is_relative_to(home)
    (run,) = runs.glob("rows-*")
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert "en-de" in json.dumps(record)
    assert (run / "report.html").is_file() and (run / "export" / "de").is_dir()
    assert any((runs / "memory").iterdir())
    assert str(run) in done.stdout
    assert [path.name for path in current.iterdir()] == ["rows.jsonl"]
    assert listing(site) == before


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below `folder` but Python's caches, with its size and its time."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
