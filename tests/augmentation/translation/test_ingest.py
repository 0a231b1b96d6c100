"""Inputs of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from augmentation.translation import ingest
from augmentation.translation.config import ReadingConfig
from corpora.errors import UserError


def test_an_input_of_no_format_is_refused_before_it_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "inputs_hash", lambda path: pytest.fail("it was hashed"))
    (tmp_path / "large.bin").write_bytes(b"a")
    for path in (tmp_path, tmp_path / "large.bin"):
        with pytest.raises(UserError, match=r"format|holds neither"):
            ingest.Input.at(path, "text", "en", ReadingConfig(), 10)
