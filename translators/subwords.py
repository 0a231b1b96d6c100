"""A joint SentencePiece model for training a translator from nothing.

Training and projection rely on these properties:

- no text is unknown: characters outside its vocabulary are spelt in bytes;
- the language tags (`>>de<<`) and the projection markers are single pieces, and so is each byte;
- `<unk>` and `</s>` are in it; `<pad>` is not, the training core adds it as the last id;
- texts are taken as they are (`identity` normalisation): cleaning makes them NFC first.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from corpora.errors import UserError
from corpora.storage import replacing

if TYPE_CHECKING:
    import sentencepiece

MARKERS: tuple[tuple[str, str], ...] = (("⟦", "⟧"), ("⟨", "⟩"), ("⦃", "⦄"), ("⦅", "⦆"))
"""Opening and closing projection markers, one pair per span (EasyProject, Chen et al., 2023).

Single code points that no text uses, each pair its own, so that several spans are distinguished and
every way of cutting words takes a marker as one word. A model that was trained with them lists them
in its `labelferry.json`, in this order.
"""

_THREADS = 4
"""A constant, since the number of threads changes the rounding and so the vocabulary."""


class SubwordConfig(BaseModel):
    """How to cut words into pieces."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True
    )

    vocabulary: int = Field(8000, ge=300, le=1_000_000)
    """Number of pieces, the 256 bytes, tags and markers among them."""
    character_coverage: float = Field(0.9995, gt=0.9, le=1.0)
    """Share of the text's characters that are pieces; the rest is spelt in bytes."""
    lowercase_share: float = Field(0.1, ge=0.0, le=1.0)
    """Share of the sentences that are also given in lower case, as queries are typed."""
    sentences: int = Field(1_000_000, ge=1, le=100_000_000)
    """At most so many sentences are used, drawn evenly."""
    markers: bool = True
    """Whether the projection markers are pieces."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the sentences that are drawn."""


def language_tag(language: str) -> str:
    """The piece that opens a source text and names the `language` to translate into."""
    return f">>{language}<<"


def train_subwords(
    texts: Iterable[str], languages: Iterable[str], path: Path, config: SubwordConfig
) -> Path:
    """Train a joint unigram model on `texts` of both languages, as `config` says, and write it to
    `path`.

    It has a tag for each of `languages`. The same texts and configuration give the same model, byte
    for byte. Raises `UserError` when `texts` is empty or does not support the size of the
    vocabulary, naming the size it does.
    """
    import sentencepiece  # here, because help pages read `SubwordConfig` and train nothing

    symbols = _symbols(languages, config)
    sample = _sample(texts, config)
    if not sample:
        raise UserError("no text to make subwords from")
    with replacing(path) as temporary:
        try:
            with temporary.open("wb") as file:
                sentencepiece.SentencePieceTrainer.train(
                    sentence_iterator=_with_lower_case(sample, config),
                    model_writer=file,
                    model_type="unigram",
                    vocab_size=config.vocabulary,
                    character_coverage=config.character_coverage,
                    byte_fallback=True,
                    user_defined_symbols=symbols,
                    normalization_rule_name="identity",
                    eos_id=0,
                    unk_id=1,
                    bos_id=-1,
                    pad_id=-1,
                    num_threads=_THREADS,
                    max_sentence_length=1 << 20,
                    minloglevel=2,
                )
        except RuntimeError as error:
            raise _explain(error, config.vocabulary) from error
    return path


def take_subwords(model: Path, languages: Iterable[str], path: Path, config: SubwordConfig) -> None:
    """Copy the SentencePiece file `model` to `path`, in place of training one.

    Raises `UserError` for a file that is not one, that lacks a tag of `languages` or the markers of
    `config`, or that has tags where there are no `languages`.
    """
    import sentencepiece

    try:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    except RuntimeError as error:
        raise UserError("no SentencePiece model", file=model) from error
    tagged = tuple(languages)
    if not tagged and (tags := [p for p in _pieces(processor) if _TAG.fullmatch(p)]):
        raise UserError(
            f"its pieces have {' '.join(tags)}: a model that continues from it has both "
            "directions (--bidirectional)",
            file=model,
        )
    missing = [s for s in _symbols(tagged, config) if processor.id_to_piece(processor[s]) != s]
    if missing:
        raise UserError(f"its pieces are without {' '.join(missing)}", file=model)
    with replacing(path) as temporary:
        shutil.copyfile(model, temporary)


_TAG = re.compile(r">>[A-Za-z0-9-]+<<")


def _pieces(processor: sentencepiece.SentencePieceProcessor) -> list[str]:
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def _symbols(languages: Iterable[str], config: SubwordConfig) -> list[str]:
    """The pieces that never come from the characters of a text."""
    symbols = [language_tag(language) for language in languages]
    if config.markers:
        symbols += [marker for pair in MARKERS for marker in pair]
    return symbols


def _sample(texts: Iterable[str], config: SubwordConfig) -> list[str]:
    """At most `config.sentences` texts, drawn evenly (Vitter's algorithm R), in file order."""
    rng = random.Random(config.seed)
    kept: list[tuple[int, str]] = []
    for number, text in enumerate(texts):
        if len(kept) < config.sentences:
            kept.append((number, text))
        elif (at := rng.randrange(number + 1)) < config.sentences:
            kept[at] = (number, text)
    return [text for _, text in sorted(kept)]


def _with_lower_case(texts: list[str], config: SubwordConfig) -> Iterator[str]:
    rng = random.Random(config.seed)
    for text in texts:
        yield text
        if rng.random() < config.lowercase_share:
            yield text.lower()


_TOO_HIGH = re.compile(r"value <= (\d+)")
_TOO_LOW = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")


def _explain(error: RuntimeError, size: int) -> Exception:
    message = str(error)
    if match := _TOO_HIGH.search(message):
        return UserError(
            f"a vocabulary of {size} is more than the text supports: at most {match[1]} pieces"
        )
    if match := _TOO_LOW.search(message):
        return UserError(
            f"a vocabulary of {size} is too small for the characters of the text: "
            f"at least {match[1]} pieces"
        )
    return error
