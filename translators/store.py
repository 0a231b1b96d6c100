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

from corpora import folders
from corpora.errors import UserError
from corpora.posix import IS_POSIX
from corpora.storage import make_folder, refuse_links, writing
from translators.describing import describe_folder
from translators.model_card import (
    CARD,
    ModelCard,
    ModelInfo,
    content_hash,
    read_card,
    tokenizer_file,
    write_card,
)

MODEL_VARIABLE = "LABELFERRY_MODEL"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STAGED = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]{{8}}")
_locks: dict[Path, int] = {}
"""Descriptors that lock the folders which this process is adding a model in."""


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
                if _is_model(path) and path.name not in models:
                    models[path.name] = None  # a broken model hides a shipped one too
                    try:
                        models[path.name] = read_model(path)
                    except UserError as problem:
                        report(problem)
    return sorted(filter(None, models.values()), key=lambda info: info.card.name)


def _is_model(path: Path) -> bool:
    """Whether `path` is a model of the store, and no folder of a command that adds or removes."""
    return not path.name.startswith(".") and (path / CARD).is_file()


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
    """The model in the folder `path`.

    Raises `UserError` for a file that it lacks, and for links that lead out of the folder.
    """
    refuse_links(path, of_model=True)
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
    card = read_card(card_path)
    for name in (card.source_tokenizer, card.target_tokenizer):
        tokenizer_file(path, name)
    unhashed = {"model.bin", card.source_tokenizer, card.target_tokenizer} - card.files.keys()
    if unhashed:
        raise UserError(f"a broken card: no hash of {min(unhashed)}", file=card_path)
    return ModelInfo(path.resolve(), card, content_hash(card))


def staging_folder(name: str) -> Path:
    """An empty folder inside the store to build the model `name` in; `install` moves it.

    Folders that commands left which were killed are deleted.
    """
    check_name(name)
    if (store_folder() / name).exists():
        raise UserError(
            f"the store has a model {name!r}: `labelferry models remove {name}` first, "
            "or give another --name"
        )
    make_folder(store_folder())
    clear_staging()
    return _locked_folder(name)


def _staging_name(name: str) -> Path:
    return store_folder() / f".{name}.{uuid.uuid4().hex[:8]}"


def _locked_folder(name: str) -> Path:
    """A new folder for the model `name`, locked until this process ends or `release`s it."""
    while True:
        folder = _staging_name(name)
        make_folder(folder)
        descriptor = _lock(folder)
        if descriptor is not None and folder.is_dir():  # else another command has cleared it
            _locks[folder] = descriptor
            return folder


def clear_staging() -> None:
    """Delete the folders in the store that commands left which no longer run."""
    for folder in store_folder().glob(".*.*"):
        if _STAGED.fullmatch(folder.name) is None or not IS_POSIX or folder.is_symlink():
            continue
        descriptor = _lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """A descriptor that locks `folder`; None where another process has locked it, or it is gone."""
    if not IS_POSIX:
        return -1
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def release(staged: Path) -> None:
    """End the lock of the folder `staged`, which is whole or deleted."""
    descriptor = _locks.pop(staged, -1)
    if descriptor >= 0:
        os.close(descriptor)


def install(staged: Path, card: ModelCard) -> ModelInfo:
    """Write the card into the `staged` folder and make it the model `card.name` of the store."""
    write_card(staged, card)
    final = store_folder() / check_name(card.name)
    with writing(final):
        try:
            staged.rename(final)
        except OSError as error:
            if final.exists():
                raise UserError(
                    f"the store has a model {card.name!r} by now", file=final
                ) from error
            raise
    release(staged)
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
    leaving = _staging_name(name)
    with writing(folder):
        folder.rename(leaving)  # at once: half a model would be in the way of all commands
        if leaving.is_symlink():
            leaving.unlink()  # what it leads to is not in the store
        else:
            shutil.rmtree(leaving)
    clear_staging()
    return folder
