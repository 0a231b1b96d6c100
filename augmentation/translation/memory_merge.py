"""Merging translation memories: what several machines translated, in one memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.translation.human import FOLDER, add_records, read_records
from augmentation.translation.memory import TranslationMemory
from corpora.errors import UserError
from corpora.folders import memory_folder
from corpora.storage import refuse_links


@dataclass(frozen=True, slots=True)
class MergedMemory:
    """What `merge_memories` did, in files of translations."""

    folder: Path
    """The memory that has them now."""
    added: int
    present: int
    """Files that it had already."""
    corrupt: int
    """Files left out, because their content is not what was written."""
    corrections: int = 0
    """What people corrected that is new here."""


def merge_memories(source: str | Path, into: str | Path | None = None) -> MergedMemory:
    """Add what the translation memory in the folder `source` has to the one in the folder `into`.

    `into` is by default the memory that runs use; it is made where there is none. Segments that it
    has stay as they are, people's later corrections win, and `source` is left alone. Files that are
    corrupt are left out and counted. Raises `UserError` where `source` is no memory of this
    version, and for links in it.
    """
    source, into = Path(source), Path(into) if into is not None else memory_folder()
    refuse_links(source)
    memories = {folder: _identity(folder) for folder in sorted(source.glob("*/"))}
    human = sorted((source / FOLDER).glob("*.jsonl"))
    if not human and not any(memories.values()):
        raise UserError("not a translation memory of this version", file=source)
    if into.exists() and into.samefile(source):
        raise UserError("a memory cannot be merged with itself", file=source)
    added = present = corrupt = 0
    for folder, identity in memories.items():
        if identity is None:
            continue
        giver, receiver = (TranslationMemory(root, identity) for root in (source, into))
        for file in sorted(folder.glob("*.arrow")):
            if giver.read(file.stem) is None:
                corrupt += 1
            elif receiver.add_file(file.read_bytes()):
                added += 1
            else:
                present += 1
    corrections = 0
    for file in human:
        pair = file.stem
        corrections += add_records(into, pair, read_records(file))
    return MergedMemory(into, added, present, corrupt, corrections)


def _identity(folder: Path) -> dict[str, Any] | None:
    """What the translations in `folder` are of; None where it is no memory of this version."""
    try:
        identity = json.loads((folder / "identity.json").read_text(encoding="utf-8"))
        expected = TranslationMemory(folder.parent, identity).folder
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return identity if expected.name == folder.name else None
