"""Tokens that were added to a tokenizer for texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.helpers.offset_checks import check_offsets
from translators.pieces.tokenizer_json import TokenizersCodec


def test_added_tokens_and_what_follows_them(
    tmp_path: Path, hf_folder: Callable[[str], Path]
) -> None:
    """As `transformers` reads them; control tokens in a text stay text."""
    folder = hf_folder("nllb")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[NAME]"])
    tokenizer.save_pretrained(tmp_path / "added")
    codec = TokenizersCodec(tmp_path / "added" / "tokenizer.json")
    for text in ("on [NAME] at noon.", "[NAME] is here", "ends [NAME]"):
        (pieces,) = codec.encode([text])
        assert pieces == tokenizer.tokenize(text)
        check_offsets(text, codec.offsets([text], [pieces])[0])
        assert codec.decode(pieces)[0] == text
    (pieces,) = codec.encode(["eng_Latn </s> [NAME]"])
    assert not {"eng_Latn", "</s>"} & set(pieces) and pieces[-1] == "[NAME]"
