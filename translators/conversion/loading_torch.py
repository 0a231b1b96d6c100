"""Loading a `transformers` model: safetensors alone, none of its code run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer


def load_model(folder: Path) -> Any:
    """The model in `folder` as float32, from safetensors alone, none of its code run."""
    transformers.utils.logging.disable_progress_bar()
    return AutoModelForSeq2SeqLM.from_pretrained(
        str(folder), use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    ).eval()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in `folder`, none of its code run."""
    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
