"""Fingerprints of values, hashes of files, ids made from content.

A fingerprint covers what changes a result and nothing else. The steps decide what goes into it;
here it is only computed.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePath
from stat import S_ISREG
from typing import Any

from corpora.errors import UserError
from corpora.storage import NOT_TWICE


def plain(value: Any) -> Any:
    """`value` in the types of JSON: dataclasses, Pydantic models, paths and sets are converted.

    Raises `TypeError` for anything else and `ValueError` for NaN and infinity, because their
    fingerprint would not be reliable.
    """
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"not a finite number: {value}")
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (set, frozenset)):
        return sorted((plain(v) for v in value), key=canonical_json)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, Iterator)):
        return [plain(v) for v in value]
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")


def _plain_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"a key must be a string, not {key!r}")
    return {key: plain(value[key]) for key in value}


def canonical_json(value: Any) -> str:
    """`value` as JSON that is the same for equal values: keys sorted, no spaces, ASCII."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(value: Any) -> str:
    """32 hexadecimal digits (BLAKE2b, 128 bits) of `canonical_json(value)`."""
    return content_hash(canonical_json(value).encode("ascii"))


def content_hash(content: bytes) -> str:
    """32 hexadecimal digits (BLAKE2b, 128 bits) of `content`; `file_hash` of a file that has it."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def file_hash(path: str | Path) -> str:
    """32 hexadecimal digits (BLAKE2b, 128 bits) of the bytes of the file `path`, read in pieces.

    Cached within the process as long as the file's size and times stay the same.
    Raises `UserError` where there is no such file, and for a pipe, which can be read once only.
    """
    path = Path(path)
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    if not S_ISREG(stat.st_mode):
        raise UserError(NOT_TWICE, file=path)
    return _file_hash(
        os.fspath(path.absolute()), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
    )


@lru_cache(maxsize=4096)
def _file_hash(path: str, inode: int, size: int, modified: int, changed: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:  # noqa: PTH123 (a cached function takes plain values)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def path_hash(path: str | Path) -> str:
    """`file_hash` where `path` is a file; of a folder the hash of every file in it by its name.

    Hidden files are left out.
    """
    path = Path(path)
    if not path.is_dir():
        return file_hash(path)
    files = sorted(
        p
        for p in path.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    return fingerprint({p.relative_to(path).as_posix(): file_hash(p) for p in files})


def content_id(*parts: str | None) -> str:
    """A stable id made from `parts`: 16 hexadecimal digits of BLAKE2b.

    None differs from the empty string, and (`ab`, `c`) from (`a`, `bc`).
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if part is None:
            digest.update(b"n;")
        else:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"s%d:" % len(data))
            digest.update(data)
    return digest.hexdigest()
