"""Tokenizers that come as a `tokenizer.json`, and opening whichever a model has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from translators.pieces import (
    CONTROL_PIECE,
    SPACE,
    Offsets,
    PieceCodec,
    SentencePieceCodec,
    running_offsets,
    tidy_offsets,
)
from translators.store import ModelInfo, tokenizer_file

_BYTES = re.compile(r"(?:<0x[0-9A-F]{2}>)+")


def open_codec(info: ModelInfo, threads: int) -> PieceCodec:
    """The tokenizer of a model."""
    source = tokenizer_file(info.path, info.card.source_tokenizer)
    target = tokenizer_file(info.path, info.card.target_tokenizer)
    if source.suffix == ".json":
        return TokenizersCodec(source)
    return SentencePieceCodec(source, target, "<unk>", threads)


class TokenizersCodec:
    """Pieces by a `tokenizer.json` with a Metaspace pre-tokenizer, for folders without a `.spm`."""

    def __init__(self, path: Path) -> None:
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
        for tokenizer in (self._plain, self._raw):
            tokenizer.no_truncation()
            tokenizer.no_padding()

    def _encode(self, texts: list[str]) -> list[Any]:
        cleaned = [text.encode("utf-8", "replace").decode() for text in texts]
        return list(self._plain.encode_batch(cleaned, add_special_tokens=False))

    def encode(self, texts: list[str]) -> list[list[str]]:
        """See `PieceCodec`."""
        return [list(one.tokens) for one in self._encode(texts)]

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """See `PieceCodec`."""
        return self.encode(texts)

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """See `PieceCodec`."""
        encoded = self._encode(texts)
        return [
            tidy_offsets(text, own, one.offsets)
            for text, own, one in zip(texts, pieces, encoded, strict=True)
        ]

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """See `PieceCodec`."""
        return self.offsets(texts, pieces)

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """See `PieceCodec`."""
        surfaces = ["" if CONTROL_PIECE.fullmatch(piece) else piece for piece in pieces]
        joined = "".join(surfaces)
        if _BYTES.search(joined) is None:
            raw = joined.replace(SPACE, " ")
            return raw.strip(" "), running_offsets(
                surfaces, len(raw) - len(raw.lstrip(" ")), len(raw.strip(" "))
            )
        raw_offsets: list[tuple[int, int]] = []
        raw = ""
        index = 0
        while index < len(surfaces):
            end = index + 1
            if _BYTES.fullmatch(surfaces[index]):
                while end < len(surfaces) and _BYTES.fullmatch(surfaces[end]):
                    end += 1
                data = bytes(int(piece[3:5], 16) for piece in surfaces[index:end])
                spelt, ranges = _decode_bytes(data)
                raw_offsets += [(a + len(raw), b + len(raw)) for a, b in ranges]
                raw += spelt
            else:
                text = surfaces[index].replace(SPACE, " ")
                raw_offsets.append((len(raw), len(raw) + len(text)))
                raw += text
            index = end
        skipped, text = len(raw) - len(raw.lstrip(" ")), raw.strip(" ")
        trimmed = [
            (max(0, min(start - skipped, len(text))), max(0, min(stop - skipped, len(text))))
            for start, stop in raw_offsets
        ]
        return text, tidy_offsets(text, surfaces, trimmed)

    def decode_text(self, pieces: list[str]) -> str:
        """See `PieceCodec`."""
        return self.decode(pieces)[0]

    def prefix(self, text: str) -> tuple[str, ...]:
        """See `PieceCodec`."""
        rest = self._raw.encode("a", add_special_tokens=False).tokens
        whole = self._raw.encode(text + " a", add_special_tokens=False).tokens
        return tuple(whole[: len(whole) - len(rest)])


def _decode_bytes(data: bytes) -> tuple[str, list[tuple[int, int]]]:
    """The characters that `data` spells and, for each byte, the range of its character.

    A byte that is no part of UTF-8 is a character of its own, U+FFFD.
    """
    text = ""
    offsets: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        char, width = "\ufffd", 1
        for size in range(1, 5):
            try:
                char, width = data[at : at + size].decode(), min(size, len(data) - at)
                break
            except UnicodeDecodeError:
                continue
        offsets += [(len(text), len(text) + 1)] * width
        text += char
        at += width
    return text, offsets


def _without_control(data: dict[str, Any]) -> dict[str, Any]:
    """The tokenizer with no token left that text could turn into a control token."""
    data = json.loads(json.dumps(data))
    data["added_tokens"] = []
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
