"""Predictors in folders: `predictor.json` and files that hold numbers, never code."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.storage import make_folder, replacing, write_text

FACTS_FILE = "predictor.json"
ARRAYS_FILE = "arrays.npz"
VERSION = 1


def write_facts(folder: Path, kind: str, facts: Mapping[str, Any]) -> None:
    """Write to `folder` the `kind` of predictor that it holds, and the `facts` that it needs."""
    make_folder(folder)
    values = {"kind": kind, "version": VERSION, **facts}
    write_text(folder / FACTS_FILE, json.dumps(values, ensure_ascii=False, indent=1) + "\n")


def read_facts(folder: Path) -> dict[str, Any]:
    """What `write_facts` wrote to `folder`; raises `UserError` for no predictor's folder."""
    path = folder / FACTS_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"not a predictor: it has no {FACTS_FILE}", file=folder) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"damaged: {error}", file=path) from error
    if not isinstance(values, dict) or values.get("version") != VERSION:
        raise UserError("made by another version of labelferry", file=path)
    if not isinstance(values.get("kind"), str):
        raise UserError("damaged: it names no kind of predictor", file=path)
    return values


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` by name to `folder`."""
    make_folder(folder)
    with replacing(folder / ARRAYS_FILE) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(folder: Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """The arrays `names` in `folder`; raises `UserError` for missing or corrupt ones."""
    path = folder / ARRAYS_FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (ValueError, KeyError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise UserError(f"damaged: {error}", file=path) from error
