"""What people corrected: sentences and spans, which later runs of the same languages use.

It is the human part of the translation memory: one file of JSON lines for each pair of languages,
whatever the model, that people can read and edit. Nothing but a review writes to it, so no machine
translation takes the place of a person's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from corpora.errors import UserError
from corpora.fingerprint import fingerprint
from corpora.lock import lock
from corpora.storage import make_folder, reading, refuse_links, replacing_text

FOLDER = "human"
"""The folder within a translation memory."""


@dataclass(frozen=True, slots=True)
class HumanRecord:
    """A sentence and its translation by a person, or a span and the words that it became."""

    kind: Literal["sentence", "span"]
    source: str
    target: str
    row: str = ""
    """The run and row where the span was reviewed: reviewed again, it is not counted twice."""
    label: str = ""
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """When; of two translations of a sentence the later one counts."""

    @property
    def key(self) -> tuple[str, ...]:
        """What it is about; a later record with this key takes its place."""
        return (self.kind, self.source, self.row, self.label)


@dataclass(frozen=True, slots=True)
class HumanCorrections:
    """What people corrected from one language to another."""

    sentences: Mapping[str, str] = field(default_factory=dict)
    """Translations by sentence."""
    phrases: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By text of a source span, the texts that people made of it and how often."""

    def identity(self) -> list[str]:
        """What projecting spans by `phrases` adds to a fingerprint; nothing without phrases."""
        return [fingerprint(self.phrases)] if self.phrases else []


def human_file(memory: Path, languages: str) -> Path:
    """The file of what people corrected in `languages` (`en-de`) in the folder `memory`."""
    return memory / FOLDER / f"{languages}.jsonl"


def read_human(memory: Path, source: str, target: str) -> HumanCorrections:
    """What people corrected from `source` to `target`, by the translation memory in `memory`.

    Raises `UserError` for a damaged line of its file.
    """
    path = human_file(memory, f"{source}-{target}")
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return HumanCorrections()
    return _corrections(path, status.st_mtime_ns, status.st_size)


@lru_cache(16)
def _corrections(path: Path, modified: int, size: int) -> HumanCorrections:
    """What `path` says as it was `modified`, of `size`; the shards of a run share it."""
    sentences: dict[str, str] = {}
    phrases: dict[str, Counter[str]] = {}
    for record in read_records(path):
        if record.kind == "sentence":
            sentences[record.source] = record.target
        else:
            phrases.setdefault(record.source, Counter())[record.target] += 1
    return HumanCorrections(sentences, phrases)


def read_records(path: Path) -> list[HumanRecord]:
    """The records of the file `path`; raises `UserError` with the line for what is none."""
    refuse_links(path.parent)
    records: list[HumanRecord] = []
    if not path.exists():
        return records
    with reading(path):
        lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            record = HumanRecord(**json.loads(line))
            if record.kind not in ("sentence", "span") or not all(
                isinstance(value, str) for value in asdict(record).values()
            ):
                raise ValueError(record.kind)
        except (ValueError, TypeError) as error:
            problem = "no record of a correction; delete the line to go on without it"
            raise UserError(problem, file=path, line=number) from error
        records.append(record)
    return records


def add_records(memory: Path, languages: str, records: Iterable[HumanRecord]) -> int:
    """Add `records` of `languages` (`en-de`) to the translation memory in the folder `memory`; of
    two with one key the later one stays. Returns how many are new or changed.

    Raises `UserError` where the file is damaged or cannot be written, and where another process
    writes to it.
    """
    path = human_file(memory, languages)
    refuse_links(memory)
    make_folder(path.parent)
    with lock(path.parent):
        present = {record.key: record for record in read_records(path)}
        changed = 0
        for record in records:
            old = present.get(record.key)
            if old is None or (old.target != record.target and old.at <= record.at):
                present[record.key] = record
                changed += 1
        if changed:
            with replacing_text(path) as file:
                for record in present.values():
                    file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
    return changed
