"""A model's tokenizer that reads normalised texts and gives offsets into the original ones."""

from __future__ import annotations

from collections.abc import Callable

from corpora.text.normalisation import is_plain
from translators.pieces.codec import Offsets, PieceCodec
from translators.pieces.normaliser import NormalisedText, TextNormaliser, united
from translators.pieces.offsets import skip_space


class NormalisingCodec:
    """The `PieceCodec` `inner`, with what the `normaliser` makes of every text as its input."""

    def __init__(self, inner: PieceCodec, normaliser: TextNormaliser) -> None:
        self._inner = inner
        self._normaliser = normaliser
        self.decode = inner.decode
        self.decode_text = inner.decode_text
        self.prefix = inner.prefix

    def encode(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of `texts`; see `PieceCodec`."""
        return self._inner.encode(self._normalised(texts))

    def encode_target(self, texts: list[str]) -> list[list[str]]:
        """The pieces of each of the target `texts`; see `PieceCodec`."""
        return self._inner.encode_target(self._normalised(texts))

    def offsets(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into `texts` of their `pieces`; see `PieceCodec`."""
        return self._offsets(self._inner.offsets, texts, pieces)

    def offsets_target(self, texts: list[str], pieces: list[list[str]]) -> list[Offsets]:
        """Offsets into target `texts` of their `pieces`; see `PieceCodec`."""
        return self._offsets(self._inner.offsets_target, texts, pieces)

    def _normalised(self, texts: list[str]) -> list[str]:
        return [text if is_plain(text) else self._normaliser.normalise(text) for text in texts]

    def _offsets(
        self,
        inner: Callable[[list[str], list[list[str]]], list[Offsets]],
        texts: list[str],
        pieces: list[list[str]],
    ) -> list[Offsets]:
        traced: dict[int, NormalisedText] = {
            index: self._normaliser.trace(text)
            for index, text in enumerate(texts)
            if not is_plain(text)
        }
        if not traced:
            return inner(texts, pieces)
        read = [traced[i].text if i in traced else text for i, text in enumerate(texts)]
        offsets = inner(read, pieces)
        for index, text in traced.items():
            # Two pieces may have a half each of one ligature, and a mark may follow a space.
            ranges = text.original(offsets[index])
            spaceless = [(skip_space(texts[index], start, end), end) for start, end in ranges]
            offsets[index] = tuple(united(spaceless))
        return offsets
