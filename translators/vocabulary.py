"""The vocabulary of a CTranslate2 folder."""

from __future__ import annotations

import json
from pathlib import Path

from corpora.errors import UserError


def read_vocabulary(folder: Path) -> list[str]:
    """The source vocabulary of the CTranslate2 `folder`; raises `UserError` where there is none."""
    for name in ("shared_vocabulary", "source_vocabulary"):
        for path in (folder / f"{name}.json", folder / f"{name}.txt"):
            if path.is_file():
                return _read(path)
    raise UserError("no vocabulary: not a CTranslate2 model folder", file=folder)


def _read(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
        tokens = json.loads(text) if path.suffix == ".json" else text.split("\n")
    except (ValueError, RecursionError) as error:
        raise UserError(f"not a vocabulary: {error}", file=path) from error
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise UserError("not a vocabulary: it must be a list of texts", file=path)
    return tokens
