"""Run folders: their names, and their manifest `run.json` of how they were made."""

from __future__ import annotations

import dataclasses
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from corpora.checked_json import read_checked, write_checked
from corpora.errors import UserError
from corpora.fingerprint import plain
from corpora.lock import lock
from corpora.storage import make_folder, reading, refuse_links

RUN_FILE = "run.json"
_NAME = re.compile(r"[^\W_][\w.-]*")


@dataclasses.dataclass(frozen=True, slots=True)
class RunManifest:
    """What `run.json` holds: all that is needed to repeat the run."""

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


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of the distributions `names`, and Python's.

    Those that are not installed are left out.
    """
    versions = {"python": platform.python_version()}
    for name in sorted(names):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def run_folder(root: str | Path, name: str, run_fingerprint: str) -> Path:
    """`<root>/<name>-<fingerprint8>`, by the first digits of `run_fingerprint`.

    Raises `UserError` for a `name` that is no plain file name; `tidy_name` makes one.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"not a name for a run: {name!r}; letters, digits, '.', '-' and '_' only, "
            "and a letter or digit first"
        )
    return Path(root) / f"{name}-{run_fingerprint[:8]}"


def tidy_name(text: str) -> str:
    """A name for a run made from any `text`, such as a file's name."""
    return re.sub(r"[^\w.-]+", "-", text).lstrip("-._").rstrip("-")[:200] or "run"


def read_run(folder: str | Path) -> RunManifest:
    """The manifest of the run `folder`, which may come from anyone.

    Raises `UserError` where there is none, and for links in the folder.
    """
    path = Path(folder) / RUN_FILE
    refuse_links(Path(folder))
    with reading(path):
        if not Path(folder).exists():
            raise UserError("no such folder", file=folder)
        if not path.exists():
            if _has_records(Path(folder)):
                raise UserError(
                    f"this run has lost its {RUN_FILE}; run its command again, which writes it "
                    "anew and keeps what is done",
                    file=folder,
                )
            raise UserError(f"not a run folder: it has no {RUN_FILE}", file=folder)
        values = read_checked(path)
    try:
        return RunManifest(**(values or {}))
    except TypeError as error:
        raise UserError(
            "damaged, or not a run's manifest; if it is one, delete it and run the command of this "
            "run again, which writes it anew and keeps what is done",
            file=path,
        ) from error


FingerprintedFields = Callable[[RunManifest], Mapping[str, Any]]
"""Returns what the fingerprint of a manifest covers, so that a message can name what differs."""


def all_fields(manifest: RunManifest) -> Mapping[str, Any]:
    """Every field of `manifest` that a fingerprint may cover."""
    parts = ("config", "models", "inputs", "versions", "seed")
    return {part: getattr(manifest, part) for part in parts}


@contextmanager
def open_run(
    folder: str | Path,
    manifest: RunManifest,
    fields: FingerprintedFields = all_fields,
) -> Iterator[Path]:
    """Create the run `folder` or resume it, and keep other processes out until the end.

    `manifest` is what is written to `run.json`. Raises `UserError` when the folder was made by
    another configuration (naming the values of the fingerprinted `fields` that differ), holds
    something else, has links in it, cannot be written to, or is being written by another process.
    """
    folder = Path(folder)
    make_folder(folder)
    refuse_links(folder)
    with lock(folder):
        check_run(folder, manifest, fields)
        write_checked(folder / RUN_FILE, plain(manifest))
        yield folder


def check_run(
    folder: str | Path,
    manifest: RunManifest,
    fields: FingerprintedFields = all_fields,
) -> None:
    """Raise `UserError` where `folder` exists, is not empty, and is not a run of `manifest`.

    The message names the values of the fingerprinted `fields` that differ; see `open_run`. A run
    that lost its manifest passes: the record of each step says what that step was made from.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError("this is not a folder", file=folder)
    refuse_links(folder)
    if (folder / RUN_FILE).exists():
        _check_same(folder, read_run(folder), manifest, fields)
    elif folder.exists():
        files = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if files and not _has_records(folder):
            raise UserError(
                f"this folder is not empty and not a run ({', '.join(files[:5])}); choose another",
                file=folder,
            )


def is_run(folder: Path) -> bool:
    """Whether `folder` is that of a run, also of one that has lost its manifest."""
    return (folder / RUN_FILE).is_file() or _has_records(folder)


def _has_records(folder: Path) -> bool:
    """Whether steps of a run left records in `folder`: it is a run whose manifest is lost."""
    records = (path for path in folder.glob("*/*.json") if path.is_file())  # no pipe is read
    return any(read_checked(record) is not None for record in records)


def _check_same(
    folder: Path, old: RunManifest, new: RunManifest, fields: FingerprintedFields
) -> None:
    if old.fingerprint == new.fingerprint:
        return
    before, after = _flat(fields(old)), _flat(fields(new))
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
    """The values of nested mappings, by names such as `reading.columns.text`."""
    flat: dict[str, Any] = {}
    for key, inner in plain(value).items():
        if isinstance(inner, dict):
            flat |= _flat(inner, f"{above}{key}.")
        else:
            flat[f"{above}{key}"] = inner
    return flat
