"""Adding models to the store: hub ids, `transformers` and CTranslate2 folders, Argos packages."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpora.choices import QUANTIZATIONS
from corpora.errors import UserError
from corpora.storage import writing
from translators.argos import describe_argos, is_installed
from translators.conversion import hub
from translators.conversion.check import check_conversion
from translators.conversion.convert import convert, read_config
from translators.conversion.describe import describe_converted
from translators.conversion.weights import refuse_adapter
from translators.ct2_weights import check_model_file
from translators.describing import ModelFacts, describe_folder, tidy_name
from translators.files import refuse_pointers
from translators.model_card import CARD, AlignmentHead, ModelInfo, verify, write_card
from translators.pieces.open import open_codec
from translators.store import install, read_model, release, staging_folder
from translators.trial import try_model

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
GUIDED = AlignmentHead(layer=-1, heads=1)
"""Where Marian's guided alignment is: the first head of the last decoder layer."""


def parse_alignment_head(text: str) -> AlignmentHead | None:
    """The head that `text` names: `none`, `guided` (the first head of the last layer), or
    `LAYER:HEADS`. Raises `UserError` for anything else."""
    if text == "none":
        return None
    if text == "guided":
        return GUIDED
    match = re.fullmatch(r"(-?\d+):(\d+)", text)
    if match is None or int(match[2]) < 1:
        raise UserError(
            f"{text!r} is no alignment head: LAYER:HEADS, such as -1:1",
            choices=("none", "guided", "LAYER:HEADS"),
        )
    return AlignmentHead(layer=int(match[1]), heads=int(match[2]))


def add_model(
    model: str,
    facts: ModelFacts,
    *,
    quantization: str | None = None,
    revision: str | None = None,
    report: Callable[[str], object] = lambda note: None,
) -> ModelInfo:
    """Put a model into the store and return it with its card.

    `model` is a folder (`transformers`, CTranslate2 or an installed Argos package), an
    `.argosmodel` file or a hub id, `facts` what the user knows of it. `quantization` is that of a
    model to be converted, None is int8. `revision` is the branch, tag or commit of a hub id, None
    its main branch. `report` is given what the user should know besides. A failure leaves nothing
    in the store. Raises `UserError`, `MissingExtraError`.
    """
    path = Path(model).expanduser()
    if quantization is not None and quantization not in QUANTIZATIONS:
        raise UserError(f"unknown quantization {quantization!r}", choices=QUANTIZATIONS)
    cached = hub.in_cache(path) if path.is_dir() else None
    path = path if cached is None else cached.folder
    _refuse_redundant_facts(path, facts, quantization)
    if facts.name is None:
        named = model if cached is None else cached.hub_id
        facts = dataclasses.replace(facts, name=tidy_name(path.stem if path.is_file() else named))
    if path.is_dir() or path.is_file():
        if revision is not None:
            raise UserError("--revision is for a hub id; this is a path", file=path)
    elif _HUB_ID.fullmatch(model) is None:
        raise UserError(f"no such file or folder, and no hub id (owner/name): {model!r}")
    staged = staging_folder(str(facts.name))
    try:
        if path.is_file() or is_installed(path):
            info = describe_argos(path, staged, facts)
        elif path.is_dir() and cached is None:
            info = _from_folder(path, staged, facts, quantization)
        else:
            fetched = cached or hub.download(model, revision)
            if fetched.note is not None:
                report(fetched.note)
            info = _from_hub(fetched, staged, facts, quantization)
        _check_use(write_card(staged, info.card), path)
        return install(staged, info.card)
    except BaseException as error:
        gone = not staged.is_dir()
        shutil.rmtree(staged, ignore_errors=True)
        release(staged)
        if gone and isinstance(error, Exception):
            problem = "the folder was deleted while the model was added"
            raise UserError(problem, file=staged.parent) from error
        raise


def _check_use(info: ModelInfo, path: Path) -> None:
    """Raise `UserError` for a model `info`, added from `path`, that could not be used from the
    store."""
    open_codec(info, 1)
    if path.is_file() or (path / "model.bin").is_file():  # converted elsewhere
        try_model(info, path)


def _refuse_redundant_facts(path: Path, facts: ModelFacts, quantization: str | None) -> None:
    """Raise `UserError` for facts and options that a model that is ready has built in."""
    described = path.is_file() or (path / CARD).is_file() or is_installed(path)
    if not described and not (path / "model.bin").is_file():
        return
    flags: dict[str, object] = {"--quantization": quantization}
    if described:
        flags |= {"--family": facts.family, "--source": facts.source, "--target": facts.target}
        flags |= {"--prompt": facts.prompt}
    if given := [flag for flag, value in flags.items() if value is not None]:
        raise UserError(
            f"the model is converted {'and described ' if described else ''}already: "
            f"add it without {' and '.join(given)}",
            file=path,
        )


def _from_folder(
    path: Path, staged: Path, facts: ModelFacts, quantization: str | None
) -> ModelInfo:
    if (path / "model.bin").is_file():
        return _from_ready(path, staged, facts, called=path, origin=path.resolve().name)
    refuse_adapter(path)
    read_config(path)
    card_fields: dict[str, Any] = {"called": path, "origin": path.resolve().name}
    facts = _with_licence(facts, hub.licence_of(path))
    return _converted(path, staged, facts, quantization, card_fields)


def _with_licence(facts: ModelFacts, licence: str | None) -> ModelFacts:
    return facts if facts.licence or not licence else dataclasses.replace(facts, licence=licence)


def _converted(
    path: Path,
    staged: Path,
    facts: ModelFacts,
    quantization: str | None,
    card_fields: dict[str, Any],
) -> ModelInfo:
    quantization = quantization or "int8"
    convert(path, staged, quantization, facts.alignment)
    info = describe_converted(path, staged, quantization, facts, **card_fields)
    check_conversion(path, info)
    return info


def _from_hub(
    model: hub.HubModel, staged: Path, facts: ModelFacts, quantization: str | None
) -> ModelInfo:
    card_fields: dict[str, Any] = {
        "called": model.hub_id,
        "origin": model.hub_id,
        "revision": model.commit,
    }
    facts = _with_licence(facts, model.licence)
    if (model.folder / "model.bin").is_file():
        _refuse_redundant_facts(model.folder, facts, quantization)
        return _from_ready(model.folder, staged, facts, **card_fields)
    refuse_adapter(model.folder)
    return _converted(model.folder, staged, facts, quantization, card_fields)


def _from_ready(path: Path, staged: Path, facts: ModelFacts, **card_fields: Any) -> ModelInfo:
    if facts.alignment not in (None, GUIDED):
        raise UserError(
            "a ready CTranslate2 folder has its attention head built in: give 'guided' if that "
            "head was trained with guided alignment, else 'none'",
            file=path,
        )
    refuse_pointers(path)
    check_model_file(path / "model.bin")
    # In the hub's cache files are links to where they lie.
    for file in sorted(path.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            with writing(staged / file.name):
                shutil.copyfile(file, staged / file.name)
    if (path / CARD).is_file():
        info = read_model(path)
        verify(info)
        changes: dict[str, Any] = {
            "name": facts.name,
            "licence": facts.licence or info.card.licence,
            "max_source_pieces": facts.max_source_pieces or info.card.max_source_pieces,
        }
        if facts.alignment is not None:
            changes["alignment"] = facts.alignment
        return dataclasses.replace(info, card=info.card.model_copy(update=changes))
    return describe_folder(staged, facts, **card_fields)


def alignment_note(path: Path, facts: ModelFacts) -> str | None:
    """A hint for a user who added the model at `path` without an alignment head in `facts`,
    though its README names the recipe of guided alignment; None otherwise."""
    if facts.alignment is None and path.is_dir() and hub.names_transformer_align(path):
        return (
            "its README names the transformer-align recipe: if it was trained with guided "
            "alignment, add it with --alignment-head guided to project labels by its attention"
        )
    return None
