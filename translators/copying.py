"""Texts that are the same in every language, which need no model.

A model that was trained on sentences invents a translation for what has no words: `2024-01-01`,
`!!!` or an emoji.
"""

from __future__ import annotations

import numpy as np
import regex

from corpora.text.scripts import UNSPACED
from translators.long_texts import MAX_ATTENTION
from translators.pieces.codec import Offsets
from translators.protocol import Hypothesis

_LETTER = regex.compile(r"\p{L}")
_ADDRESS = regex.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\w+")
_UNSPACED = regex.compile(f"[{UNSPACED}]")
"""In these scripts, no space separates an address from the sentence after it."""


def is_copied(text: str) -> bool:
    """Whether `text` has no letters, or is nothing but a web or e-mail address or a handle."""
    stripped = text.strip()
    if _LETTER.search(stripped) is None:
        return bool(stripped)
    return _ADDRESS.fullmatch(stripped) is not None and _UNSPACED.search(stripped) is None


def copy_of(text: str, pieces: Offsets, attention: bool, piece_count: int) -> Hypothesis:
    """The `text` as its own translation, of `piece_count` pieces.

    `pieces` holds their offsets, () where they are not requested. With `attention` each is aligned
    with itself, but not in a text so long that the matrix would fill the memory.
    """
    fits = len(pieces) ** 2 <= MAX_ATTENTION
    matrix = np.eye(len(pieces), dtype=np.float32) if attention and fits else None
    return Hypothesis(text, 0.0, pieces, pieces, matrix, piece_count=piece_count)
