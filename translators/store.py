"""The model store: a folder of model folders, each described by its `labelferry.json`.

A model folder holds a CTranslate2 model, its tokenizer, and the card. Models come from the store
(`data/store`, or the folder that LABELFERRY_STORE names), from the folder that ships
(`data/models`), or from any path. A name can never be a path out of the store.
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from corpora import folders
from corpora.errors import UserError
from corpora.storage import make_folder, writing
from translators.describing import describe_folder
from translators.model_card import (
    CARD,
    ModelCard,
    ModelInfo,
    content_hash,
    tokenizer_file,
    write_card,
)

MODEL_VARIABLE = "LABELFERRY_MODEL"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


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


def list_models(report: Callable[[UserError], object] = lambda problem: None) -> list[ModelInfo]:
    """Every model of the store, then those that ship, by name; a stored name hides a shipped one.

    A broken model is left out, and its problem given to `report`.
    """
    models: dict[str, ModelInfo | None] = {}
    for folder in (store_folder(), shipped_folder()):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if (path / CARD).is_file() and path.name not in models:
                    models[path.name] = None  # a broken model hides a shipped one too
                    try:
                        models[path.name] = read_model(path)
                    except UserError as problem:
                        report(problem)
    return sorted(filter(None, models.values()), key=lambda info: info.card.name)


def resolve(model: str | Path | None = None) -> ModelInfo:
    """Find a `model` by name or path; None is LABELFERRY_MODEL or the model that ships.

    A folder without a card is accepted where its vocabulary shows its family and languages. Raises
    `UserError` for a model that does not exist, naming those that do, and for a folder that is
    unclear, naming the flags to add it with.
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
    """The model in the folder `path`; raises `UserError` for a file that it lacks."""
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
    unhashed = {"model.bin", card.source_tokenizer, card.target_tokenizer} - card.files.keys()
    if unhashed:
        raise UserError(f"a broken card: no hash of {min(unhashed)}", file=card_path)
    return ModelInfo(path.resolve(), card, content_hash(card))


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
    return str(error)


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
    """Remove the model `name` from the store and return the folder it had.

    Raises `UserError` for a model that ships or does not exist.
    """
    folder = store_folder() / check_name(name)
    if not (folder / CARD).is_file():
        if (shipped_folder() / name / CARD).is_file():
            raise UserError(f"the model {name!r} ships with labelferry and cannot be removed")
        stored = [info.card.name for info in list_models() if info.path.parent == store_folder()]
        raise UserError(f"the store has no model {name!r}", choices=stored)
    with writing(folder):
        shutil.rmtree(folder)
    return folder
