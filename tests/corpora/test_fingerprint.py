"""Fingerprints of values, hashes of files."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from corpora.errors import UserError
from corpora.fingerprint import canonical_json, content_id, file_hash, fingerprint, path_hash


class Config(BaseModel):
    beam: int = 2
    path: Path = Path("a/b")


@dataclass(frozen=True)
class Options:
    names: frozenset[str]
    ratio: float


def test_fingerprints_are_of_values_not_of_their_order_or_type() -> None:
    assert fingerprint({"a": 1, "b": (2, 3)}) == fingerprint({"b": [2, 3], "a": 1})
    assert fingerprint(Config()) == fingerprint({"path": "a/b", "beam": 2})
    assert fingerprint(Options(frozenset("ab"), 0.1)) == fingerprint(
        {"ratio": 0.1, "names": ["a", "b"]}
    )
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
    assert canonical_json({"ü": None}) == '{"\\u00fc":null}'
    assert len(fingerprint(None)) == 32


@pytest.mark.parametrize("value", [object(), {1: 2}, b"x", float("nan"), iter([1])])
def test_what_is_not_understood_has_no_fingerprint(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        fingerprint(value)


def test_hashes_of_files_and_folders_follow_their_content(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.txt"
    path.parent.mkdir()
    path.write_bytes(b"one")
    first, whole = file_hash(path), path_hash(tmp_path)
    path.write_bytes(b"two")
    assert file_hash(path) != first
    assert path_hash(tmp_path) != whole
    path.write_bytes(b"one")
    assert (file_hash(path), path_hash(tmp_path)) == (first, whole)
    (tmp_path / ".hidden").write_bytes(b"")
    assert path_hash(tmp_path) == whole
    assert path_hash(path) == first
    with pytest.raises(UserError, match="no such file"):
        file_hash(tmp_path / "nothing")


def test_content_ids_tell_borders_and_missing_parts_apart() -> None:
    ids = [content_id("ab", "c"), content_id("a", "bc"), content_id("abc"), content_id("abc", None),
           content_id("abc", "")]  # fmt: skip
    assert len(set(ids)) == len(ids)
    assert content_id("Grüße") == content_id("Grüße")
    assert len(content_id("x")) == 16
