"""Fetching models from the Hugging Face hub, and reading their README."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import UserError


@dataclass(frozen=True, slots=True)
class HubModel:
    """A downloaded hub repository: its folder, and the commit it is."""

    folder: Path
    hub_id: str
    commit: str
    licence: str | None


def download(hub_id: str, revision: str | None) -> HubModel:
    """Fetch the safetensors, configuration and tokenizer of the repository `hub_id` at one commit.

    `revision` (branch, tag, commit, `refs/pr/1`) is resolved to a commit first. Raises `UserError`
    when the hub cannot be reached, has no such model, or the model has no safetensors.
    """
    import huggingface_hub

    # HTTPError is that of the HTTP library that the hub's client uses.
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        info = huggingface_hub.HfApi().model_info(hub_id, revision=revision)
        if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or ()):
            raise UserError(
                f"{hub_id} has no safetensors at revision {revision or 'main'}; weights as pickles "
                "are not loaded. Many repositories have a pull request that adds them: "
                "--revision refs/pr/N"
            )
        folder = huggingface_hub.snapshot_download(
            hub_id,
            revision=info.sha,
            allow_patterns=["*.json", "*.safetensors", "*.spm", "*.model", "README.md"],
        )
    except (HTTPError, HFValidationError, OSError) as error:
        raise UserError(f"cannot fetch {hub_id} from the hub: {error}") from error
    return HubModel(Path(folder), hub_id, str(info.sha), licence_of(Path(folder)))


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
