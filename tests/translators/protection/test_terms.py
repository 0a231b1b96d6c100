"""Lists of terms: files, and terms in texts and translations."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.errors import UserError
from translators.protection.terms import Term, TermFinder, read_kept, read_terms


def test_read_terms(tmp_path: Path) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("bridge\tBrücke\nbridge\tSteg\tany\n\nIT\tEDV\texact\n", encoding="utf-8")
    assert read_terms(path) == (
        Term("bridge", ("Brücke", "Steg")),
        Term("IT", ("EDV",), exact=True),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nbridge\n", "line 2: 1 columns"),
        ("a\tb\n\tx\n", "line 2: a term is empty"),
        ("a\tb\tlower\n", r"line 1: unknown case rule 'lower' \(choose from: any, exact\)"),
        ("\n", "there is no term in it"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_terms(path)


def test_read_kept(tmp_path: Path) -> None:
    path = tmp_path / "keep.txt"
    path.write_text("Big Apple\n\nBig Apple\nFoo\n", encoding="utf-8")
    assert read_kept(path) == ("Big Apple", "Foo")
    with pytest.raises(UserError, match="no such file"):
        read_kept(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("term", "text", "matches"),
    [
        ("bridge", "Two Bridges, one bridge.", ["Bridges", "bridge"]),
        ("victory", "their victories", ["victories"]),
        ("meeting", "Meet me at the meetings.", ["meetings"]),
        ("request", "as requested", ["requested"]),
        ("virtual reality", "a virtual  reality", ["virtual  reality"]),
        ("side", "inside", []),
    ],
)
def test_terms_in_a_text(term: str, text: str, matches: list[str]) -> None:
    finder = TermFinder([Term(term, ("x",))], "en", "de")
    assert [text[m.start : m.end] for m in finder.find(text)] == matches


def test_the_longest_term_and_the_case_rule() -> None:
    terms = [Term("public", ("a",)), Term("public health", ("b",)), Term("IT", ("c",), exact=True)]
    finder = TermFinder(terms, "en", "de")
    assert [m.term.targets[0] for m in finder.find("it is public health, IT and public")] == [
        "b", "c", "a",
    ]  # fmt: skip


def test_terms_without_spaces() -> None:
    finder = TermFinder([Term("銀行", ("Bank",))], "zh", "de")
    assert [(m.start, m.end) for m in finder.find("我去銀行。")] == [(2, 4)]


@pytest.mark.parametrize(
    ("target", "translation", "has"),
    [
        ("Brücke", "auf den Brücken", True),
        ("Brücke", "der Brückenbau", True),
        ("virtuelle Realität", "in virtueller Realität", True),
        ("Bau", "im Bau", True),
        ("Bau", "der Bauernhof", False),
        ("Seite", "auf dem Weg", False),
    ],
)
def test_forms_in_a_translation(target: str, translation: str, has: bool) -> None:
    term = Term("x", (target,))
    assert TermFinder([term], "en", "de").has(term, translation) is has
