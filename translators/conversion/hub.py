"""Fetching models from the Hugging Face hub or its cache, and reading their README."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import UserError
from translators.conversion.convert import require_torch

_CONVERTIBLE = ("*.json", "*.safetensors", "*.spm", "*.model", "README.md")
_READY = ("*.json", "*.txt", "model.bin", "*.spm", "*.model", "README.md")
_VOCABULARIES = ("shared_vocabulary", "source_vocabulary")


@dataclass(frozen=True, slots=True)
class HubModel:
    """A downloaded hub repository: its folder, and the commit it is."""

    folder: Path
    hub_id: str
    commit: str
    licence: str | None
    note: str | None = None
    """What the user should know of how it was fetched."""


def download(hub_id: str, revision: str | None) -> HubModel:
    """Fetch the weights, configuration and tokenizer of the repository `hub_id` at one commit.

    Weights are safetensors, or a ready CTranslate2 model. `revision` (branch, tag, commit,
    `refs/pr/1`) is resolved to a commit first. Where the hub is out of reach, what its cache on
    this machine has is taken. Raises `UserError` when there is neither, when the hub has no such
    model, or the model has no safetensors.
    """
    import huggingface_hub

    # HTTPError is that of the HTTP library that the hub's client uses.
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        info = huggingface_hub.HfApi().model_info(hub_id, revision=revision)
        files = [file.rfilename for file in info.siblings or ()]
        ready = is_ready(files)
        if not ready and not any(file.endswith(".safetensors") for file in files):
            raise UserError(
                f"{hub_id} has no safetensors at revision {revision or 'main'}; weights as pickles "
                "are not loaded. Many repositories have a pull request that adds them: "
                "--revision refs/pr/N"
            )
        if not ready:
            require_torch()
        folder = huggingface_hub.snapshot_download(
            hub_id,
            revision=info.sha,
            allow_patterns=list(_READY if ready else _CONVERTIBLE),
        )
    except (HTTPError, HFValidationError, OSError) as error:
        cached = None
        if getattr(error, "response", None) is None and not isinstance(error, HFValidationError):
            cached = _cached(hub_id, revision)
        if cached is None:
            raise UserError(f"cannot fetch {hub_id} from the hub: {error}") from error
        return cached
    return HubModel(Path(folder), hub_id, str(info.sha), licence_of(Path(folder)))


def is_ready(files: Collection[str]) -> bool:
    """Whether `files`, the names in a folder, are those of a ready CTranslate2 model."""
    stems = {name.rsplit(".", 1)[0] for name in files if name.endswith((".json", ".txt"))}
    return "model.bin" in files and any(name in stems for name in _VOCABULARIES)


def _cached(hub_id: str, revision: str | None) -> HubModel | None:
    """The copy of the repository in the hub's cache on this machine, if its weights are there."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            huggingface_hub.snapshot_download(hub_id, revision=revision, local_files_only=True)
        )
    except LocalEntryNotFoundError:
        return None
    files = [path.name for path in folder.iterdir()]
    if not is_ready(files) and not any(name.endswith(".safetensors") for name in files):
        return None
    note = f"the hub is out of reach: this is commit {folder.name[:8]} from its cache, {folder}"
    return HubModel(folder, hub_id, folder.name, licence_of(folder), note)


def in_cache(path: Path) -> HubModel | None:
    """The hub repository whose folder in the hub's cache is `path`, or whose snapshot; None for
    any other folder. Of a repository's folder, it is the main branch's snapshot."""
    if path.name.startswith("models--") and (path / "snapshots").is_dir():
        snapshots = list((path / "snapshots").iterdir())
        if (path / "refs" / "main").is_file():
            main = (path / "refs" / "main").read_text(encoding="utf-8").strip()
            snapshots = [snapshot for snapshot in snapshots if snapshot.name == main]
        path = snapshots[0] if len(snapshots) == 1 else path
    repository = path.parent.parent.name
    if path.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    hub_id = repository.removeprefix("models--").replace("--", "/")
    return HubModel(path, hub_id, path.name, licence_of(path))


def licence_of(folder: Path) -> str | None:
    """The licence that the header of the README.md in `folder` states, None where it has none."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    header = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    licence = re.search(r"^license:\s*(\S+)", header[1], re.MULTILINE) if header else None
    return licence[1].strip("\"'") if licence else None


def names_transformer_align(folder: Path) -> bool:
    """Whether the README.md in `folder` names the `transformer-align` recipe, as that of OPUS-MT
    models with guided alignment does."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return "transformer-align" in text
