"""Telling apart model families that have one and the same vocabulary.

SMaLL-100 has M2M-100's vocabulary and mBART-25 writes languages as mBART-50 does, but each expects
the language tokens elsewhere: taken for the other, a model writes the wrong language.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from translators.ct2_weights import count_layers
from translators.families import FAMILIES, Family


def variant_of_folder(folder: Path, family: Family, called: str | Path) -> Family:
    """The variant of `family` that the CTranslate2 model in `folder` is.

    `called` is the model's name in errors. Raises `UserError` where nothing tells.
    """
    if family.name == "mbart50":
        start = _read_json(folder / "config.json").get("decoder_start_token", "</s>")
        return FAMILIES["mbart25"] if start in (None, "") else family
    if family.name == "m2m100":
        return _by_depth(family, called, *count_layers(folder / "model.bin"))
    return family


def variant_of_transformers(folder: Path, family: Family, called: str | Path) -> Family:
    """The variant of `family` that the `transformers` model in `folder` is.

    `called` is the model's name in errors. Raises `UserError` where nothing tells.
    """
    config = _read_json(folder / "config.json")
    if family.name == "mbart50":
        tokenizer = _tokenizer_class(folder)
        if tokenizer == "MBart50Tokenizer":
            return family
        starts_with_language = config.get("decoder_start_token_id", 2) != 2
        if tokenizer == "MBartTokenizer" or (tokenizer is None and starts_with_language):
            return FAMILIES["mbart25"]
        raise UserError(
            "mBART-25 and mBART-50 put language tokens elsewhere, and no tokenizer_class says "
            f"which this is: give it with `labelferry models add {called} --family ...`",
            file=folder / "tokenizer_config.json",
            choices=("mbart25", "mbart50"),
        )
    if family.name == "m2m100":
        if names_small100(folder):
            return FAMILIES["small100"]
        layers = (config.get("encoder_layers"), config.get("decoder_layers"))
        return _by_depth(family, called, *layers)
    return family


def names_small100(folder: Path) -> bool:
    """Whether the tokenizer in the `transformers` `folder` is that of SMaLL-100, which
    `transformers` does not have."""
    names = (_tokenizer_class(folder), str(_read_json(folder / "config.json").get("_name_or_path")))
    return (folder / "tokenization_small100.py").is_file() or any(
        "small100" in str(name).lower().replace("-", "") for name in names
    )


def _by_depth(family: Family, called: str | Path, encoder: object, decoder: object) -> Family:
    if encoder == decoder:
        return family
    raise UserError(
        f"M2M-100 or SMaLL-100? They have one vocabulary but put language tokens elsewhere, and "
        f"with {encoder} encoder layers and {decoder} decoder layers it may be either: say which "
        f"with `labelferry models add {called} --family ...`",
        file=called,
        choices=("m2m100", "small100"),
    )


def _tokenizer_class(folder: Path) -> str | None:
    """The name of the tokenizer's class, without the `Fast` of its quick twin."""
    for file in ("tokenizer_config.json", "config.json"):
        name = _read_json(folder / file).get("tokenizer_class")
        if isinstance(name, str):
            return name.removesuffix("Fast")
    return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
