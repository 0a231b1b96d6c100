"""Inputs that are several files: patterns, folders of files, and lists of either."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from corpora.errors import UserError
from corpora.fingerprint import fingerprint, path_hash
from corpora.storage import reading

Inputs = Path | tuple[Path, ...]
"""A file, folder or pattern, or several."""
_PATTERN = re.compile(r"[*?\[]")
_KEPT_WHOLE = ("*.parquet", "data/*.parquet", "dataset_dict.json", "state.json", "**/*.ann")
"""What is in folders that one reader reads as a whole."""
_NO_DATA = (".md", ".py", ".yaml", ".yml")


def listed_inputs(given: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files and folders that `given` names, each of which one reader reads.

    A pattern such as `data/*.jsonl` is replaced by what it matches and a folder of files by these,
    in the order of their names; `README.md`, programs and hidden files in it are left out. Raises
    `UserError` for a pattern that matches nothing, and for no input.
    """
    paths = [Path(given)] if isinstance(given, str | Path) else [Path(path) for path in given]
    if not paths:
        raise UserError("no input is named")
    return [part for path in paths for match in _matches(path) for part in _parts(match)]


def _matches(path: Path) -> list[Path]:
    with reading(path):
        literal = path.exists() or path.is_symlink() or not _PATTERN.search(str(path))
    if literal:
        return [path]
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 (absolute too)
    if not matches:
        raise UserError("no file matches this pattern", file=path)
    return matches


def _parts(path: Path) -> list[Path]:
    if not path.is_dir() or any(next(path.glob(name), None) for name in _KEPT_WHOLE):
        return [path]
    files = [
        file
        for file in sorted(path.iterdir())
        if file.is_file() and not file.name.startswith(".") and file.suffix not in _NO_DATA
    ]
    return files or [path]


def check_inputs(given: Inputs) -> None:
    """Raise `UserError` for one of `given` that is not there."""
    for path in listed_inputs(given):
        if not path.exists():
            raise UserError("no such file", file=path)


def inputs_hash(given: Inputs) -> str:
    """A hash of the content of all of `given`; of one file or folder its `path_hash`."""
    hashes = [_hash(path) for path in listed_inputs(given)]
    return hashes[0] if len(hashes) == 1 else fingerprint(hashes)


def _hash(path: Path) -> str:
    pair = [path.with_suffix(".ann"), path.with_suffix(".txt")]  # of brat
    if path in pair and all(file.is_file() for file in pair):
        return fingerprint([path_hash(file) for file in pair])
    return path_hash(path)


def paths_of(given: Inputs) -> tuple[Path, ...]:
    """The paths that `given` has."""
    return (given,) if isinstance(given, Path) else given


def first_input(given: Inputs) -> Path:
    """The first of `given`."""
    return paths_of(given)[0]


def input_name(given: Inputs) -> str:
    """The name of `given`, without the folders that it is in."""
    name = first_input(given).name
    return name if isinstance(given, Path) else f"{name} and {len(given) - 1} more"


def input_path(given: Inputs) -> str:
    """The path of `given`; of several, all of them."""
    paths = (given,) if isinstance(given, Path) else given
    return ", ".join(path.as_posix() for path in paths)
