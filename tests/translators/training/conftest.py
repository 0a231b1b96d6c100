"""A tiny language with a known rule: every word is translated by reversing its letters."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pyarrow as pa
import pytest
import sentencepiece

from translators.training.card import History
from translators.training.config import ModelShape, NoiseConfig, OptimizerConfig, TrainingConfig
from translators.training.data import TrainingData
from translators.training.examples import ExampleMaker
from translators.training.inventory import Inventory
from translators.training.words import SentencePair

WORDS = ["tom", "mary", "sees", "the", "house", "tree", "dog", "two", "Berlin", "Paris", "runs"]


def split_words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def make_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.randint(2, 7))]
        pairs.append((" ".join(words) + ".", " ".join(w[::-1] for w in words) + "."))
    return pairs


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    folder = tmp_path_factory.mktemp("toy")
    pairs = make_pairs(300)
    (folder / "text.txt").write_text("\n".join(t for p in pairs for t in p), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "spm"),
        vocab_size=360,
        byte_fallback=True,
        user_defined_symbols=[">>xx<<", ">>yy<<", "[", "]"],
        eos_id=0,
        unk_id=1,
        bos_id=-1,
        pad_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    links = [[k for i in range(len(split_words(s))) for k in (i, i)] for s, _ in pairs]
    table = pa.table(
        {
            "source": [s for s, _ in pairs],
            "target": [t for _, t in pairs],
            "links": pa.array(links, pa.list_(pa.int16())),
            "direction": ["both"] * len(pairs),
            "weight": [1.5] * len(pairs),
            "target_lang": ["yy"] * len(pairs),
        }
    )
    path = folder / "bitext.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return TrainingData(
        bitext=path,
        subwords=Path(f"{folder}/spm.model"),
        split_words=split_words,
        forward_tags={"yy": ">>yy<<"},
        backward_tag=">>xx<<",
        markers=(("[", "]"),),
    )


@pytest.fixture
def toy_config() -> TrainingConfig:
    return TrainingConfig(
        shape=ModelShape(
            d_model=32, encoder_layers=1, decoder_layers=1, heads=2, ffn=64, max_positions=64
        ),
        optimizer=OptimizerConfig(warmup_steps=5),
        batch_tokens=256,
        max_pieces=64,
        max_steps=24,
        checkpoint_every=6,
        validate_every=1000,
        average_checkpoints=2,
        pool_examples=128,
        guided_alignment_weight=0.2,
    )


OFF = NoiseConfig(lower=0, swap=0, copy_word=0, add=0, markers=0)


PAIR = SentencePair(
    "Tom sees Berlin in 1999.", "Tom sieht 1999 Berlin.", ((0, 0), (1, 1), (2, 3), (4, 2), (5, 4))
)


@pytest.fixture(scope="session")
def processor(toy_data: TrainingData) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(toy_data.subwords))


def example_maker(processor: sentencepiece.SentencePieceProcessor, **noise: float) -> ExampleMaker:
    config = OFF.model_copy(update=noise)
    inventory = Inventory(names=("Zagreb",), lower_words=frozenset({"tom"}))
    return ExampleMaker(processor, split_words, config, inventory, (("[", "]"),) * 3)


def texts_of(processor, example) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    return processor.decode(list(example.source[1:-1])), processor.decode(list(example.target[:-1]))


HISTORY = History(
    losses=[(1, 6.0), (100, 3.5), (200, 2.25)],
    validations=[
        {"step": 100, "seconds": 60.0, "chrf": 31.0, "a.en-de.chrf": 30.0, "a.de-en.chrf": 32.0},
        {"step": 200, "seconds": 120.0, "chrf": 41.0, "a.en-de.chrf": 40.0, "a.de-en.chrf": 42.0},
    ],
    steps=200,
    max_steps=400,
    seconds=125.0,
    target_tokens=1_500_000,
    stopped="interrupted",
)
