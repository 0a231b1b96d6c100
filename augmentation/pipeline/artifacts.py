"""Files and folders that steps write, each with a record of what it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora.checked_json import read_checked, write_checked
from corpora.fingerprint import path_hash


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in the file `path`; empty where there is none or it is corrupt."""
    return read_checked(path) or {}


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a step writes that is not a shard, and the record that shows whether it is done.

    The record is a JSON file with the `fingerprint` of what the artifact was made from, the
    `checksum` of its content, and further facts. It is written last: an artifact is done when its
    record's fingerprint matches and its checksum holds.
    """

    content: Path | None
    """The file or folder; None where the record is all there is."""
    record: Path

    @classmethod
    def beside(cls, content: Path) -> Artifact:
        """The artifact `content` with its record beside it, named `<content>.json`."""
        return cls(content, content.with_name(f"{content.name}.json"))

    def is_done(self, fingerprint: str) -> bool:
        """Whether it was made from what `fingerprint` identifies, and is unchanged."""
        record = read_record(self.record)
        if record.get("fingerprint") != fingerprint:
            return False
        if self.content is None:
            return True
        return self.content.exists() and record.get("checksum") == path_hash(self.content)

    def note_done(self, fingerprint: str, **facts: Any) -> None:
        """Write the record: it was made from what `fingerprint` identifies, with `facts`."""
        values: dict[str, Any] = {"fingerprint": fingerprint}
        if self.content is not None:
            values["checksum"] = path_hash(self.content) if self.content.exists() else ""
        write_checked(self.record, values | facts)

    def facts(self) -> dict[str, Any]:
        """The whole record; empty where there is none."""
        return read_record(self.record)

    def forget(self) -> None:
        """Delete the record, before the content is written again."""
        self.record.unlink(missing_ok=True)
