"""Run folders: their name, what is on record of how they were made, and who may write to them.

A fingerprint covers what changes a result and nothing else; what belongs in it is for the steps
to say, here it is only computed.
"""

from __future__ import annotations

import dataclasses
import enum
import fcntl
import hashlib
import json
import math
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from stat import S_ISREG
from typing import Any

from corpora.errors import UserError
from corpora.storage import NOT_TWICE, make_folder, reading, write_text, writing

RUN_FILE = "run.json"
LOCK_FILE = ".lock"
_NAME = re.compile(r"[^\W_][\w.-]*")


@dataclasses.dataclass(frozen=True, slots=True)
class RunManifest:
    """What `run.json` holds: all that is needed to make the run again."""

    name: str
    fingerprint: str
    config: Mapping[str, Any]
    """The configuration, every default resolved."""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    models: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Content hash by model name."""
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Content hash by file."""
    seed: int = 0


def plain(value: Any) -> Any:
    """`value` made of what JSON has: dataclasses, Pydantic models, paths and sets are unfolded.

    Raises `TypeError` for anything else and `ValueError` for NaN and infinity: a fingerprint of a
    thing that is not understood would be a lie.
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
    return hashlib.blake2b(canonical_json(value).encode("ascii"), digest_size=16).hexdigest()


def file_hash(path: str | Path) -> str:
    """32 hexadecimal digits (BLAKE2b, 128 bits) of a file's bytes, read in pieces.

    Remembered within the process for as long as the file's size and times stay the same.
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
    """`file_hash` of a file, or of a folder: every file in it (hidden ones apart) by its name."""
    path = Path(path)
    if not path.is_dir():
        return file_hash(path)
    files = sorted(
        p
        for p in path.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    return fingerprint({p.relative_to(path).as_posix(): file_hash(p) for p in files})


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of distributions, and Python's; those not installed are left out."""
    found = {"python": platform.python_version()}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def run_folder(root: str | Path, name: str, run_fingerprint: str) -> Path:
    """`<root>/<name>-<fingerprint8>`; raises `UserError` for a name that is no plain file name.

    `tidy_name` makes one.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"not a name for a run: {name!r}; letters, digits, '.', '-' and '_' only, "
            "and a letter or digit first"
        )
    return Path(root) / f"{name}-{run_fingerprint[:8]}"


def tidy_name(text: str) -> str:
    """A name for a run made of any text, such as a file's name."""
    return re.sub(r"[^\w.-]+", "-", text).lstrip("-._").rstrip("-")[:200] or "run"


def read_run(folder: str | Path) -> RunManifest:
    """The manifest of a run folder; raises `UserError` where there is none."""
    path = Path(folder) / RUN_FILE
    with reading(path):
        if not Path(folder).exists():
            raise UserError("no such folder", file=folder)
        if not path.exists():
            raise UserError(f"not a run folder: it has no {RUN_FILE}", file=folder)
        data = path.read_bytes()
    try:
        return RunManifest(**json.loads(data.decode("utf-8")))
    except (ValueError, TypeError) as error:
        raise UserError(f"not a run's manifest ({error})", file=path) from error


Counting = Callable[[RunManifest], Mapping[str, Any]]
"""Gives what of a manifest its fingerprint rests on, to be named where that differs."""


def everything(manifest: RunManifest) -> Mapping[str, Any]:
    """All of a manifest that may count."""
    parts = ("config", "models", "inputs", "versions", "seed")
    return {part: getattr(manifest, part) for part in parts}


@contextmanager
def open_run(
    folder: str | Path, manifest: RunManifest, counting: Counting = everything
) -> Iterator[Path]:
    """Create the run folder or go on with it, and keep other processes out until the end.

    Raises `UserError` when the folder was made by another configuration (naming what differs of
    what is `counting`), holds something else, cannot be written to, or is being written by another
    process.
    """
    folder = Path(folder)
    make_folder(folder)
    with lock(folder):
        check_run(folder, manifest, counting)
        text = json.dumps(plain(manifest), indent=1, sort_keys=True, ensure_ascii=False)
        write_text(folder / RUN_FILE, text + "\n")
        yield folder


def check_run(folder: str | Path, manifest: RunManifest, counting: Counting = everything) -> None:
    """Raise `UserError` where `folder` is there and not empty, and not a run that `manifest` could
    go on with; see `open_run`."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError("this is not a folder", file=folder)
    if (folder / RUN_FILE).exists():
        _check_same(folder, read_run(folder), manifest, counting)
    elif folder.exists():
        strangers = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if strangers:
            raise UserError(
                f"this folder is not empty and not a run ({', '.join(strangers[:5])}); "
                "choose another",
                file=folder,
            )


def _check_same(folder: Path, old: RunManifest, new: RunManifest, counting: Counting) -> None:
    if old.fingerprint == new.fingerprint:
        return
    before, after = _flat(counting(old)), _flat(counting(new))
    changed = [
        f"{key}: {before.get(key)!r} -> {after.get(key)!r}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    raise UserError(
        "this run folder was made by another configuration "
        f"({'; '.join(changed) or 'another fingerprint'}); choose another folder",
        file=folder,
    )


def _flat(value: Any, above: str = "") -> dict[str, Any]:
    """What mappings within mappings hold, by names such as `reading.columns.text`."""
    found: dict[str, Any] = {}
    for key, inner in plain(value).items():
        if isinstance(inner, dict):
            found |= _flat(inner, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = inner
    return found


@contextmanager
def lock(folder: str | Path) -> Iterator[None]:
    """Hold `folder` against other processes; one that died holds nothing.

    Raises `UserError` at once where another process holds it.
    """
    path = Path(folder) / LOCK_FILE
    with writing(path):
        file = path.open("a+", encoding="ascii")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip()
            raise UserError(
                f"another process{f' (number {holder})' if holder else ''} is writing this run",
                file=folder,
            ) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
