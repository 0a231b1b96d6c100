"""From texts to a model's pieces and back, with the offset of every piece.

Offsets count code points and leave out the white space that a piece begins with, so a piece that
is nothing but a space is empty. All bytes of a character spelt in bytes have its offset. A text
is never read as anything but text: what looks like a control token in it (`>>de<<`, `</s>`) is
cut up as any other string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from corpora.errors import UserError

Offsets = tuple[tuple[int, int], ...]

SPACE = "▁"
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_CONTROL, _USER_DEFINED = 3, 4
_BLANK = (SPACE, "\0")
CONTROL_PIECE = re.compile(
    r"</?[a-z]+>|<extra_id_\d+>|>>[^<>]*<<|<2[^<>]*>|__[a-z]+__|[a-z]{2,3}_[A-Z]\w*"
)
"""What the vocabularies of the families write control tokens as."""


class PieceCodec(Protocol):
    """Cuts texts into the pieces of a model and puts pieces together again; thread-safe."""

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of every text, without language and end-of-sentence tokens."""
        ...

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into each text of the pieces that `encode` gave for it."""
        ...

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """The text of pieces that the model wrote, and each piece's offset in it."""
        ...

    def decode_text(self, pieces: list[str]) -> str:
        """The text alone, at less cost."""
        ...

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of texts in the target language, for forced decoding."""
        ...

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into each text of the pieces that `encode_target` gave for it."""
        ...

    def prefix(self, text: str) -> tuple[str, ...]:
        """The tokens that `text`, control tokens heeded, puts before the pieces of a source."""
        ...


class SentencePieceCodec:
    """Pieces by SentencePiece; the source's and the target's model may be one and the same."""

    def __init__(self, source: Path, target: Path, unknown: str, threads: int) -> None:
        self._raw = _load(source, plain=False)
        self._source = _load(source, plain=True)
        same = source == target or source.read_bytes() == target.read_bytes()
        self._target = self._source if same else _load(target, plain=True)
        self._unknown = unknown
        self._threads = threads
        self._table = _piece_table(self._source, unknown)
        self._target_table = self._table if same else _piece_table(self._target, unknown)
        self._spoken = _spoken(self._source) | _spoken(self._target)

    def encode(self, texts: list[str]) -> list[list[str]]:
        """See `PieceCodec`."""
        return self._encode(self._source, self._table, texts)

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """See `PieceCodec`."""
        return self._encode(self._target, self._target_table, texts)

    def _encode(
        self, processor: sentencepiece.SentencePieceProcessor, table: list[str], texts: list[str]
    ) -> list[list[str]]:
        # By way of ids, because a table of shared strings is four times as fast as new ones.
        encoded = processor.encode([_clean(t) for t in texts], num_threads=self._threads)
        unknown = processor.unk_id()
        return [
            [table[i] for i in ids] if unknown not in ids else self._spell_unknown(processor, text)
            for ids, text in zip(encoded, texts, strict=True)
        ]

    def _spell_unknown(
        self, processor: sentencepiece.SentencePieceProcessor, text: str
    ) -> list[str]:
        """Unknown pieces as they are: the model's vocabulary may know what the splitter does not.

        Never so that text turns into a control token.
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
        """See `PieceCodec`."""
        return self._offsets(self._source, texts, pieces)

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """See `PieceCodec`."""
        return self._offsets(self._target, texts, pieces)

    def _offsets(
        self,
        processor: sentencepiece.SentencePieceProcessor,
        texts: list[str],
        pieces: list[list[str]],
    ) -> list[Offsets]:
        found: list[Offsets | None] = []
        slow: list[int] = []
        for index, (text, own) in enumerate(zip(texts, pieces, strict=True)):
            joined = "".join(own)
            if joined[1:] == text.replace(" ", SPACE) and joined[:1] == SPACE:
                found.append(running_offsets(own, 1, len(text)))
            else:
                found.append(None)
                slow.append(index)
        if slow:
            mapped = processor.encode(
                [_clean(texts[i]) for i in slow],
                return_type="offset_mapping",
                num_threads=self._threads,
            )
            for index, mapping in zip(slow, mapped, strict=True):
                found[index] = tidy_offsets(texts[index], mapping["pieces"], mapping["offsets"])
        return [offsets for offsets in found if offsets is not None]

    def decode(self, pieces: list[str]) -> tuple[str, Offsets]:
        """See `PieceCodec`."""
        return decode_pieces(pieces, self._spoken)

    def decode_text(self, pieces: list[str]) -> str:
        """See `PieceCodec`."""
        joined = "".join(pieces)
        if "<" not in joined and "_" not in joined:
            return joined.replace(SPACE, " ").strip(" ")
        return self.decode(pieces)[0]

    def prefix(self, text: str) -> tuple[str, ...]:
        """See `PieceCodec`."""
        rest = self._raw.encode("a", return_type=str)
        whole = self._raw.encode(text + " a", return_type=str)
        return tuple(whole[: len(whole) - len(rest)])


def _clean(text: str) -> str:
    """`text` with what SentencePiece cannot take put out of the way, offset for offset."""
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


def running_offsets(pieces: Sequence[str], skipped: int, size: int) -> Offsets:
    """Offsets of pieces laid end to end, `skipped` characters of which were stripped."""
    ends = list(accumulate(map(len, pieces), initial=-skipped))
    offsets = [
        (start + 1, end) if piece[0] == SPACE else (start, end)
        for piece, start, end in zip(pieces, ends, ends[1:], strict=False)
    ]
    if offsets and (offsets[0][0] < 0 or ends[-1] > size or SPACE * 2 in "".join(pieces)):
        offsets = [
            _inside(start, end, piece, size)
            for piece, start, end in zip(pieces, ends, ends[1:], strict=False)
        ]
    return tuple(offsets)


def _inside(start: int, end: int, piece: str, size: int) -> tuple[int, int]:
    start += len(piece) - len(piece.lstrip(SPACE))
    return min(max(start, 0), size), min(max(end, 0), size)


def tidy_offsets(text: str, pieces: Sequence[str], offsets: Sequence[tuple[int, int]]) -> Offsets:
    """SentencePiece's own offsets, without leading spaces, bytes given their character's range."""
    tidy: list[tuple[int, int]] = []
    for piece, (start, end) in zip(pieces, offsets, strict=True):
        if piece == SPACE:
            # `tokenizers` gives a space that it put in the first character's offset.
            end = start = end if text[start:end].isspace() else start
        while start < end and (text[start].isspace() or text[start] in _BLANK):
            start += 1
        tidy.append((start, end))
    # The last byte of a character has its range, those before it have none.
    following: tuple[int, int] | None = None
    for index in range(len(tidy) - 1, -1, -1):
        if _BYTE.fullmatch(pieces[index]) is None:
            following = None
        elif tidy[index][0] < tidy[index][1]:
            following = tidy[index]
        elif following is not None:
            tidy[index] = following
    return tuple(tidy)


def decode_pieces(pieces: Sequence[str], spoken: frozenset[str]) -> tuple[str, Offsets]:
    """The text of `pieces`, white space stripped, and the offset of each.

    Bytes spell characters; control tokens, those not in `spoken`, are silent.
    """
    joined = "".join(pieces)
    if "<" not in joined and "_" not in joined:
        raw = joined.replace(SPACE, " ")
        text = raw.strip(" ")
        return text, running_offsets(pieces, len(raw) - len(raw.lstrip(" ")), len(text))
    raw, offsets = "", []
    index = 0
    while index < len(pieces):
        end = index + 1
        if _BYTE.fullmatch(pieces[index]):
            while end < len(pieces) and _BYTE.fullmatch(pieces[end]):
                end += 1
            data = bytes(int(piece[3:5], 16) for piece in pieces[index:end])
            surface, ranges = _decode_bytes(data)
            offsets += [(start + len(raw), stop + len(raw)) for start, stop in ranges]
        else:
            surface = _surface(pieces[index], spoken)
            lead = len(surface) - len(surface.lstrip(" "))
            offsets.append((len(raw) + lead, len(raw) + len(surface)))
        raw += surface
        index = end
    text = raw.strip(" ")
    skipped, size = len(raw) - len(raw.lstrip(" ")), len(text)
    return text, tuple(
        (min(max(start - skipped, 0), size), min(max(stop - skipped, 0), size))
        for start, stop in offsets
    )


def _surface(piece: str, spoken: frozenset[str]) -> str:
    if CONTROL_PIECE.fullmatch(piece) and piece not in spoken:
        return ""
    return piece.replace(SPACE, " ")


def _decode_bytes(data: bytes) -> tuple[str, list[tuple[int, int]]]:
    """The characters that `data` spells and, for each byte, the range of its character.

    A byte that is no part of UTF-8 is a character of its own, U+FFFD.
    """
    text = ""
    offsets: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        char, width = "\ufffd", 1
        for size in range(1, min(4, len(data) - at) + 1):
            try:
                char, width = data[at : at + size].decode(), size
                break
            except UnicodeDecodeError:
                continue
        offsets += [(len(text), len(text) + 1)] * width
        text += char
        at += width
    return text, offsets


def _spoken(processor: sentencepiece.SentencePieceProcessor) -> frozenset[str]:
    """Pieces that stand for text, though they may look like control tokens."""
    return frozenset(
        piece
        for i in range(len(processor))
        if CONTROL_PIECE.fullmatch(piece := processor.id_to_piece(i))
        and not processor.is_control(i)
        and not processor.is_unknown(i)
        and not processor.is_unused(i)
    )


def read_vocabulary(folder: Path) -> list[str]:
    """The source vocabulary of a CTranslate2 folder; raises `UserError` where there is none."""
    for name in ("shared_vocabulary", "source_vocabulary"):
        path = folder / f"{name}.json"
        if path.is_file():
            try:
                tokens = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise UserError(f"not a vocabulary: {error}", file=path) from error
            return [str(token) for token in tokens]
        path = folder / f"{name}.txt"
        if path.is_file():
            return path.read_text(encoding="utf-8").split("\n")
    raise UserError("no vocabulary: not a CTranslate2 model folder", file=folder)
