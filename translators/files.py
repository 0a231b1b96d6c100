"""Files of a model folder that only stand for the real ones."""

from __future__ import annotations

from pathlib import Path

from corpora.errors import UserError

_POINTER = b"version https://git-lfs.github.com/spec/"


def refuse_pointers(folder: Path) -> None:
    """Raise `UserError` where a file in `folder` is a pointer of Git LFS, as a clone without Git
    LFS leaves it."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            with path.open("rb") as file:
                start = file.read(len(_POINTER))
            if start == _POINTER:
                raise UserError(
                    "a pointer of Git LFS in the place of the file: `git lfs pull` fetches it",
                    file=path,
                )
