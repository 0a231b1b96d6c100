"""From a `transformers` folder to a CTranslate2 one.

Safetensors only: a pickle can run code, so neither pickled weights nor a model's own code is ever
loaded. Needs the `torch` extra; the converted model does not.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from corpora.choices import QUANTIZATIONS
from corpora.errors import MissingExtraError, UserError
from corpora.weights import read_json_object
from translators.describing import find_tokenizers
from translators.families import FAMILIES, Family
from translators.model_card import AlignmentHead


def require_torch(feature: str = "converting a model") -> None:
    """Raise `MissingExtraError` for the `feature` that needs it unless PyTorch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, "torch") from error


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json in `folder`; raises `UserError` if it is not a `transformers` folder."""
    path = folder / "config.json"
    if not path.is_file():
        raise UserError("not a `transformers` model: no config.json", file=folder)
    return read_json_object(path, "not a configuration")


def candidate_families(folder: Path) -> list[Family]:
    """The families that the architecture in the config.json of `folder` may be.

    Raises `UserError` where there is none.
    """
    names = read_config(folder).get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(
            f"architectures must be a list of names, not {str(names)[:80]!r}",
            file=folder / "config.json",
        )
    families = [f for f in FAMILIES.values() if set(f.architectures) & set(names)]
    if not families:
        supported = {name for family in FAMILIES.values() for name in family.architectures}
        raise UserError(
            f"architecture {', '.join(names) or 'not stated'} is not supported",
            file=folder / "config.json",
            choices=supported,
        )
    return families


def convert(
    folder: Path,
    out: Path,
    quantization: str = "int8",
    alignment: AlignmentHead | None = None,
) -> None:
    """Convert the `transformers` model in `folder` to a CTranslate2 model in the new folder `out`.

    The tokenizer's files are copied along. `quantization` is one of `QUANTIZATIONS`. `alignment`
    says which head CTranslate2 gives as the attention. A Marian model starts decoding from the
    embedding of `<pad>`, which is zero in OPUS-MT models and those we train; where it is not,
    `<pad>` is kept, so that CTranslate2 writes what `transformers` writes. Raises `UserError`,
    `MissingExtraError`.
    """
    require_torch()
    if quantization not in QUANTIZATIONS:
        raise UserError(f"unknown quantization {quantization!r}", choices=QUANTIZATIONS)
    family = candidate_families(folder)[0]
    tokenizers = find_tokenizers(folder, family)
    from translators.conversion.converter_torch import ModelConverter

    try:
        ModelConverter(folder, alignment).convert(
            str(out), quantization=None if quantization == "float32" else quantization, force=True
        )
    except UserError:
        raise
    except Exception as error:  # a damaged file raises anything
        problem = " ".join(str(error).split())[:400] or type(error).__name__
        raise UserError(f"cannot convert the model: {problem}", file=folder) from error
    for name in dict.fromkeys(tokenizers):
        shutil.copyfile(folder / name, out / name)
