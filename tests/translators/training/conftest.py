"""A data set of reversed words, its subwords, and a configuration that trains in seconds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import sentencepiece

from tests.helpers.reversed_words import make_pairs, split_words
from translators.training.config import ModelShape, OptimizerConfig, TrainingConfig
from translators.training.data import TrainingData


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """Reversed words with their alignment, and subwords of them."""
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
    """A configuration of a tiny model that trains 24 steps."""
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


@pytest.fixture(scope="session")
def processor(toy_data: TrainingData) -> sentencepiece.SentencePieceProcessor:
    """The subwords of `toy_data`."""
    return sentencepiece.SentencePieceProcessor(model_file=str(toy_data.subwords))
