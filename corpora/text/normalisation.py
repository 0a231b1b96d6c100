"""The form in which texts that differ only on the surface are equal."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` with compatibility forms (full width, ligatures) and case folded: NFKC, casefold."""
    return unicodedata.normalize("NFKC", text).casefold()
