"""Loading a `transformers` model: safetensors alone, none of its code run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, M2M100Tokenizer

from translators.conversion.weights import check_loaded, check_safetensors
from translators.variants import names_small100


def load_model(folder: Path) -> Any:
    """The model in `folder` as float32, from safetensors alone, none of its code run.

    Raises `UserError` where the weights are not those of a whole model.
    """
    check_safetensors(folder)
    transformers.utils.logging.disable_progress_bar()
    verbosity = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()
    try:
        model, loading_info = AutoModelForSeq2SeqLM.from_pretrained(
            str(folder),
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    finally:
        transformers.utils.logging.set_verbosity(verbosity)
    check_loaded(folder, loading_info)
    return model.eval()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in `folder`, none of its code run."""
    if names_small100(folder):
        return M2M100Tokenizer.from_pretrained(str(folder), trust_remote_code=False)
    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
