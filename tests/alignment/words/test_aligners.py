"""Every aligner by its name."""

from __future__ import annotations

import importlib

import pytest

from alignment.protocol import SoftAligner
from alignment.words import ALIGNERS, load_aligner
from alignment.words.given import GivenLinks
from alignment.words.splitting import split_pair
from corpora.errors import UserError


@pytest.mark.parametrize("name", ALIGNERS)
def test_every_name_is_that_of_its_class(name: str) -> None:
    module, attribute = ALIGNERS[name].split(":")
    assert getattr(importlib.import_module(module), attribute).name == name


def test_aligners_that_need_nothing() -> None:
    bitext = [split_pair("Anna sees Rome", "Anna sieht Rom")] * 3
    for name in ("statistical", "lexical"):
        aligner = load_aligner(name)
        assert isinstance(aligner, SoftAligner)
        assert [0, 0] in aligner.align(bitext)[0].links.tolist()
    assert load_aligner("statistical", extra=bitext, threshold=0.9).align([]) == []
    assert not isinstance(GivenLinks([], []), SoftAligner)


def test_mistakes_name_the_choices() -> None:
    with pytest.raises(UserError, match="choose from: " + ", ".join(sorted(ALIGNERS))):
        load_aligner("magic")
    with pytest.raises(UserError, match=r"no option 'speed'.*threshold"):
        load_aligner("statistical", speed=3)
    with pytest.raises(UserError, match="not a list of sentence pairs"):
        load_aligner("statistical", extra="x")
    with pytest.raises(UserError, match="'layer' is '8', not a whole number"):
        load_aligner("encoder", model="x", layer="8")
    with pytest.raises(UserError, match="needs translator and source and target"):
        load_aligner("attention")
