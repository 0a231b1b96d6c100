"""Argos Translate packages: ZIP files (`.argosmodel`), or the folders they were unpacked to, that
hold a CTranslate2 model."""

from __future__ import annotations

import dataclasses
import json
import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from corpora.errors import UserError
from corpora.storage import writing
from corpora.text.languages import normalise_tag
from translators.ct2_weights import check_model_file
from translators.describing import ModelFacts, describe_folder
from translators.files import refuse_pointers
from translators.model_card import ModelInfo

METADATA = "metadata.json"
_AT_TOP = (METADATA, "sentencepiece.model", "bpe.model")
_ARGOS_CODES = {"zt": "zh-Hant", "pb": "pt-BR"}
_ARGOS_LIMIT = 8 * 1024**3
"""Bytes that a package may unpack to."""
_MOST_RATIO = 20
"""How many times as large a package may become: weights of models hardly can be compressed, so real
ones become 1 to 2 times as large."""
_UNPACKED_FREELY = 1 << 26
_MOST_MEMBERS = 10_000
_MOST_DIRECTORY = 1 << 22
_MOST_METADATA = 1 << 20
"""Bytes of the description of a package, which is read into memory."""
_END_OF_DIRECTORY = 1 << 16
"""Where in the end of a ZIP file its number of members is looked for."""
_UNREADABLE = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    RuntimeError,  # encrypted, nested too deeply, or (NotImplementedError) an odd compression
    zlib.error,
    lzma.LZMAError,
    struct.error,
    IndexError,
    OSError,  # bzip2, and offsets that lead out of the file
)
"""What `zipfile` raises for a file that is corrupt or no package."""


def is_installed(folder: Path) -> bool:
    """Whether `folder` is one that Argos Translate unpacked a package to."""
    return (folder / METADATA).is_file() and (folder / "model" / "model.bin").is_file()


def describe_argos(package: Path, staged: Path, facts: ModelFacts) -> ModelInfo:
    """Copy the model of the `package`, a file or an installed folder, into the folder `staged` and
    describe it.

    `facts` is what the user knows of it; its languages are in the package. Raises `UserError`
    for a file that is corrupt or no package, or has a member that leads out of it.
    """
    if package.is_dir():
        metadata = _copy_installed(package, staged)
    else:
        metadata = _unpack_argos(package, staged)
    check_model_file(staged / "model.bin")
    codes = [metadata.get("from_code"), metadata.get("to_code")]
    if not all(isinstance(code, str) for code in codes):
        raise UserError("metadata.json names no from_code and to_code", file=package)
    source, target = (normalise_tag(_ARGOS_CODES.get(str(code), str(code))) for code in codes)
    opening = metadata.get("target_prefix")
    facts = dataclasses.replace(facts, family="argos", source=source, target=target)
    return describe_folder(
        staged,
        facts,
        origin=package.name,
        opening=(opening,) if isinstance(opening, str) and opening else (),
        quantization=None,
    )


def _unpack_argos(package: Path, staged: Path) -> dict[str, Any]:
    """Copy the model's files out of the package, flat, and return its metadata.

    A package with any member that leads out of the folder is refused, and one that is too large.
    """
    try:
        _check_directory(package)
        with zipfile.ZipFile(package) as archive:
            members = [_checked(info, package) for info in archive.infolist()]
            _check_sizes(members, package)
            needed = {name: info for info in members if (name := _name_in_folder(info)) is not None}
            _check_complete(needed, package)
            described = needed.pop(METADATA)
            if described.file_size > _MOST_METADATA:
                problem = f"metadata.json has {described.file_size:,} bytes, and may have "
                raise UserError(f"{problem}{_MOST_METADATA:,}", file=package)
            metadata = json.loads(archive.read(described))
            for name, info in needed.items():
                out = staged / name
                with writing(out), archive.open(info) as source, out.open("wb") as file:
                    # `zipfile` reads no more than the size that the directory states.
                    shutil.copyfileobj(source, file)
    except _UNREADABLE as error:
        raise UserError(f"not an Argos package: {error}", file=package) from error
    return _as_object(metadata, package)


def _copy_installed(folder: Path, staged: Path) -> dict[str, Any]:
    """Copy the model's files out of an installed package, flat, and return its metadata."""
    refuse_pointers(folder)
    files = {path.name: path for path in (folder / "model").iterdir() if path.is_file()}
    files |= {name: folder / name for name in _AT_TOP if (folder / name).is_file()}
    _check_complete(files, folder)
    try:
        metadata = json.loads(files.pop(METADATA).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"not an Argos package: {error}", file=folder / METADATA) from error
    for name, path in files.items():
        with writing(staged / name):
            shutil.copyfile(path, staged / name)
    return _as_object(metadata, folder)


def _check_complete(names: Collection[str], package: Path) -> None:
    subwords = "bpe.model" if "bpe.model" in names else "sentencepiece.model"
    for name in (METADATA, subwords, "model.bin"):
        if name not in names:
            raise UserError(f"not an Argos package: it has no {name}", file=package)


def _as_object(metadata: object, package: Path) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        raise UserError("not an Argos package: metadata.json is no object", file=package)
    return metadata


def _check_directory(package: Path) -> None:
    """Raise `UserError` for too many members; `zipfile` would read the names of all of them."""
    with package.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_OF_DIRECTORY))
        tail = file.read()
    at, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    if at < 0 or len(tail) < at + 22:
        return  # `zipfile` says what is wrong
    count, length = struct.unpack_from("<HI", tail, at + 10)
    if large >= 0 and len(tail) >= large + 48:  # a ZIP64 file has the true numbers here
        count, length = struct.unpack_from("<QQ", tail, large + 32)
    if count > _MOST_MEMBERS:
        problem = f"the package has {count:,} files, and may have {_MOST_MEMBERS:,}"
        raise UserError(problem, file=package)
    if length > _MOST_DIRECTORY:
        problem = f"the package's table of contents has {length:,} bytes, and may have "
        raise UserError(f"{problem}{_MOST_DIRECTORY:,}", file=package)


def _check_sizes(members: Sequence[zipfile.ZipInfo], package: Path) -> None:
    """Raise `UserError` where `members` unpack to more than a package may."""
    unpacked, packed = sum(info.file_size for info in members), package.stat().st_size
    if unpacked > _ARGOS_LIMIT:
        raise UserError(
            f"the package unpacks to {unpacked:,} bytes, and may to {_ARGOS_LIMIT:,}", file=package
        )
    if unpacked > max(_MOST_RATIO * packed, _UNPACKED_FREELY):
        raise UserError(
            f"the {packed:,} bytes of the package unpack to {unpacked:,}, and may to "
            f"{_MOST_RATIO} times as many",
            file=package,
        )


def _checked(info: zipfile.ZipInfo, package: Path) -> zipfile.ZipInfo:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    link = (info.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or link or ":" in info.filename:
        raise UserError(
            f"the package has a member that leads out of it: {info.filename!r}", file=package
        )
    return info


def _name_in_folder(info: zipfile.ZipInfo) -> str | None:
    """The file name in the model's folder of a package's member, None for what is not needed."""
    parts = PurePosixPath(info.filename).parts
    if info.is_dir() or not 2 <= len(parts) <= 3:
        return None
    if len(parts) == 3:
        return parts[2] if parts[1] == "model" else None
    return parts[1] if parts[1] in _AT_TOP else None
