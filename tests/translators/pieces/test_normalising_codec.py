"""Pieces of normalised texts, with offsets into the original."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from tests.helpers.odd_texts import LATIN, ODD_TEXTS
from tests.helpers.offset_checks import HARD_TEXTS, check_offsets
from tests.helpers.tiny_translators import train_sentencepiece
from translators.pieces.normaliser import TextNormaliser
from translators.pieces.normalising_codec import NormalisingCodec
from translators.pieces.sentencepiece_codec import SentencePieceCodec


@pytest.fixture(scope="module")
def codecs(tmp_path_factory: pytest.TempPathFactory) -> list[NormalisingCodec]:
    """Over a tokenizer without rules of its own, and over one with NFKC."""
    folder = tmp_path_factory.mktemp("spm")
    paths = [
        train_sentencepiece(
            folder / f"{rules}.model",
            vocabulary=400,
            byte_fallback=True,
            normalization_rule_name=rules,
        )
        for rules in ("identity", "nmt_nfkc")
    ]
    inner = [SentencePieceCodec(path, path, "<unk>", 1) for path in paths]
    assert [codec.normalises for codec in inner] == [False, True]
    return [NormalisingCodec(codec, TextNormaliser(lambda: LATIN)) for codec in inner]


@settings(max_examples=200, deadline=None)
@given(text=ODD_TEXTS)
@example(text=" ".join(HARD_TEXTS[:-1]))
@example(text=" \u0300\u0316")  # marks that are put in order, after a space
@example(text="\r\u0300\u094d\u200c0")
@example(text="\u0860\u200c\ufb00")  # a ligature whose halves are in two pieces
def test_offsets_fit_the_original(codecs: list[NormalisingCodec], text: str) -> None:
    for codec in codecs:
        (pieces,) = codec.encode([text])
        (offsets,) = codec.offsets([text], [pieces])
        assert len(offsets) == len(pieces)
        check_offsets(text, offsets)
        assert codec.encode_target([text]) == [pieces]
        assert codec.offsets_target([text], [pieces]) == [offsets]


def test_the_surface_does_not_change_the_pieces(codecs: list[NormalisingCodec]) -> None:
    texts = ["A man in Mu\u0308nchen", "A\u00a0man in\tMünchen", "\ufeffA m\u00adan in München"]
    for codec in codecs:
        (expected,) = codec.encode(["A man in München"])
        for text, pieces in zip(texts, codec.encode(texts), strict=True):
            assert pieces == expected
            (offsets,) = codec.offsets([text], [pieces])
            words = "".join(text[start:end] for start, end in dict.fromkeys(offsets))
            assert words.replace("\u00ad", "") == text[text.index("A") :].replace(
                " ", "").replace("\u00a0", "").replace("\t", "").replace("\u00ad", "")  # fmt: skip


def test_plain_and_other_texts_together(codecs: list[NormalisingCodec]) -> None:
    texts = ["A man", "A\u00adman ﬁsh", "two dogs"]
    for codec in codecs:
        pieces = codec.encode(texts)
        together = codec.offsets(texts, pieces)
        assert together == [codec.offsets([t], [p])[0] for t, p in zip(texts, pieces, strict=True)]
