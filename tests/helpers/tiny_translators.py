"""Tiny models of every family, made on the spot with `transformers` and random weights."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import sentencepiece

from translators.hardware import Hardware

TEXTS = [
    "A man is walking his dog in the park.",
    "what is the weather like in menlo park tomorrow",
    "Set an alarm for 7:30 on Monday, please!",
    "Two women play chess; one of them laughs.",
    "The café on the corner sells 3 kinds of crêpes.",
    "remind me to call mom at noon",
    "Ein Mann geht mit seinem Hund durch den Park.",
    "Wie wird das Wetter morgen in Zürich?",
    "Stelle einen Wecker für Montag um 7:30 Uhr.",
    "Zwei Frauen spielen Schach, und eine lacht.",
]


def train_sentencepiece(
    path: Path, *, symbols: Sequence[str] = (), vocabulary: int = 150, **options: object
) -> Path:
    """A small SentencePiece model; ids as Marian's and T5's unless `options` say otherwise."""
    settings: dict[str, object] = {
        "model_type": "unigram",
        "vocab_size": vocabulary,
        "character_coverage": 1.0,
        "user_defined_symbols": list(symbols),
        "hard_vocab_limit": False,
        "num_threads": 1,
        "minloglevel": 2,
    }
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS * 3), model_writer=file, **(settings | options)
        )
    return path


def read_pieces(path: Path) -> list[str]:
    """All pieces of a SentencePiece model, by id."""
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [model.id_to_piece(i) for i in range(len(model))]


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def make_marian_model(folder: Path, *, tags: Sequence[str] = (), zero_pad: bool = True) -> Path:
    """A Marian model with a joint vocabulary, multi-target when there are `tags`."""
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    spm = train_sentencepiece(
        folder / "source.spm", eos_id=0, unk_id=1, bos_id=-1, byte_fallback=True, vocabulary=420
    )
    (folder / "target.spm").write_bytes(spm.read_bytes())
    vocabulary = [*read_pieces(spm), *tags, "<pad>"]
    _write(folder / "vocab.json", {piece: i for i, piece in enumerate(vocabulary)})
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de",
        "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
    })  # fmt: skip
    pad = len(vocabulary) - 1
    torch.manual_seed(1)
    model = MarianMTModel(MarianConfig(
        vocab_size=len(vocabulary), d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=128, pad_token_id=pad, eos_token_id=0,
        bos_token_id=None, forced_eos_token_id=0, decoder_start_token_id=pad, init_std=0.6,
        share_encoder_decoder_embeddings=True, tie_word_embeddings=True, scale_embedding=True,
    ))  # fmt: skip
    with torch.no_grad():
        # A fresh model of `transformers` 5 may have either; real ones of Marian have zero.
        row = model.model.shared.weight[pad]
        row.zero_() if zero_pad else row.copy_(torch.randn(32))
    model.save_pretrained(folder)
    return folder


def make_nllb_model(folder: Path) -> Path:
    """An NLLB model."""
    folder.mkdir(parents=True)
    train_sentencepiece(folder / "sentencepiece.bpe.model", model_type="bpe",
              normalization_rule_name="nmt_nfkc")  # fmt: skip
    languages = ["eng_Latn", "deu_Latn", "zho_Hans", "srp_Cyrl"]
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "NllbTokenizer", "additional_special_tokens": languages,
    })  # fmt: skip
    return _save_m2m100(folder, madeup=0)


def make_m2m100_model(folder: Path) -> Path:
    """An M2M-100 model, of the architecture that NLLB has too."""
    folder.mkdir(parents=True)
    spm = train_sentencepiece(
        folder / "sentencepiece.bpe.model", normalization_rule_name="nmt_nfkc"
    )
    pieces = [piece for piece in read_pieces(spm) if piece not in ("<unk>", "<s>", "</s>")]
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    _write(folder / "vocab.json", {piece: i for i, piece in enumerate(vocabulary)})
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "M2M100Tokenizer", "language_codes": "m2m100", "num_madeup_words": 8,
    })  # fmt: skip
    return _save_m2m100(folder, madeup=100 + 8)  # languages, and words that fairseq made up


def _save_m2m100(folder: Path, *, madeup: int) -> Path:
    import torch
    from transformers import AutoTokenizer, M2M100Config, M2M100ForConditionalGeneration

    _write(folder / "config.json", {"model_type": "m2m_100"})
    size = len(AutoTokenizer.from_pretrained(folder)) + madeup
    torch.manual_seed(2)
    M2M100ForConditionalGeneration(M2M100Config(
        vocab_size=size, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=128, init_std=0.6, pad_token_id=1,
        eos_token_id=2, bos_token_id=0, decoder_start_token_id=2,
    )).save_pretrained(folder)  # fmt: skip
    return folder


def make_mbart50_model(folder: Path) -> Path:
    """An mBART-50 model."""
    import torch
    from transformers import AutoTokenizer, MBartConfig, MBartForConditionalGeneration

    folder.mkdir(parents=True)
    train_sentencepiece(folder / "sentencepiece.bpe.model")
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "MBart50Tokenizer"})
    _write(folder / "config.json", {"model_type": "mbart"})
    size = len(AutoTokenizer.from_pretrained(folder))
    torch.manual_seed(3)
    MBartForConditionalGeneration(MBartConfig(
        vocab_size=size, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=128, init_std=0.6, pad_token_id=1,
        eos_token_id=2, bos_token_id=0, decoder_start_token_id=2, scale_embedding=True,
        tokenizer_class="MBart50Tokenizer",
    )).save_pretrained(folder)  # fmt: skip
    return folder


def make_t5_model(folder: Path, *, prompts: bool = False) -> Path:
    """A T5 model: MADLAD-400 with <2xx> tokens, or a plain one with `prompts`."""
    import torch
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    folder.mkdir(parents=True)
    symbols = () if prompts else ("<2en>", "<2de>", "<2zh>")
    train_sentencepiece(
        folder / "spiece.model", symbols=symbols, pad_id=0, eos_id=1, unk_id=2, bos_id=-1
    )
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "extra_ids": 0})
    _write(folder / "config.json", {"model_type": "t5"})
    size = len(AutoTokenizer.from_pretrained(folder))
    tasks = {
        "translation_en_to_de": {"prefix": "translate English to German: "},
        "translation_en_to_fr": {"prefix": "translate English to French: "},
    }
    torch.manual_seed(4)
    T5ForConditionalGeneration(T5Config(
        vocab_size=size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", tie_word_embeddings=prompts, initializer_factor=3.0,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        task_specific_params=tasks if prompts else None,
    )).save_pretrained(folder)  # fmt: skip
    return folder


def copy_with_languages(folder: Path, model: Path, source: str, target: str) -> Path:
    """A copy of the `transformers` folder `model` whose tokenizer names other languages."""
    shutil.copytree(model, folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text()) | {"source_lang": source, "target_lang": target}
    path.write_text(json.dumps(config))
    return folder


def pack_argos(model: Path, path: Path, extra: dict[str, str] | None = None) -> Path:
    """Pack a CTranslate2 model as an Argos package, with `extra` files of text."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in ("model.bin", "config.json", "shared_vocabulary.json"):
            archive.write(model / file, f"translate-en_de/model/{file}")
        archive.write(model / "source.spm", "translate-en_de/sentencepiece.model")
        metadata = {"from_code": "en", "to_code": "de", "package_version": "1.9"}
        archive.writestr("translate-en_de/metadata.json", json.dumps(metadata))
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
    return path


CPU = Hardware(device="cpu", threads=(1, 1))

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "marian": make_marian_model,
    "marian-multi": lambda folder: make_marian_model(
        folder, tags=(">>deu<<", ">>eng<<", ">>fra<<")
    ),
    "marian-pad": lambda folder: make_marian_model(folder, zero_pad=False),
    "nllb": make_nllb_model,
    "m2m100": make_m2m100_model,
    "mbart50": make_mbart50_model,
    "madlad": make_t5_model,
    "t5": lambda folder: make_t5_model(folder, prompts=True),
}
