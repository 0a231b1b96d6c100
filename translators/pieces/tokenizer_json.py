"""Pieces by a `tokenizer.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from translators.pieces.codec import CONTROL_PIECE, SPACE, Offsets
from translators.pieces.offsets import decode_pieces, tidy_offsets


class TokenizersCodec:
    """Pieces by a `tokenizer.json` with a Metaspace pre-tokenizer, for folders without a `.spm`."""

    def __init__(self, path: Path) -> None:
        """Load the `tokenizer.json` at `path`; raises `UserError` for one that is not supported."""
        import tokenizers

        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            self._plain = tokenizers.Tokenizer.from_str(json.dumps(_without_control(data)))
            self._raw = tokenizers.Tokenizer.from_str(json.dumps(data))
        except Exception as error:  # the library raises plain Exceptions
            raise UserError(f"not a tokenizer: {error}", file=path) from error
        if SPACE not in json.dumps(data.get("decoder"), ensure_ascii=False):
            raise UserError(
                "only tokenizers that write a space as '▁' are supported; add the SentencePiece "
                "model to the folder",
                file=path,
            )
        normalizer = self._raw.normalizer
        self.normalises = normalizer is not None and "A" in normalizer.normalize_str("\uff21")
        """Whether the model has compatibility rules of its own, such as `nmt_nfkc`."""
        for tokenizer in (self._plain, self._raw):
            tokenizer.no_truncation()
            tokenizer.no_padding()

    def _encode(self, texts: list[str]) -> list[Any]:
        cleaned = [text.encode("utf-8", "replace").decode() for text in texts]
        return list(self._plain.encode_batch(cleaned, add_special_tokens=False))

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts`; see `PieceCodec`."""
        return [list(encoding.tokens) for encoding in self._encode(texts)]

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of the target `texts`; see `PieceCodec`."""
        return self.encode(texts)

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into `texts` of their `pieces`; see `PieceCodec`."""
        encoded = self._encode(texts)
        return [
            tidy_offsets(text, text_pieces, encoding.offsets)
            for text, text_pieces, encoding in zip(texts, pieces, encoded, strict=True)
        ]

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into target `texts` of their `pieces`; see `PieceCodec`."""
        return self.offsets(texts, pieces)

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """The text of `pieces` and their offsets; see `PieceCodec`."""
        return decode_pieces(pieces, frozenset())

    def decode_text(self, pieces: list[str]) -> str:
        """The text of `pieces`; see `PieceCodec`."""
        return self.decode(pieces)[0]

    def prefix(self, text: str) -> tuple[str, ...]:
        """The tokens that `text` puts before a source; see `PieceCodec`."""
        rest = self._raw.encode("a", add_special_tokens=False).tokens
        whole = self._raw.encode(text + " a", add_special_tokens=False).tokens
        return tuple(whole[: len(whole) - len(rest)])


def _without_control(data: dict[str, Any]) -> dict[str, Any]:
    """The tokenizer with no token left that text could turn into a control token.

    Tokens that were added for texts, such as `[NAME]`, stay: without them they would be unknown.
    """
    data = json.loads(json.dumps(data))
    data["added_tokens"] = [
        token
        for token in data.get("added_tokens") or ()
        if CONTROL_PIECE.fullmatch(token["content"]) is None
    ]
    data["post_processor"] = None
    model = data.get("model") or {}
    vocabulary = model.get("vocab")
    unknown = model.get("unk_id"), model.get("unk_token")
    if isinstance(vocabulary, list):
        for index, entry in enumerate(vocabulary):
            if index != unknown[0] and CONTROL_PIECE.fullmatch(entry[0]):
                entry[0] = f"\uffff{index}"
    elif isinstance(vocabulary, dict):
        model["vocab"] = {
            piece if piece == unknown[1] or not CONTROL_PIECE.fullmatch(piece) else f"\uffff{i}": i
            for piece, i in vocabulary.items()
        }
    return data
