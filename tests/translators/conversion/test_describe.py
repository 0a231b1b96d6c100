"""The languages that a tokenizer's configuration names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import copy_with_languages
from translators.adding import add_model
from translators.describing import ModelFacts


@pytest.mark.parametrize(
    ("model", "languages", "reads", "writes"),
    [
        ("marian", ("en", "fra"), {"en"}, {"fr"}),
        ("marian-multi", ("es", "mul"), {"es"}, {"de", "en", "fr"}),
        ("marian-multi", ("eng", "gmw"), {"de", "en", "fr"}, {"de", "en", "fr"}),
        ("marian-multi", ("roa", "gmw"), {"de", "en", "fr"}, {"de", "en", "fr"}),
    ],
)
def test_languages_are_read_from_a_marian_tokenizer(
    store: Path,
    hf_folder: Callable[[str], Path],
    tmp_path: Path,
    model: str,
    languages: tuple[str, str],
    reads: set[str],
    writes: set[str],
) -> None:
    folder = copy_with_languages(tmp_path / "opus", hf_folder(model), *languages)
    card = add_model(str(folder), ModelFacts()).card
    assert (set(card.sources), set(card.targets)) == (reads, writes)
    target = "pt" if model == "marian" else "de"
    stated = add_model(str(folder), ModelFacts(name="told", source="it", target=target)).card
    assert set(stated.sources) == {"it"}


def test_a_group_of_languages_is_refused(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_with_languages(tmp_path / "opus", hf_folder("marian"), "sla", "en")
    with pytest.raises(UserError, match="give them with --source and --target"):
        add_model(str(folder), ModelFacts())
    assert set(add_model(str(folder), ModelFacts(source="ru")).card.sources) == {"ru"}
