"""Writing files so that a crash never leaves half of one, with errors a user can act on."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the failures of the disk into a `UserError` that names `path`.

    Other `OSError`s pass through: they are not the user's mistake.
    """
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or _reason_in_message(str(error))
        if reason is None:
            raise
        raise UserError(reason, file=path) from error


def _reason_in_message(message: str) -> str | None:
    # Arrow raises a plain OSError without errno, but quotes the system's words.
    for number, reason in _REASONS.items():
        if os.strerror(number) in message:
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path; on success it becomes `path`, on failure it goes.

    The folder is created. Raises `UserError` for no space or no permission.
    """
    _check_no_device(path)
    make_folder(path.parent)
    temporary = temporary_name(path)
    with writing(path):
        try:
            yield temporary
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def check_writable(path: Path) -> None:
    """Raise before long work the `UserError` that writing `path` would end in after it.

    The folder is created, and nothing is left in it.
    """
    _check_no_device(path)
    if path.is_dir():
        raise UserError(_REASONS[errno.EISDIR], file=path)
    make_folder(path.parent)
    temporary = temporary_name(path)
    with writing(path):
        temporary.touch()
        temporary.unlink()


def _check_no_device(path: Path) -> None:
    with writing(path):
        strange = path.exists() and not path.is_file() and not path.is_dir()
    if strange:
        # A renamed file would take the place of the device or pipe.
        raise UserError("this is a device or a pipe; only files can be written", file=path)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
