"""Writing files so that a crash never leaves half of one; errors that a user can act on."""

from __future__ import annotations

import errno
import gzip
import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, BinaryIO, cast

from corpora.errors import UserError

_REASONS = {
    errno.ENOSPC: "no space left to write here",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "no file may grow so large here",
    errno.EACCES: "no permission to write here",
    errno.EPERM: "no permission to write here",
    errno.EROFS: "this file system is read-only",
    errno.ENOENT: "there is no such folder, and it cannot be made",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EISDIR: "this is a folder, not a file",
    errno.ENAMETOOLONG: "this name is too long for the file system",
    errno.EEXIST: "a file is in the way of this folder",
}
SYNC_VARIABLE = "LABELFERRY_SYNC"
"""Set to 0, nothing waits for the disk: a power cut may then cost files that count as done."""
NOT_TWICE = "not a file that can be read twice: save what comes from it"
"""The problem with a pipe."""
COMPRESSIONS = {
    ".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz",
}  # fmt: skip
"""The compression by the suffix of a file's name."""
_READING_REASONS = _REASONS | {
    errno.ENOENT: "no such file",
    errno.EACCES: "no permission to read this file",
    errno.EPERM: "no permission to read this file",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the failures of the disk into a `UserError` that names `path`.

    Other `OSError`s are raised as they are: they are not the user's mistake.
    """
    with _explaining(path, _REASONS):
        yield


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """`writing`, for a file `path` that is read."""
    with _explaining(path, _READING_REASONS):
        yield


@contextmanager
def _explaining(path: Path, reasons: Mapping[int, str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = reasons.get(error.errno or 0) or _reason_in_message(str(error), reasons)
        if reason is None:
            raise
        raise UserError(reason, file=path) from error


def _reason_in_message(message: str, reasons: Mapping[int, str]) -> str | None:
    # Arrow raises a plain OSError without errno, but quotes the system's words.
    for number, reason in reasons.items():
        if os.strerror(number).lower() in message.lower():
            return reason
    return None


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents; raises `UserError` where that is not allowed."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def temporary_name(path: Path) -> Path:
    """The name under which `path` is written until it is whole.

    It is the same every time, so that a file left by a crash is overwritten, not kept.
    """
    return path.with_name(f".{path.name}.tmp")


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename the file `temporary`, which is whole, to `path`, and have the system put both its
    content and its name on the disk, past a power cut.

    Nothing waits for the disk where LABELFERRY_SYNC is 0.
    """
    syncs = os.environ.get(SYNC_VARIABLE, "1") != "0"
    if syncs:
        _sync(temporary)
    temporary.replace(path)
    if syncs and os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_new_file(path: Path) -> None:
    """Create the empty file `path` in place of what has that name: a link there is deleted, never
    followed."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(path, flags, 0o666))


def make_empty_folder(folder: Path) -> None:
    """Create `folder`, empty, in place of what has that name: a link there is deleted, never
    followed."""
    with writing(folder):
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)


def refuse_links(folder: Path, *, of_model: bool = False) -> None:
    """Raise `UserError` for a link, a pipe or a device in `folder` or in a folder within it.

    To be called before a folder that may come from anyone is read or written: a link could lead
    what we read, write or delete to any other file. `folder` itself may be a link: it is the user
    who names it. It need not exist. With `of_model`, links to files in the folder are followed, and
    so are those to the blobs of a hub's cache.
    """
    if not folder.is_dir():
        return
    folders = [str(folder)]
    while folders:
        path = Path(folders.pop())
        with reading(path), os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif of_model and _stays_in(folder, Path(entry.path)):
                    continue
                elif entry.is_symlink():
                    raise UserError(
                        "a link: it could lead out of the folder that it is in, so it is not "
                        "followed; put the file or folder itself there",
                        file=entry.path,
                    )
                elif not entry.is_file(follow_symlinks=False):
                    raise UserError("neither a file nor a folder", file=entry.path)


def _stays_in(folder: Path, link: Path) -> bool:
    """Whether `link` leads to a file in the model's `folder` or to a blob of the hub's cache that
    `folder` is a snapshot in (`snapshots/COMMIT/config.json` to `../../blobs/HASH`)."""
    file, folder = link.resolve(), folder.resolve()
    in_cache = folder.parent.name == "snapshots" and file.parent == folder.parents[1] / "blobs"
    return file.is_file() and (in_cache or file.is_relative_to(folder))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new, empty file; on success it is renamed to `path`, on failure removed.

    The folder is created. Raises `UserError` for no space or no permission.
    """
    _check_no_device(path)
    make_folder(path.parent)
    temporary = temporary_name(path)
    with writing(path):
        make_new_file(temporary)
        try:
            yield temporary
            put_in_place(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def check_new_folder(path: Path) -> None:
    """Raise `UserError` where `path` is there and not an empty folder: files of someone else could
    be in it."""
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise UserError("this is there already: name a new folder, or an empty one", file=path)


@contextmanager
def replacing_folder(
    path: Path, check: Callable[[Path], None] = check_new_folder
) -> Iterator[Path]:
    """Yield a new, empty folder; on success it takes the place of `path`, on failure it is removed.

    Raises `UserError` for no space or no permission, and what `check` raises for a `path` that may
    not be replaced.
    """
    check(path)
    make_folder(path.parent)
    temporary = temporary_name(path)
    make_empty_folder(temporary)
    with writing(path):
        try:
            yield temporary
            check(path)  # again: meanwhile others may have put something there
            if path.is_dir():
                shutil.rmtree(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def compressing(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """The new file `path`, compressed as `suffix`, that of its final name, says."""
    kind = COMPRESSIONS.get(suffix)
    if kind == "gzip":
        # No name and no time in the header, so that the same text makes the same bytes.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
            yield cast(BinaryIO, file)
    elif kind in ("bzip2", "xz"):
        module = import_module("bz2" if kind == "bzip2" else "lzma")  # here: `--help` stays fast
        with module.open(path, "wb") as packed:
            yield packed
    elif kind == "zstd":
        import pyarrow as pa  # here, so that `--help` stays fast

        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            yield cast(BinaryIO, stream)
    else:
        with path.open("wb") as plain:
            yield plain


@contextmanager
def replacing_text(path: Path) -> Iterator[IO[str]]:
    """`replacing`, with `path` open to be written as UTF-8; a name in .gz or .zst compresses."""
    with (
        replacing(path) as temporary,
        compressing(temporary, path.suffix) as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="\n") as text,
    ):
        yield text


def check_writable(path: Path) -> None:
    """Raise before long work the `UserError` that writing `path` would raise after it.

    The folder is created, and nothing is left in it.
    """
    _check_no_device(path)
    if path.is_dir():
        raise UserError(_REASONS[errno.EISDIR], file=path)
    make_folder(path.parent)
    temporary = temporary_name(path)
    with writing(path):
        make_new_file(temporary)
        temporary.unlink()


def _check_no_device(path: Path) -> None:
    with writing(path):
        is_device = path.exists() and not path.is_file() and not path.is_dir()
    if is_device:
        # A renamed file would take the place of the device or pipe.
        raise UserError("this is a device or a pipe; only files can be written", file=path)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
