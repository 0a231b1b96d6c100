"""The protocol of a model's tokenizer: texts to pieces and back, with the offset of every piece.

Offsets count code points, half-open, and leave out the white space that a piece begins with, so a
piece that is nothing but a space is empty. All bytes of a character spelt in bytes have its offset.
Texts contain no control tokens: what looks like one (`>>de<<`, `</s>`) is cut into pieces like any
other string.
"""

from __future__ import annotations

import re
from typing import Protocol

Offsets = tuple[tuple[int, int], ...]
"""[start, end) of every piece of a text."""

SPACE = "▁"
"""How pieces write a space."""
CONTROL_PIECE = re.compile(
    r"</?[a-z]+>|<extra_id_\d+>|>>[^<>]*<<|<2[^<>]*>|__[a-z]+__|[a-z]{2,3}_[A-Z]\w*"
)
"""What the vocabularies of the families write control tokens as."""


class PieceCodec(Protocol):
    """Cuts texts into the pieces of a model and joins pieces to texts; thread-safe."""

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts`, without language and end-of-sentence tokens."""
        ...

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into each of `texts` of the `pieces` that `encode` gave for it."""
        ...

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """The text of `pieces` that the model wrote, and each piece's offset in it."""
        ...

    def decode_text(self, pieces: list[str]) -> str:
        """The text of `pieces` alone, at less cost."""
        ...

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts` in the target language, for forced decoding."""
        ...

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into each of `texts` of the `pieces` that `encode_target` gave for it."""
        ...

    def prefix(self, text: str) -> tuple[str, ...]:
        """The tokens that `text` puts before the pieces of a source, its control tokens kept."""
        ...
