"""Joint subwords: what the training core and projection rely on."""

import random
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import UserError
from translators.subwords import (
    MARKERS,
    SubwordConfig,
    language_tag,
    take_subwords,
    train_subwords,
)

CONFIG = SubwordConfig(vocabulary=400, sentences=500)


def texts() -> list[str]:
    rng = random.Random(0)
    syllables = ["ka", "lo", "mi", "ru", "te", "bo", "ne", "shu", "Pa", "Zi"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(150)]
    return [" ".join(rng.choices(words, k=6)) + "." for _ in range(600)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("subwords") / "subwords.model"
    return train_subwords(texts(), ("en", "de"), path, CONFIG)


@pytest.fixture(scope="module")
def processor(model: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(model))


def test_the_vocabulary_has_the_configured_size_and_ids(
    processor: sentencepiece.SentencePieceProcessor,
) -> None:
    assert processor.get_piece_size() == CONFIG.vocabulary
    assert processor.eos_id() == 0 and processor.unk_id() == 1
    assert processor.bos_id() == processor.pad_id() == -1


def test_tags_and_markers_are_single_pieces(
    processor: sentencepiece.SentencePieceProcessor,
) -> None:
    for symbol in (language_tag("en"), language_tag("de"), *(m for pair in MARKERS for m in pair)):
        assert processor.id_to_piece(processor.piece_to_id(symbol)) == symbol
        inside = processor.encode(f"kalo {symbol} mi{symbol}ru", out_type=str)
        assert inside.count(symbol) == 2


def test_markers_are_left_out_when_not_wanted(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"markers": False})
    path = train_subwords(texts(), ("en",), tmp_path / "m", config)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    assert processor.piece_to_id(MARKERS[0][0]) == processor.unk_id()


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20))
def test_no_text_is_unknown_or_changed(
    processor: sentencepiece.SentencePieceProcessor, text: str
) -> None:
    # U+2581 is SentencePiece's own sign for a space.
    text = text.replace("\u2581", "_")
    ids = processor.encode(text)
    assert processor.unk_id() not in ids
    assert processor.decode(ids) == text


def test_the_same_texts_give_the_same_bytes(model: Path, tmp_path: Path) -> None:
    again = train_subwords(iter(texts()), ("en", "de"), tmp_path / "again", CONFIG)
    assert again.read_bytes() == model.read_bytes()


def test_a_vocabulary_that_the_text_does_not_support(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with pytest.raises(UserError, match=r"vocabulary of 8000 .* at most \d+ pieces") as error:
        train_subwords(texts(), ("en", "de"), path, SubwordConfig(vocabulary=8000))
    assert not list(tmp_path.iterdir())
    largest = int(str(error.value).split("at most ")[1].split()[0])
    train_subwords(texts(), ("en", "de"), path, SubwordConfig(vocabulary=largest))
    assert path.is_file()


def test_a_vocabulary_too_small_for_the_characters(tmp_path: Path) -> None:
    letters = [chr(0x4E00 + i) for i in range(2000)]
    with pytest.raises(UserError, match=r"too small .* at least \d+ pieces"):
        train_subwords(letters, ("zh",), tmp_path / "m", SubwordConfig(vocabulary=300))


def test_pieces_taken_from_another_model(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "taken"
    take_subwords(model, ("de", "en"), path, CONFIG)
    assert path.read_bytes() == model.read_bytes()
    for languages, problem in (
        (("en", "fr"), "its pieces are without >>fr<<"),
        ((), "its pieces have >>en<< >>de<<"),
    ):
        with pytest.raises(UserError, match=problem):
            take_subwords(model, languages, tmp_path / "other", CONFIG)
    assert not (tmp_path / "other").exists()


def test_no_text_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no text"):
        train_subwords([], ("en", "de"), tmp_path / "m", CONFIG)
