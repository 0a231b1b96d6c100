"""Pieces by SentencePiece and their offsets: properties that hold for any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpora.errors import UserError
from tests.helpers.offset_checks import HARD_TEXTS, check_offsets
from tests.helpers.tiny_translators import train_sentencepiece
from translators.pieces.sentencepiece_codec import SentencePieceCodec

TEXT = st.text(alphabet=st.characters(), max_size=40) | st.text(
    alphabet="aAmn .,<>/s_▁ 2de\u0301😀ß\t", max_size=40
)


@pytest.fixture(scope="module")
def codecs(tmp_path_factory: pytest.TempPathFactory) -> list[SentencePieceCodec]:
    """With byte fallback and identity as ours; with NFKC and unknown pieces as OPUS-MT's."""
    folder = tmp_path_factory.mktemp("spm")
    ours = train_sentencepiece(
        folder / "ours.model", symbols=[">>de<<", ">>en<<", "⟦"], vocabulary=420,
        byte_fallback=True, normalization_rule_name="identity",
    )  # fmt: skip
    opus = train_sentencepiece(folder / "opus.model", normalization_rule_name="nmt_nfkc")
    return [SentencePieceCodec(path, path, "<unk>", 1) for path in (ours, opus)]


@settings(max_examples=150, deadline=None)
@given(text=TEXT)
@example(text=" ".join(HARD_TEXTS[:-1]))
def test_source_offsets(codecs: list[SentencePieceCodec], text: str) -> None:
    for codec in codecs:
        (pieces,) = codec.encode([text])
        (offsets,) = codec.offsets([text], [pieces])
        assert len(pieces) == len(offsets)
        check_offsets(text, offsets)


@settings(max_examples=150, deadline=None)
@given(text=TEXT)
def test_decoding_gives_the_text_and_offsets_in_it(
    codecs: list[SentencePieceCodec], text: str
) -> None:
    ours = codecs[0]
    (pieces,) = ours.encode([text])
    decoded, offsets = ours.decode(pieces)
    # SentencePiece folds runs of spaces, reads ▁ as a space, and has no NUL or lone surrogates.
    spaced = text.replace("\0", " ").replace("▁", " ").encode("utf-8", "replace").decode()
    assert decoded.split() == spaced.split()
    assert decoded == ours.decode_text(pieces)
    assert len(offsets) == len(pieces)
    check_offsets(decoded, offsets)


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_no_text_becomes_a_control_token(codecs: list[SentencePieceCodec], text: str) -> None:
    for codec in codecs:
        (pieces,) = codec.encode([text])
        assert not {">>de<<", ">>en<<", "</s>", "<s>", "<pad>", "__de__", "<2de>"} & set(pieces)


def test_bytes_of_a_character_share_its_range(codecs: list[SentencePieceCodec]) -> None:
    (pieces,) = codecs[0].encode(["a 😀!"])
    (offsets,) = codecs[0].offsets(["a 😀!"], [pieces])
    assert [o for p, o in zip(pieces, offsets, strict=True) if p.startswith("<0x")][:4] == [
        (2, 3)
    ] * 4
    text, decoded = codecs[0].decode(pieces)
    assert text == "a 😀!"
    assert decoded == offsets


def test_broken_bytes_and_control_tokens_of_the_model(codecs: list[SentencePieceCodec]) -> None:
    text, offsets = codecs[0].decode(["▁A", "<0xF0>", "<0x9F>", "</s>", "▁man"])
    assert text.startswith("A") and text.endswith(" man")
    assert len(offsets) == 5
    assert text[slice(*offsets[4])] == "man"


def test_normalised_text_has_offsets_of_the_original(codecs: list[SentencePieceCodec]) -> None:
    text = "ﬁne  Å"
    (pieces,) = codecs[1].encode([text])
    (offsets,) = codecs[1].offsets([text], [pieces])
    assert offsets[0][0] == 0
    assert max(stop for _, stop in offsets) == len(text)


def test_missing_or_broken_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks its tokenizer"):
        SentencePieceCodec(tmp_path / "no.spm", tmp_path / "no.spm", "<unk>", 1)
    (tmp_path / "bad.spm").write_bytes(b"not a model")
    with pytest.raises(UserError, match="not a SentencePiece model"):
        SentencePieceCodec(tmp_path / "bad.spm", tmp_path / "bad.spm", "<unk>", 1)
