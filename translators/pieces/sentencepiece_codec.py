"""Pieces by SentencePiece."""

from __future__ import annotations

from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from corpora.errors import UserError
from translators.pieces.codec import CONTROL_PIECE, SPACE, Offsets
from translators.pieces.offsets import decode_pieces, running_offsets, tidy_offsets

_CONTROL, _USER_DEFINED = 3, 4
"""Types of pieces in a SentencePiece model."""


class SentencePieceCodec:
    """Pieces by SentencePiece; the source's and the target's model may be one and the same."""

    def __init__(self, source: Path, target: Path, unknown: str, threads: int) -> None:
        """Load the SentencePiece models `source` and `target`.

        `unknown` is the model's token for what its vocabulary lacks; up to `threads` threads cut
        texts into pieces. Raises `UserError` for a file that is missing or no such model.
        """
        self._raw = _load(source, plain=False)
        # Not from the model's proto, which is slow to read where it is large.
        self.normalises = "A" in self._raw.normalize("\uff21")
        """Whether the model has compatibility rules of its own, such as `nmt_nfkc`."""
        self._source = _load(source, plain=True)
        same = source == target or source.read_bytes() == target.read_bytes()
        self._target = self._source if same else _load(target, plain=True)
        self._unknown = unknown
        self._threads = threads
        self._table = _piece_table(self._source, unknown)
        self._target_table = self._table if same else _piece_table(self._target, unknown)
        self._text_pieces = _text_pieces(self._source) | _text_pieces(self._target)

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts`; see `PieceCodec`."""
        return self._encode(self._source, self._table, texts)

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of the target `texts`; see `PieceCodec`."""
        return self._encode(self._target, self._target_table, texts)

    def _encode(
        self, processor: sentencepiece.SentencePieceProcessor, table: list[str], texts: list[str]
    ) -> list[list[str]]:
        # Through ids, because a table of shared strings is four times as fast as new ones.
        encoded = processor.encode([_clean(t) for t in texts], num_threads=self._threads)
        unknown = processor.unk_id()
        return [
            [table[i] for i in ids] if unknown not in ids else self._spell_unknown(processor, text)
            for ids, text in zip(encoded, texts, strict=True)
        ]

    def _spell_unknown(
        self, processor: sentencepiece.SentencePieceProcessor, text: str
    ) -> list[str]:
        """Unknown pieces as they are: the model's vocabulary may have what the tokenizer lacks.

        No text turns into a control token.
        """
        pieces = processor.encode(_clean(text), return_type=str)
        unknown = processor.unk_id()
        return [
            self._unknown
            if processor.piece_to_id(piece) == unknown and CONTROL_PIECE.fullmatch(piece)
            else piece
            for piece in pieces
        ]

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into `texts` of their `pieces`; see `PieceCodec`."""
        return self._offsets(self._source, texts, pieces)

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into target `texts` of their `pieces`; see `PieceCodec`."""
        return self._offsets(self._target, texts, pieces)

    def _offsets(
        self,
        processor: sentencepiece.SentencePieceProcessor,
        texts: list[str],
        pieces: list[list[str]],
    ) -> list[Offsets]:
        all_offsets: list[Offsets | None] = []
        slow: list[int] = []
        for index, (text, text_pieces) in enumerate(zip(texts, pieces, strict=True)):
            joined = "".join(text_pieces)
            if joined[1:] == text.replace(" ", SPACE) and joined[:1] == SPACE:
                all_offsets.append(running_offsets(text_pieces, 1, len(text)))
            else:
                all_offsets.append(None)
                slow.append(index)
        if slow:
            mapped = processor.encode(
                [_clean(texts[i]) for i in slow],
                return_type="offset_mapping",
                num_threads=self._threads,
            )
            for index, mapping in zip(slow, mapped, strict=True):
                all_offsets[index] = tidy_offsets(
                    texts[index], mapping["pieces"], mapping["offsets"]
                )
        return [offsets for offsets in all_offsets if offsets is not None]

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """The text of `pieces` and their offsets; see `PieceCodec`."""
        return decode_pieces(pieces, self._text_pieces)

    def decode_text(self, pieces: list[str]) -> str:
        """The text of `pieces`; see `PieceCodec`."""
        joined = "".join(pieces)
        if "<" not in joined and "_" not in joined:
            return joined.replace(SPACE, " ").strip(" ")
        return self.decode(pieces)[0]

    def prefix(self, text: str) -> tuple[str, ...]:
        """The tokens that `text` puts before a source; see `PieceCodec`."""
        rest = self._raw.encode("a", return_type=str)
        whole = self._raw.encode(text + " a", return_type=str)
        return tuple(whole[: len(whole) - len(rest)])


def _clean(text: str) -> str:
    """`text` with what SentencePiece cannot read replaced, character for character."""
    # A NUL ends a C string; a lone surrogate has no UTF-8.
    if "\0" in text:
        text = text.replace("\0", " ")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def _load(path: Path, *, plain: bool) -> sentencepiece.SentencePieceProcessor:
    """A SentencePiece model; with `plain`, one that finds no control token in a text."""
    try:
        data = path.read_bytes()
        processor = sentencepiece.SentencePieceProcessor()
        processor.LoadFromSerializedProto(data)
        if not len(processor):
            raise RuntimeError("it has no pieces")
    except FileNotFoundError as error:
        raise UserError("the model lacks its tokenizer: no such file", file=path) from error
    except (OSError, RuntimeError) as error:
        raise UserError(f"not a SentencePiece model: {error}", file=path) from error
    if not plain:
        return processor
    model = sentencepiece_model_pb2.ModelProto.FromString(data)
    changed = False
    for piece in model.pieces:
        if piece.type == _USER_DEFINED and CONTROL_PIECE.fullmatch(piece.piece):
            piece.type = _CONTROL
            changed = True
    if changed:
        processor = sentencepiece.SentencePieceProcessor()
        processor.LoadFromSerializedProto(model.SerializeToString())
    return processor


def _piece_table(processor: sentencepiece.SentencePieceProcessor, unknown: str) -> list[str]:
    table = [processor.id_to_piece(i) for i in range(len(processor))]
    table[processor.unk_id()] = unknown
    return table


def _text_pieces(processor: sentencepiece.SentencePieceProcessor) -> frozenset[str]:
    """Pieces that are text, though they may look like control tokens."""
    return frozenset(
        piece
        for i in range(len(processor))
        if CONTROL_PIECE.fullmatch(piece := processor.id_to_piece(i))
        and not processor.is_control(i)
        and not processor.is_unknown(i)
        and not processor.is_unused(i)
    )
