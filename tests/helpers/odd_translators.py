"""Tiny models whose conventions differ from those of their family, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.helpers.tiny_translators import (
    FAMILIES,
    make_m2m100_model,
    make_marian_model,
    make_mbart50_model,
    make_t5_model,
    read_pieces,
)


def edit_json(path: Path, **changes: object) -> None:
    """Write `changes` into the JSON object at `path`; None takes a key away."""
    data = json.loads(path.read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in data.items() if value is not None}
    path.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def load(folder: Path) -> Any:
    """The model in `folder`, to be changed and saved again."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    torch.manual_seed(5)
    return AutoModelForSeq2SeqLM.from_pretrained(folder)


def make_mbart25_model(folder: Path) -> Path:
    """mBART-25: its tokenizer has 25 languages and puts the source's last."""
    make_mbart50_model(folder)
    for name in ("config.json", "tokenizer_config.json"):
        edit_json(folder / name, tokenizer_class="MBartTokenizer")
    return folder


def make_small100_model(folder: Path) -> Path:
    """SMaLL-100: M2M-100's vocabulary, fewer decoder layers, a tokenizer `transformers` lacks."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    make_m2m100_model(folder)
    config = M2M100Config.from_pretrained(folder)
    config.decoder_layers = 1
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    edit_json(folder / "tokenizer_config.json", tokenizer_class="SMALL100Tokenizer")
    return folder


def make_wmt21_model(folder: Path) -> Path:
    """A WMT21 model: M2M-100 with other languages."""
    make_m2m100_model(folder)
    edit_json(folder / "tokenizer_config.json", language_codes="wmt21")
    return folder


def make_separate_model(folder: Path, *, larger: int = 3) -> Path:
    """Marian with a vocabulary of its own for the target, `larger` than the source's."""
    import torch
    from transformers import MarianConfig, MarianMTModel

    make_marian_model(folder)
    pieces = read_pieces(folder / "source.spm")
    target = {piece: i for i, piece in enumerate(reversed(pieces))} | {
        f"▁mehr{i}": len(pieces) + i for i in range(larger)
    }
    target |= {"<pad>": len(target)}
    # Both vocabularies have <pad> and </s> at the same numbers, as one configuration has them.
    ends = {target["</s>"]: 0, 0: target["</s>"]}
    target = {piece: ends.get(i, i) for piece, i in target.items()}
    source = {piece: i for i, piece in enumerate(pieces)}
    source |= {f"▁more{i}": len(pieces) + i for i in range(larger)} | {"<pad>": target["<pad>"]}
    (folder / "vocab.json").write_text(json.dumps(source), encoding="utf-8")
    (folder / "target_vocab.json").write_text(json.dumps(target), encoding="utf-8")
    edit_json(folder / "tokenizer_config.json", separate_vocabs=True)
    config = MarianConfig.from_pretrained(folder)
    config.vocab_size = config.decoder_vocab_size = len(target)
    config.pad_token_id = config.decoder_start_token_id = target["<pad>"]
    config.share_encoder_decoder_embeddings = False
    torch.manual_seed(6)
    MarianMTModel(config).save_pretrained(folder)
    return folder


def make_resized_model(folder: Path, family: str = "marian") -> Path:
    """A model with tokens added after the last, and rows up to a multiple of 64."""
    import torch
    from transformers import AutoTokenizer

    FAMILIES[family](folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[NAME]", "[PLACE]"])
    model = load(folder)
    rows = max(len(tokenizer), model.get_input_embeddings().weight.shape[0])
    model.resize_token_embeddings(rows + 2, pad_to_multiple_of=64, mean_resizing=False)
    bias = getattr(model, "final_logits_bias", None)
    if bias is not None:  # `transformers` does not pad it, and then cannot load it
        missing = model.get_input_embeddings().weight.shape[0] - bias.shape[1]
        model.final_logits_bias = torch.nn.functional.pad(bias, (0, missing))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_promptless_t5_model(folder: Path) -> Path:
    """T5 fine-tuned for one pair, whose configuration names no prompt."""
    make_t5_model(folder, prompts=True)
    edit_json(folder / "config.json", task_specific_params=None)
    return folder


def make_mt5_model(folder: Path) -> Path:
    """mT5, fine-tuned for one pair; its output embeddings are its own."""
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration, T5Config

    make_t5_model(folder, prompts=True)
    size = T5Config.from_pretrained(folder).vocab_size
    torch.manual_seed(7)
    MT5ForConditionalGeneration(MT5Config(
        vocab_size=size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        initializer_factor=3.0, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        tie_word_embeddings=False,
    )).save_pretrained(folder)  # fmt: skip
    return folder


ODD_FAMILIES: dict[str, Callable[[Path], Path]] = {
    "mbart25": make_mbart25_model,
    "small100": make_small100_model,
    "wmt21": make_wmt21_model,
    "separate": make_separate_model,
    "marian-resized": make_resized_model,
    "nllb-resized": lambda folder: make_resized_model(folder, "nllb"),
    "mbart50-resized": lambda folder: make_resized_model(folder, "mbart50"),
    "madlad-resized": lambda folder: make_resized_model(folder, "madlad"),
    "t5-promptless": make_promptless_t5_model,
    "mt5": make_mt5_model,
}
