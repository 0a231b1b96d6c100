"""Whatever our code imports is declared in `pyproject.toml`, and pinned in `constraints.txt`."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
PRODUCT = [name for name in OURS if name not in {"tests", "benchmarks"}]
NOT_INSTALLED = {"unbabel-comet"}
"""Users install it themselves; it would take the versions of much else with it."""
DISTRIBUTIONS = importlib.metadata.packages_distributions() | {"comet": ["unbabel-comet"]}


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: Iterable[str]) -> set[str]:
    """The distributions that `requirements` name."""
    names = set()
    for requirement in requirements:
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert match is not None, requirement
        names.add(normalise(match[0]))
    return names


BASE = declared(PROJECT["dependencies"])
EXTRAS = {name: declared(needs) for name, needs in PROJECT["optional-dependencies"].items()}


def needed(nodes: Iterable[ast.AST]) -> Iterator[set[str]]:
    """For every import of another project, the distributions that bring the module."""
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in (name.split(".")[0] for name in names):
            if name not in sys.stdlib_module_names and name not in OURS:
                yield {normalise(each) for each in DISTRIBUTIONS.get(name, [name])}


def belongs_to_torch(path: Path) -> bool:
    """Whether only those import the module who have the extra `torch`."""
    return "training" in path.parts or path.stem.endswith("_torch")


@pytest.mark.parametrize("package", PRODUCT)
def test_imports_are_declared(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        where = path.relative_to(ROOT)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        users = set().union(*(names for extra, names in EXTRAS.items() if extra != "dev"))
        for names in needed(ast.walk(tree)):
            assert names & (BASE | users | NOT_INSTALLED), f"{where} imports {sorted(names)}"
        always = BASE | (EXTRAS["torch"] if belongs_to_torch(where) else set())
        for names in needed(tree.body):
            assert names & always, f"{where} imports {sorted(names)}, which an extra brings"


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_imports_of_the_tests_are_declared(folder: str) -> None:
    every = BASE.union(*EXTRAS.values())
    for path in (ROOT / folder).rglob("*.py"):
        for names in needed(ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
            assert names & every, f"{path.relative_to(ROOT)} imports {sorted(names)}"


def test_what_is_declared_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalise(line.split("==")[0]) for line in lines if "==" in line}
    assert BASE.union(*EXTRAS.values()) <= pinned
