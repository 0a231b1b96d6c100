"""What the hash of a model covers, and files that are not those of the card."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import CPU
from translators.adding import GUIDED, add_model
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.open import open_translator


def test_the_content_hash_covers_how_a_model_is_used(store: Path, ready: Path) -> None:
    hashes = {
        add_model(str(ready), facts).content_hash
        for facts in (
            ModelFacts(name="a", alignment=GUIDED),
            ModelFacts(name="b", alignment=GUIDED, licence="MIT"),
            ModelFacts(name="c"),
            ModelFacts(name="d", alignment=GUIDED, max_source_pieces=20),
            ModelFacts(name="e", alignment=GUIDED, family="ct2", source="en", target="de"),
        )
    }
    assert len(hashes) == 4  # the licence and the name change no translation


def test_altered_files(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(name="m"))
    with (info.path / "model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match="not the one"):
        open_translator("m", device="cpu")
    (info.path / "model.bin").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="not a CTranslate2 model"):
        Engine(info, CPU, verified=True)
