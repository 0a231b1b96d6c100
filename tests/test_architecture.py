"""The house's rules: who may import whom, and that our packages are ours."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOWER = ("translators", "alignment", "filters", "scoring", "trainers")
MAY_IMPORT: dict[str, frozenset[str]] = {
    "corpora": frozenset(),
    **{name: frozenset({"corpora"}) for name in LOWER},
    "augmentation": frozenset({"corpora", *LOWER}),
    "flows": frozenset({"corpora", *LOWER, "augmentation"}),
    "labelferry": frozenset({"corpora", *LOWER, "augmentation"}),
}


def _imports(path: Path) -> set[str]:
    """Top-level names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their package"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_import_arrows(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    for path in (ROOT / package).rglob("*.py"):
        imported = _imports(path)
        wrong = (imported & set(MAY_IMPORT)) - allowed
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"
        assert not imported & {"tests", "benchmarks"}, path
        if package != "flows":
            assert not imported & {"prefect", "prefect_dask"}, f"{path}: only flows/ knows Prefect"


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_packages_are_this_checkout(package: str) -> None:
    """PyPI has distributions that install packages of these names."""
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)


def test_flow_files_share_no_name_with_a_library() -> None:
    known = {name.lower() for name in sys.stdlib_module_names}
    known |= {name.lower() for name in importlib.metadata.packages_distributions()}
    known -= set(MAY_IMPORT) | {"tests", "benchmarks"}
    for path in (ROOT / "flows").glob("*.py"):
        assert path.stem == "__init__" or path.stem.lower() not in known, path


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_models_from_elsewhere_run_no_code(package: str) -> None:
    """Neither Python that lies beside a model, nor what a pickle holds."""
    for path in (ROOT / package).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr != "from_pretrained":
                continue
            said = {word.arg: ast.unparse(word.value) for word in call.keywords}
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert said.get("trust_remote_code") == "False", where
            if not ast.unparse(call.func.value).endswith(("Tokenizer", "Config")):
                assert said.get("use_safetensors") == "True", where


def test_base_import_needs_no_torch() -> None:
    """No module outside the extras' own may import torch when it is imported."""
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            top = {
                alias.name.split(".")[0]
                for node in tree.body
                if isinstance(node, ast.Import)
                for alias in node.names
            } | {
                (node.module or "").split(".")[0]
                for node in tree.body
                if isinstance(node, ast.ImportFrom)
            }
            extra = "training" in path.parts or path.stem.endswith("_torch")
            assert extra or "torch" not in top, path


def test_nothing_private_in_the_repository() -> None:
    """No path of a machine and no registry's host in what is committed."""
    forbidden = ["/wo" + "rk/", "/ro" + "ot/", "pypi" + ".org", "pythonhosted" + ".org"]
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT).parts
        if path.suffix not in {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json"}:
            continue
        if inside[0].startswith(".") or inside[:2] in {("data", "runs"), ("data", "store")}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in forbidden:
            assert word not in text, f"{path.relative_to(ROOT)} has {word}"
