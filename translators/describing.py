"""Describing a model folder that has no card, from its vocabulary and what the user knows of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpora.errors import UserError
from corpora.text.languages import normalise_tag, same_language
from translators.families import FAMILIES, Family, FamilyName, family_of_vocabulary
from translators.languages import find_language
from translators.model_card import AlignmentHead, ModelCard, ModelInfo, content_hash, hash_files
from translators.variants import variant_of_folder
from translators.vocabulary import read_vocabulary


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a user states about a model that its folder may not show; None is not stated."""

    name: str | None = None
    family: FamilyName | None = None
    source: str | tuple[str, ...] | None = None
    """BCP 47 tags of what it reads, where that is not all that its vocabulary has."""
    target: str | tuple[str, ...] | None = None
    """BCP 47 tags of what it writes."""
    alignment: AlignmentHead | None = None
    licence: str | None = None
    max_source_pieces: int | None = None
    prompt: str | None = None
    """What a T5 without language tokens has before every text; "" is nothing."""


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
    family, codes = _family_and_codes(path, called, vocabulary, facts)
    languages = _languages(called, family, codes, facts)
    prompts = _prompts(called, family, languages, facts)
    source_tokenizer, target_tokenizer = find_tokenizers(path, family, called)
    files = hash_files(path)
    fields: dict[str, Any] = {
        "name": facts.name or tidy_name(path.resolve().name),
        "family": family.name,
        "sources": languages.sources,
        "targets": languages.targets,
        "pairs": languages.pairs,
        "language_tokens": languages.tokens,
        "prompts": prompts,
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
    path: Path, called: str | Path, vocabulary: list[str], facts: ModelFacts
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
    family, codes = family_and_codes
    return variant_of_folder(path, family, called), codes


@dataclass(frozen=True, slots=True)
class _Languages:
    """The languages of a model, as its card has them."""

    sources: dict[str, str]
    targets: dict[str, str]
    pairs: tuple[tuple[str, str], ...] | None
    tokens: bool
    """Whether there are language tokens."""


def _languages(
    called: str | Path, family: Family, codes: dict[str, str], facts: ModelFacts
) -> _Languages:
    sources, targets = _stated(facts.source), _stated(facts.target)
    if codes:
        written = _limited(targets, codes, called) if targets else dict(codes)
        if sources and family.opens_source == "target" and family.optional_token:
            read = {tag: tag for tag in sources}
        else:
            read = _limited(sources, codes, called) if sources else dict(codes)
        return _Languages(read, written, None, True)
    if not family.optional_token and family.token is not None:
        raise UserError(
            f"the vocabulary has no language tokens of the family {family.name!r}: is it another?",
            file=called,
            choices=FAMILIES,
        )
    if not sources or not targets:
        raise UserError(
            "the model does not say its languages: give them with --source and --target to "
            f"`labelferry models add {called}`",
            file=called,
        )
    if len(targets) > 1:
        raise UserError(
            "the model has no language tokens, so it writes one language: give one --target",
            file=called,
        )
    (target,) = targets
    pairs = tuple((source, target) for source in sources if not same_language(source, target))
    return _Languages({source: source for source, _ in pairs}, {target: target}, pairs, False)


def _stated(languages: str | tuple[str, ...] | None) -> list[str]:
    """The languages that the user states, without repetitions."""
    if languages is None:
        return []
    given = (languages,) if isinstance(languages, str) else languages
    return list(dict.fromkeys(map(normalise_tag, given)))


def _limited(languages: list[str], codes: dict[str, str], called: str | Path) -> dict[str, str]:
    """Those of the model's `codes` that the user names; each must be there."""
    return {tag: find_language(tag, codes, str(called)) for tag in languages}


def _prompts(
    called: str | Path, family: Family, languages: _Languages, facts: ModelFacts
) -> dict[str, str]:
    if family.name != "t5" or languages.tokens:
        if facts.prompt is not None:
            raise UserError(
                "--prompt is for a T5 without language tokens, which this is not", file=called
            )
        return {}
    if facts.prompt is None:
        raise UserError(
            "a T5 whose configuration names no prompt: give what it has before every text, such as "
            f"`labelferry models add {called} --prompt 'translate English to German:'` "
            "(--prompt '' where there is nothing)",
            file=called,
        )
    prompt = facts.prompt.strip()
    return {f"{source}>{target}": prompt for source, target in languages.pairs or () if prompt}


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
