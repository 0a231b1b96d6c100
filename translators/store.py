"""The model store: a folder of model folders, each described by its `labelferry.json`.

A model folder holds a CTranslate2 model, its tokenizer, and the card. Models come from the store
(`data/store`, or what LABELFERRY_STORE says), from the folder that ships (`data/models`), or from
any path. A name never leads out of the store.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpora import folders
from corpora.errors import UserError
from corpora.storage import make_folder, write_text, writing
from translators.families import FAMILIES, Family, FamilyName, family_of_vocabulary
from translators.languages import normalise_tag, same_language
from translators.pieces import read_vocabulary

CARD = "labelferry.json"
TRAINED_HERE = "labelferry train-translator"
"""The `origin` of models that our own command trained."""
MODEL_VARIABLE = "LABELFERRY_MODEL"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NOT_HASHED = {CARD, "README.md", "card.json", "curves.svg", ".gitattributes"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlignmentHead(_Strict):
    """Where in the decoder the taught alignment lies: the first `heads` heads of `layer`.

    A negative layer counts from the last; the attention given is the mean of the heads.
    """

    layer: int = -1
    heads: int = Field(1, ge=1)
    shift: Literal[0, 1] = 0
    """0: a step's attention aligns the token that it writes, as in OPUS-MT models. 1: it aligns
    the token that it reads, the one before (Chen et al., 2020), which is the better alignment,
    since that token is known by then."""


class ModelCard(_Strict):
    """What `labelferry.json` says of a model; languages are BCP 47 tags."""

    format: int = 1
    name: str
    family: FamilyName
    sources: dict[str, str]
    """Languages it reads: tag to the model's own code."""
    targets: dict[str, str]
    """Languages it writes: tag to the model's own code."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """The pairs it knows; null for any source with any other target."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """T5 with prompts: the text put before a source, by `source>target`."""
    source_tokenizer: str
    target_tokenizer: str
    language_tokens: bool = True
    """Whether texts are given the language tokens of the family; bilingual models have none."""
    opening: tuple[str, ...] = ()
    """Tokens that decoding starts with, besides the family's (some Argos packages)."""
    alignment: AlignmentHead | None = None
    """The taught alignment, or null where attention is no alignment."""
    max_source_pieces: int = Field(500, ge=8)
    """Longer sources are split, and outputs end here: no more than the model has positions for."""
    markers: tuple[tuple[str, str], ...] = ()
    """Projection markers the model was taught to carry over, opening and closing."""
    quantization: str | None = None
    licence: str | None = None
    origin: str | None = None
    """Hub id, file or folder the model was made from."""
    revision: str | None = None
    """Commit of the hub's repository."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every file that decides what the model says."""
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was trained, where we trained it."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on disk: where it lies and what its card says."""

    path: Path
    card: ModelCard
    content_hash: str
    """SHA-256 over all that decides what the model says; see `hash_of`."""

    @property
    def name(self) -> str:
        """`name@hash8`, as provenance records it."""
        return f"{self.card.name}@{self.content_hash[:8]}"

    @property
    def family(self) -> Family:
        """The language convention."""
        return FAMILIES[self.card.family]

    def supports(self, source: str, target: str) -> bool:
        """Whether it translates from `source` to `target`."""
        pairs = self.card.pairs
        if pairs is not None:
            return any(same_language(source, s) and same_language(target, t) for s, t in pairs)
        return (
            any(same_language(source, s) for s in self.card.sources)
            and any(same_language(target, t) for t in self.card.targets)
            and not same_language(source, target)
        )


def store_folder() -> Path:
    """The folder that `models add` writes to."""
    return folders.store_folder()


def shipped_folder() -> Path:
    """The read-only folder of the models that ship."""
    return folders.shipped_models_folder()


def check_name(name: str) -> str:
    """`name`, if it can be the name of a model's folder; else raises `UserError`."""
    if _NAME.fullmatch(name) is None:
        raise UserError(
            f"{name!r} cannot be the name of a model: letters, digits, '.', '_' and '-', "
            "starting with a letter or a digit"
        )
    return name


def list_models() -> list[ModelInfo]:
    """Every model of the store, then those that ship, by name; a stored name hides a shipped one.

    A folder with a broken card raises `UserError` that names it.
    """
    found: dict[str, ModelInfo] = {}
    for folder in (store_folder(), shipped_folder()):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if (path / CARD).is_file() and path.name not in found:
                    found[path.name] = read_model(path)
    return sorted(found.values(), key=lambda info: info.card.name)


def resolve(model: str | Path | None = None) -> ModelInfo:
    """Find a model by name or path; None is LABELFERRY_MODEL or the model that ships.

    A folder that has no card is taken where its vocabulary shows its family and languages. Raises
    `UserError` for a model that does not exist, saying which do, and for a folder that is unclear,
    saying what to add it with.
    """
    if model is None:
        model = os.environ.get(MODEL_VARIABLE) or _shipped()
    text = str(model)
    if isinstance(model, str) and _NAME.fullmatch(model):
        for folder in (store_folder(), shipped_folder()):
            if (folder / model / CARD).is_file():
                return read_model(folder / model)
    path = Path(model).expanduser()
    if path.is_dir():
        return read_model(path)
    if path.suffix == ".argosmodel" and path.is_file():
        raise UserError(
            f"add the package first: `labelferry models add {path}`, then use its name", file=path
        )
    names = [info.card.name for info in list_models()]
    raise UserError(f"no model {text!r}, in the store or as a folder", choices=names)


def _shipped() -> Path:
    folder = shipped_folder()
    models = sorted(p.parent for p in folder.glob(f"*/{CARD}")) if folder.is_dir() else []
    if not models:
        raise UserError(
            "no model is given and none ships here: name one with --model or LABELFERRY_MODEL; "
            "`labelferry models add` puts one into the store"
        )
    return models[0]


def read_model(path: Path) -> ModelInfo:
    """The model in the folder `path`; raises `UserError` for what it lacks."""
    card_path = path / CARD
    if not (path / "model.bin").is_file():
        if (path / "config.json").is_file() and list(path.glob("*.safetensors")):
            raise UserError(
                f"a `transformers` model, to be converted: `labelferry models add {path}`",
                file=path,
            )
        raise UserError("not a model folder: it has no model.bin", file=path)
    if not card_path.is_file():
        return describe_folder(path)
    try:
        card = ModelCard.model_validate_json(card_path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"a broken card: {_first_problem(error)}", file=card_path) from error
    for name in (card.source_tokenizer, card.target_tokenizer):
        tokenizer_file(path, name)
    unknown = {"model.bin", card.source_tokenizer, card.target_tokenizer} - card.files.keys()
    if unknown:
        raise UserError(f"a broken card: no hash of {min(unknown)}", file=card_path)
    return ModelInfo(path.resolve(), card, hash_of(card))


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return str(error)


def tokenizer_file(folder: Path, name: str) -> Path:
    """The tokenizer `name` in `folder`; raises `UserError` if it is missing or lies elsewhere."""
    if Path(name).name != name:
        raise UserError(f"the tokenizer {name!r} lies outside the model's folder", file=folder)
    path = folder / name
    if not path.is_file():
        raise UserError(f"the model folder lacks its tokenizer {name!r}", file=folder)
    return path


def find_tokenizers(
    folder: Path, family: Family, called: str | Path | None = None
) -> tuple[str, str]:
    """File names of the source's and the target's tokenizer in `folder`.

    Raises `UserError` naming what the user calls the model (`called`; None is the folder).
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


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a user says of a model that its folder may not show; None is not said."""

    name: str | None = None
    family: FamilyName | None = None
    source: str | None = None
    """BCP 47, for a model of one pair."""
    target: str | None = None
    alignment: AlignmentHead | None = None
    licence: str | None = None
    max_source_pieces: int | None = None


def describe_folder(
    path: Path, facts: ModelFacts | None = None, called: str | Path | None = None, **known: Any
) -> ModelInfo:
    """Describe a CTranslate2 folder without a card, from its vocabulary and `facts`.

    `known` are further fields of the card. Raises `UserError` saying which flag is missing, and
    naming what the user calls the model (`called`; None is the folder).
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
    card = ModelCard.model_validate({**fields, **known})
    return ModelInfo(path.resolve(), card, hash_of(card))


def tidy_name(text: str) -> str:
    """A model's name made from a folder's name or a hub id."""
    text = text.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100] or "model"


def _family_and_codes(
    called: str | Path, vocabulary: list[str], facts: ModelFacts
) -> tuple[Family, dict[str, str]]:
    if facts.family is not None:
        family = FAMILIES[facts.family]
        return family, family.codes(vocabulary)
    found = family_of_vocabulary(vocabulary)
    if found is None:
        raise UserError(
            "the vocabulary does not show the model's family: say it with "
            f"`labelferry models add {called} --family ...`",
            file=called,
            choices=FAMILIES,
        )
    return found


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


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in `folder` that decides what the model says, by name."""
    hashes = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in _NOT_HASHED and not path.name.startswith("."):
            with path.open("rb") as file:
                hashes[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


_SAYS_NOTHING = {
    "format", "name", "pairs", "quantization", "licence", "origin", "revision", "training",
}  # fmt: skip
"""Fields of a card that change nothing of a translation."""


def hash_of(card: ModelCard) -> str:
    """One hash for a model: SHA-256 over the hashes of its files and how its card says to use
    them, such as the family and where long sources are split."""
    said = card.model_dump(mode="json", exclude=_SAYS_NOTHING)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def verify(info: ModelInfo) -> None:
    """Check every file against the card; raises `UserError` for one that differs or is missing."""
    for name, expected in info.card.files.items():
        path = info.path / name
        if Path(name).name != name or not path.is_file():
            raise UserError(f"the model folder lacks {name!r}, which its card names", file=path)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise UserError(
                    "the file is not the one that the model's card names; add the model again",
                    file=path,
                )


def write_card(folder: Path, card: ModelCard) -> ModelInfo:
    """Write `card` into `folder`, with the hashes of the files that are there now."""
    card = card.model_copy(update={"files": hash_files(folder)})
    text = json.dumps(card.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"
    write_text(folder / CARD, text)
    return ModelInfo(folder.resolve(), card, hash_of(card))


def staging_folder(name: str) -> Path:
    """An empty folder inside the store to build the model `name` in; `install` moves it."""
    check_name(name)
    if (store_folder() / name).exists():
        raise UserError(
            f"the store has a model {name!r}: `labelferry models remove {name}` first, "
            "or give another --name"
        )
    folder = store_folder() / f".{name}.{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    return folder


def install(staged: Path, card: ModelCard) -> ModelInfo:
    """Write the card into the `staged` folder and make it the model `card.name` of the store."""
    write_card(staged, card)
    final = store_folder() / check_name(card.name)
    with writing(final):
        staged.rename(final)
    return read_model(final)


def remove(name: str) -> Path:
    """Remove a model of the store; raises `UserError` for one that ships or does not exist."""
    folder = store_folder() / check_name(name)
    if not (folder / CARD).is_file():
        if (shipped_folder() / name / CARD).is_file():
            raise UserError(f"the model {name!r} ships with labelferry and cannot be removed")
        stored = [info.card.name for info in list_models() if info.path.parent == store_folder()]
        raise UserError(f"the store has no model {name!r}", choices=stored)
    with writing(folder):
        shutil.rmtree(folder)
    return folder
