"""The house's rules: who may import whom, and that our packages are ours."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

LOWER = ("alignment", "embeddings", "encoders", "filters", "scoring", "trainers", "translators")
MAY_IMPORT: dict[str, frozenset[str]] = {
    "corpora": frozenset(),
    **{name: frozenset({"corpora"}) for name in LOWER if (ROOT / name).is_dir()},
    "augmentation": frozenset({"corpora", *LOWER}),
    "flows": frozenset({"corpora", *LOWER, "augmentation"}),
    "labelferry": frozenset({"corpora", *LOWER, "augmentation"}),
}
SHARED = ("pipeline", "translation", "projection", "reporting")
"""The sub-packages of `augmentation` that pipelines are made of; the rest are pipelines."""
WITHIN_AUGMENTATION: dict[str, frozenset[str]] = {
    "pipeline": frozenset(),
    "reporting": frozenset({"pipeline"}),
    "translation": frozenset({"pipeline", "reporting"}),
    "projection": frozenset({"pipeline", "reporting", "translation"}),
}
OF_PIPELINES: dict[str, dict[str, frozenset[str]]] = {
    "compare": {
        "translate_train": frozenset({"config", "setup", "run", "runs"}),
        "translate_test": frozenset({"back_projection", "round_trip"}),
        "few_shot": frozenset({"config", "sampling"}),
    },
    "review": {"translate_train": frozenset({"finished", "run", "runs"})},
}
"""What `compare` runs of other pipelines, cell by cell, and what `review` has of a finished run; no
other pipeline may import one."""
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 70
TESTS_OF_NO_PACKAGE = frozenset({"examples", "helpers", "packaging", "attacks"})
"""Folders of tests that mirror no package of the product."""


def _modules(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, and every `module.name` it imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their package"
            module = node.module or ""
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def _imports(path: Path) -> set[str]:
    """Top-level names that a file imports, anywhere in it."""
    return {module.split(".")[0] for module in _modules(path)}


def _product() -> list[Path]:
    """Every file of the product."""
    return [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


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


def test_arrows_within_augmentation() -> None:
    """Pipelines stand on what they share and import no other pipeline, but for `OF_PIPELINES`."""
    root = ROOT / "augmentation"
    packages = {path.name for path in root.iterdir() if (path / "__init__.py").is_file()}
    for path in sorted(root.rglob("*.py")):
        package = path.relative_to(root).parts[0]
        allowed = WITHIN_AUGMENTATION.get(package, frozenset(SHARED)) | {package}
        for module in _modules(path):
            parts = module.split(".")
            if parts[0] != "augmentation" or len(parts) < 2 or parts[1] not in packages:
                continue
            fine = parts[1] in allowed
            if package in OF_PIPELINES and not fine:
                of_pipeline = OF_PIPELINES[package].get(parts[1], frozenset())
                fine = len(parts) < 3 or parts[2] in of_pipeline
            assert fine, f"{path.relative_to(ROOT)} imports {module}"


def test_the_run_machine_knows_no_language_processing() -> None:
    for path in (ROOT / "augmentation" / "pipeline").glob("*.py"):
        wrong = _imports(path) & {"polars", "transformers", "ctranslate2", *LOWER}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_augmentation_has_no_code_outside_its_packages() -> None:
    assert [path.name for path in (ROOT / "augmentation").glob("*.py")] == ["__init__.py"]


def test_folders_of_tests_mirror_packages() -> None:
    """What tests `a/b` lies in `tests/a/b`; what test modules share lies in `tests/helpers`."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        folder = path.parent.relative_to(ROOT / "tests")
        if folder.parts and folder.parts[0] not in TESTS_OF_NO_PACKAGE:
            assert (ROOT / folder / "__init__.py").is_file(), f"tests/{folder}: no such package"
        imported = {module for module in _modules(path) if module.startswith("tests.")}
        wrong = {module for module in imported if not module.startswith("tests.helpers")}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_files_and_functions_are_short() -> None:
    for path in _product():
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES, path.relative_to(ROOT)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                where = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                assert lines <= MOST_LINES_OF_A_FUNCTION, f"{where}: {lines} lines"


def _is_command(function: ast.FunctionDef) -> bool:
    """Whether the parameters are options of a command, each of which has its help beside it."""
    decorators = " ".join(map(ast.unparse, function.decorator_list))
    options = re.search(r"Annotated\[|: _[A-Z]", ast.unparse(function.args))
    return options is not None or "takes_settings" in decorators


def _unnamed_parameters(tree: ast.Module) -> list[str]:
    """Public functions and methods with a parameter that no docstring names."""
    unnamed = []

    def visit(node: ast.Module | ast.ClassDef, class_doc: str) -> None:
        for child in node.body:
            if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
                visit(child, ast.get_docstring(child) or "")
            if not isinstance(child, ast.FunctionDef):
                continue
            if child.name.startswith("_") and child.name != "__init__":
                continue
            if "overload" in map(ast.unparse, child.decorator_list) or _is_command(child):
                continue
            of_child = child.args
            arguments = [*of_child.posonlyargs, *of_child.args, *of_child.kwonlyargs]
            doc = f"{class_doc} {ast.get_docstring(child) or ''}"
            for argument in arguments:
                named = re.search(rf"\b{re.escape(argument.arg)}\b", doc)
                if argument.arg not in ("self", "cls") and named is None:
                    unnamed.append(f"{child.lineno} {child.name}({argument.arg})")

    visit(tree, "")
    return unnamed


def test_public_docstrings_name_their_parameters() -> None:
    for path in _product():
        unnamed = _unnamed_parameters(ast.parse(path.read_text(encoding="utf-8")))
        assert not unnamed, f"{path.relative_to(ROOT)}: {', '.join(unnamed)}"


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_packages_are_this_checkout(package: str) -> None:
    """PyPI has distributions that install packages of these names."""
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)


def test_flow_files_share_no_name_with_a_library() -> None:
    taken = {name.lower() for name in sys.stdlib_module_names}
    taken |= {name.lower() for name in importlib.metadata.packages_distributions()}
    taken -= set(MAY_IMPORT) | {"tests", "benchmarks"}
    for path in (ROOT / "flows").glob("*.py"):
        assert path.stem == "__init__" or path.stem.lower() not in taken, path


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_models_from_elsewhere_run_no_code(package: str) -> None:
    """Neither Python that lies beside a model, nor what a pickle holds."""
    for path in (ROOT / package).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if call.func.attr != "from_pretrained":
                continue
            keywords = {word.arg: ast.unparse(word.value) for word in call.keywords}
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert keywords.get("trust_remote_code") == "False", where
            if not ast.unparse(call.func.value).endswith(("Tokenizer", "Config")):
                assert keywords.get("use_safetensors") == "True", where


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
