"""The card of a converted model, from its `transformers` folder."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from translators.conversion.convert import candidate_families, read_config
from translators.describing import ModelFacts, describe_folder
from translators.families import FAMILIES, Family, FamilyName, family_of_vocabulary
from translators.languages import language_of_code
from translators.model_card import ModelInfo
from translators.variants import variant_of_transformers
from translators.vocabulary import read_vocabulary


def describe_converted(
    folder: Path, out: Path, quantization: str, facts: ModelFacts, **card_fields: Any
) -> ModelInfo:
    """The card of the model in `out`, which `convert` made from `folder`; not yet written.

    `quantization` is the one it was converted with, `facts` what the user knows of the model;
    `card_fields` is passed to `describe_folder`. Raises `UserError`.
    """
    config = read_config(folder)
    families = candidate_families(folder)
    if facts.family is None:
        facts = dataclasses.replace(facts, family=_family(folder, out, families, card_fields))
    if facts.family == "marian":
        facts = _with_languages(folder, FAMILIES["marian"].codes(read_vocabulary(out)), facts)
    positions = config.get("max_position_embeddings")
    longest = int(positions) - 4 if isinstance(positions, int) else 500
    fields: dict[str, Any] = {
        "quantization": quantization,
        "max_source_pieces": facts.max_source_pieces or max(8, min(longest, 500)),
    }
    prompts = _prompts(config) if facts.prompt is None else {}
    if prompts and facts.family == "t5":
        pairs = [tuple(pair.split(">")) for pair in prompts]
        fields |= {
            "prompts": prompts,
            "pairs": pairs,
            "sources": {s: s for s, _ in pairs},
            "targets": {t: t for _, t in pairs},
            "language_tokens": False,
        }
        source, target = pairs[0]
        facts = dataclasses.replace(facts, source=source, target=target, prompt="")
    return describe_folder(out, facts, **{**fields, **card_fields})


def _family(
    folder: Path, out: Path, families: list[Family], card_fields: Mapping[str, Any]
) -> FamilyName | None:
    """The one of `families` that the model in `folder` is, converted to `out`; None if unclear."""
    usual = [family for family in families if family.variant_of is None]
    if len(usual) > 1:
        by_vocabulary = family_of_vocabulary(read_vocabulary(out))
        usual = [] if by_vocabulary is None else [by_vocabulary[0]]
    if not usual:
        return None
    return variant_of_transformers(folder, usual[0], card_fields.get("called") or folder).name


def _with_languages(folder: Path, codes: Mapping[str, str], facts: ModelFacts) -> ModelFacts:
    """`facts` with the languages that a Marian tokenizer's configuration names, the user's first.

    A model that writes several languages (`codes`, by their tags) and reads one of them as well is
    taken to read all of them; one that reads another language reads that alone.
    """
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return facts
    if not isinstance(config, dict):
        return facts
    source, target = (
        language_of_code(code) if isinstance(code := config.get(key), str) else None
        for key in ("source_lang", "target_lang")
    )
    if source in codes:
        source = None
    if codes:
        target = None
    return dataclasses.replace(facts, source=facts.source or source, target=facts.target or target)


def _prompts(config: dict[str, Any]) -> dict[str, str]:
    """The prompts of a plain T5, from its `task_specific_params`, by `source>target`."""
    prompts = {}
    tasks = config.get("task_specific_params")
    for task, params in tasks.items() if isinstance(tasks, dict) else ():
        pair = re.fullmatch(r"translation_([a-z]{2,3})_to_([a-z]{2,3})", task)
        if pair and isinstance(params, dict) and isinstance(params.get("prefix"), str):
            prompts[f"{pair[1]}>{pair[2]}"] = params["prefix"].strip()
    return prompts
