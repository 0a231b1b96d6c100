"""Word alignment by eflomal; a stand-in for it where no C compiler was at hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alignment.protocol import WordPair
from alignment.words import load_aligner
from alignment.words.eflomal import EflomalAligner
from alignment.words.splitting import split_pair
from corpora.errors import MissingExtraError, UserError


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the same links for the same two sentence pairs, as eflomal does."""

    def align(source: Any, target: Any, **files: Any) -> None:
        texts = list(source), list(target)
        assert texts == (["tom sees mary\n", "anna\n"], ["tom sieht mary\n", "anna\n"])
        Path(files["links_filename_fwd"]).write_text("0-0 1-1\n\n")
        Path(files["links_filename_rev"]).write_text("0-0 2-1\n0-0\n")

    fake = SimpleNamespace(Aligner=lambda **_: SimpleNamespace(align=align))
    monkeypatch.setitem(sys.modules, "eflomal", fake)


PAIRS = [split_pair("Tom sees Mary", "Tom sieht Mary"), split_pair("Anna", "Anna")]


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("intersection", [[0, 0], []]),
        ("union", [[0, 0, 1, 1, 2, 1], [0, 0]]),
        ("grow-diag", [[0, 0, 1, 1, 2, 1], []]),
        ("grow-diag-final-and", [[0, 0, 1, 1, 2, 1], [0, 0]]),
    ],
)
def test_what_eflomal_writes_is_symmetrized(
    tmp_path: Path, method: str, expected: list[list[int]]
) -> None:
    aligner = EflomalAligner(method)
    alignments = aligner.align(PAIRS)
    assert [one.links.ravel().tolist() for one in alignments] == expected
    assert [one.weights.tolist() for one in alignments] == [[1.0] * (len(e) // 2) for e in expected]

    class Corpus:
        def __iter__(self) -> Iterator[WordPair]:
            return iter(PAIRS)

    streamed = aligner.align_corpus(Corpus(), tmp_path)
    assert [one.links.ravel().tolist() for one in streamed] == expected


@pytest.mark.usefixtures("stand_in")
def test_options_out_of_range() -> None:
    with pytest.raises(UserError, match=r"unknown symmetrization 'weighted'.*grow-diag"):
        load_aligner("eflomal", symmetrization="weighted")
    with pytest.raises(UserError, match="iterations must be above 0"):
        load_aligner("eflomal", relative_iterations=0)


def test_without_eflomal_the_message_is_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "eflomal", None)
    with pytest.raises(MissingExtraError, match=r"aligner eflomal .*\[eflomal\]"):
        load_aligner("eflomal")


def test_every_line_has_the_words_that_links_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def align(source: Any, target: Any, **files: Any) -> None:
        written.extend(source)
        for name in ("links_filename_fwd", "links_filename_rev"):
            Path(files[name]).write_text("\n\n\n")

    fake = SimpleNamespace(Aligner=lambda **_: SimpleNamespace(align=align))
    monkeypatch.setitem(sys.modules, "eflomal", fake)
    long, short = "Tom " * 1001, "Tom"
    pairs = [split_pair(long, long), split_pair(short, long), split_pair("a \x1c B", "a")]
    assert len(list(EflomalAligner().align_corpus(pairs, tmp_path))) == 3
    assert written == ["\n", "\n", "a - b\n"]


def test_real_eflomal_links_the_same_words() -> None:
    pytest.importorskip("eflomal", reason="eflomal has an extra of its own")
    words = ["eins zwei drei", "zwei vier", "drei eins fünf", "vier sechs eins", "sechs zwei"]
    bitext = [split_pair(text, text) for text in (*words, "", "Eins DREI")] * 20
    alignments = EflomalAligner().align(bitext)
    assert len(alignments) == len(bitext)
    links = [link for one in alignments for link in one.links.tolist()]
    assert len(links) > 150 and sum(i == j for i, j in links) / len(links) > 0.9
    assert not len(alignments[5].links)
    assert EflomalAligner().align([]) == []
