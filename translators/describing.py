"""Describing a model folder that has no card, from its vocabulary and what the user knows of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpora.errors import UserError
from corpora.text.languages import normalise_tag
from translators.families import FAMILIES, Family, FamilyName, family_of_vocabulary
from translators.model_card import AlignmentHead, ModelCard, ModelInfo, content_hash, hash_files
from translators.vocabulary import read_vocabulary


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a user states about a model that its folder may not show; None is not stated."""

    name: str | None = None
    family: FamilyName | None = None
    source: str | None = None
    """BCP 47, for a model of one pair."""
    target: str | None = None
    alignment: AlignmentHead | None = None
    licence: str | None = None
    max_source_pieces: int | None = None


def describe_folder(
    path: Path,
    facts: ModelFacts | None = None,
    called: str | Path | None = None,
    **card_fields: Any,
) -> ModelInfo:
    """Describe the CTranslate2 folder `path`, which has no card, from its vocabulary and `facts`.

    `card_fields` are further fields of the card. `called` is the model's name in errors, as the
    user wrote it (None is the folder). Raises `UserError` naming the flag that is missing.
    """
    facts = facts or ModelFacts()
    called = called or path
    vocabulary = read_vocabulary(path)
    family, codes = _family_and_codes(called, vocabulary, facts)
    sources, targets, pairs, tokens = _languages(called, family, codes, facts)
    source_tokenizer, target_tokenizer = find_tokenizers(path, family, called)
    files = hash_files(path)
    fields: dict[str, Any] = {
        "name": facts.name or tidy_name(path.resolve().name),
        "family": family.name,
        "sources": sources,
        "targets": targets,
        "pairs": pairs,
        "language_tokens": tokens,
        "source_tokenizer": source_tokenizer,
        "target_tokenizer": target_tokenizer,
        "alignment": facts.alignment,
        "licence": facts.licence,
        "max_source_pieces": facts.max_source_pieces or family.max_source_pieces,
        "files": files,
    }
    try:
        card = ModelCard.model_validate({**fields, **card_fields})
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(f"the model cannot be described: {problem}", file=called) from error
    return ModelInfo(path.resolve(), card, content_hash(card))


def tidy_name(text: str) -> str:
    """A model's name made from `text`, a folder's name or a hub id."""
    text = text.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or "model"


def _family_and_codes(
    called: str | Path, vocabulary: list[str], facts: ModelFacts
) -> tuple[Family, dict[str, str]]:
    if facts.family is not None:
        family = FAMILIES[facts.family]
        return family, family.codes(vocabulary)
    family_and_codes = family_of_vocabulary(vocabulary)
    if family_and_codes is None:
        raise UserError(
            "the vocabulary does not show the model's family: give it with "
            f"`labelferry models add {called} --family ...`",
            file=called,
            choices=FAMILIES,
        )
    return family_and_codes


def _languages(
    called: str | Path, family: Family, codes: dict[str, str], facts: ModelFacts
) -> tuple[dict[str, str], dict[str, str], tuple[tuple[str, str], ...] | None, bool]:
    """Source and target languages, the pairs if limited, and whether there are tokens for them."""
    source = None if facts.source is None else normalise_tag(facts.source)
    target = None if facts.target is None else normalise_tag(facts.target)
    if codes:
        if family.opens_source == "source" or source is None:
            sources = dict(codes)
        else:
            sources = {source: source}
        return sources, dict(codes), None, True
    if not family.optional_token and family.token is not None:
        raise UserError(
            f"the vocabulary has no language tokens of the family {family.name!r}: is it another?",
            file=called,
            choices=FAMILIES,
        )
    if source is None or target is None:
        raise UserError(
            "the model does not say its languages: give them with --source and --target to "
            f"`labelferry models add {called}`",
            file=called,
        )
    return {source: source}, {target: target}, ((source, target),), False


def find_tokenizers(
    folder: Path, family: Family, called: str | Path | None = None
) -> tuple[str, str]:
    """File names of the source's and the target's tokenizer in `folder`, of a model of `family`.

    Raises `UserError` where there is none, for the model `called` so (None is the folder).
    """
    for source, target in (*family.tokenizers, ("tokenizer.json",) * 2):
        if (folder / source).is_file() and (folder / target).is_file():
            return source, target
    raise UserError(
        "the model folder lacks its tokenizer: looked for "
        + ", ".join(dict.fromkeys(name for pair in family.tokenizers for name in pair))
        + ", tokenizer.json",
        file=called or folder,
    )
