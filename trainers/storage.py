"""Predictors in folders: `predictor.json` and files that hold numbers, never code."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.storage import make_folder, reading, replacing, write_text

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


def read_arrays(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> list[NDArray[np.float32]]:
    """The arrays in `folder` whose names and shapes are `shapes`.

    Raises `UserError` for missing or corrupt ones, for other shapes (before anything is allocated),
    and for numbers that are not finite.
    """
    path = folder / ARRAYS_FILE
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            return [_read_array(archive, name, shape) for name, shape in shapes.items()]
    except UserError:
        raise
    except Exception as error:  # a damaged archive raises anything
        raise UserError(f"damaged: {error}", file=path) from error


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    with archive.open(f"{name}.npy") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"{name} has another format")
        found, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
        if found != shape or dtype != np.float32:
            raise ValueError(f"{name} has the shape {found} of {dtype}, not {shape} of float32")
        size = math.prod(shape) * dtype.itemsize
        content = file.read(size + 1)
        if len(content) != size:
            raise ValueError(f"{name} has another size than its shape")
        file.read()  # the end, which checks the content
    array: NDArray[np.float32] = np.frombuffer(content, dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has numbers that are not finite")
    return array.reshape(shape, order="F" if by_columns else "C").copy()
