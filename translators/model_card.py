"""The description of a model on disk: its card, `labelferry.json`, and the hashes of its files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpora.checked_json import CHECKSUM, read_checked, write_checked
from corpora.errors import UserError
from corpora.text.languages import same_language
from translators.families import FAMILIES, Family, FamilyName

CARD = "labelferry.json"
TRAINED_HERE = "labelferry train-translator"
"""The `origin` of models that `train-translator` trained."""
_NOT_HASHED = {CARD, "README.md", "card.json", "curves.svg", ".gitattributes"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlignmentHead(_Strict):
    """Where in the decoder guided alignment was trained: the first `heads` heads of `layer`.

    A negative layer counts from the last; the attention returned is the mean of the heads.
    """

    layer: int = -1
    heads: int = Field(1, ge=1)
    shift: Literal[0, 1] = 0
    """0: a step's attention aligns the token that it writes, as in OPUS-MT models. 1: it aligns
    the token that it reads, the one before (Chen et al., 2020), which is the better alignment,
    since that token has been written by then."""


class ModelCard(_Strict):
    """The content of a model's `labelferry.json`; languages are BCP 47 tags."""

    format: int = 1
    name: str
    family: FamilyName
    sources: dict[str, str]
    """Languages it reads: tag to the model's own code."""
    targets: dict[str, str]
    """Languages it writes: tag to the model's own code."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """The pairs it translates; null for any source with any other target."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """T5 with prompts: the text put before a source, by `source>target`."""
    source_tokenizer: str
    target_tokenizer: str
    language_tokens: bool = True
    """Whether texts are given the language tokens of the family; bilingual models have none."""
    opening: tuple[str, ...] = ()
    """Tokens that decoding starts with, in addition to the family's (some Argos packages)."""
    alignment: AlignmentHead | None = None
    """The head trained with guided alignment, or null where attention is no alignment."""
    max_source_pieces: int = Field(500, ge=8, le=1 << 20)
    """Longer sources are split, and outputs end here; at most the model's number of positions."""
    markers: tuple[tuple[str, str], ...] = ()
    """Projection markers the model was trained to keep, opening and closing."""
    quantization: str | None = None
    licence: str | None = None
    origin: str | None = None
    """Hub id, file or folder the model was made from."""
    revision: str | None = None
    """Commit of the hub's repository."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every file that decides the translations, by name."""
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was trained, where we trained it."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on disk: its folder and its card."""

    path: Path
    card: ModelCard
    content_hash: str
    """SHA-256 over all that decides the translations; see `content_hash`."""

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


def tokenizer_file(folder: Path, name: str) -> Path:
    """The tokenizer file `name` in `folder`; raises `UserError` if it is missing or elsewhere."""
    if Path(name).name != name:
        raise UserError(f"the tokenizer {name!r} is outside the model's folder", file=folder)
    path = folder / name
    if not path.is_file():
        raise UserError(f"the model folder lacks its tokenizer {name!r}", file=folder)
    return path


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in `folder` that decides the translations, by name."""
    hashes = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in _NOT_HASHED and not path.name.startswith("."):
            with path.open("rb") as file:
                hashes[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


_DESCRIPTIVE_FIELDS = {
    "format", "name", "pairs", "quantization", "licence", "origin", "revision", "training",
}  # fmt: skip
"""Fields of a card that do not change translations."""


def content_hash(card: ModelCard) -> str:
    """The hash of a model with this `card`: SHA-256 over the hashes of its files and the fields
    that say how to use them, such as the family and where long sources are split."""
    decisive = card.model_dump(mode="json", exclude=_DESCRIPTIVE_FIELDS)
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def verify(info: ModelInfo) -> None:
    """Check every file of the model `info` against its card.

    Raises `UserError` for one that differs or is missing.
    """
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


def read_card(path: Path) -> ModelCard:
    """The card in the file `path`.

    Raises `UserError` where it is broken, and where its checksum says that it was changed since
    `write_card`; one without a checksum, which somebody wrote by hand, is taken as it is.
    """
    try:
        values = json.loads(path.read_bytes())
        if isinstance(values, dict) and values.pop(CHECKSUM, None) is not None:
            values = read_checked(path)
            if values is None:
                raise UserError(
                    "a broken card: it is not as it was written; add the model again, or take "
                    f"{CHECKSUM!r} out of it if it was you who changed it",
                    file=path,
                )
        return ModelCard.model_validate_json(json.dumps(values))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"a broken card: {_first_problem(error)}", file=path) from error


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return str(error)


def write_card(folder: Path, card: ModelCard) -> ModelInfo:
    """Write `card` into `folder`, with the hashes of the files that are there now."""
    card = card.model_copy(update={"files": hash_files(folder)})
    write_checked(folder / CARD, card.model_dump(mode="json"))
    return ModelInfo(folder.resolve(), card, content_hash(card))
