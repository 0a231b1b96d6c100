"""CoNLL files of data sets and tools, each with its ways. The snippets are our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping, open_corpus
from tests.helpers.conll_rows import mentions, rows

GERMEVAL = (
    "#\thttp://example.org/a [2009-10-17]\n1\tAnna\tB-PER\tO\n2\tUlmer\tB-LOCderiv\tO\n\n"
    "#\thttp://example.org/a [2009-10-17]\n1\tSC\tB-ORG\tO\n2\tUlm\tI-ORG\tB-LOC\n"
)
NORNE = (
    "# sent_id = 7\n# text = Ola bor i Oslo.\n"
    "1\tOla\tOla\tPROPN\t_\t_\t2\tnsubj\t_\tname=B-PER\n2\tbor\tbo\tVERB\t_\t_\t0\troot\t_\tname=O\n"
    "3\ti\ti\tADP\t_\t_\t4\tcase\t_\tname=O\n"
    "4\tOslo\tOslo\tPROPN\t_\t_\t2\tobl\t_\tSpaceAfter=No|name=B-LOC\n"
    "5\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\tname=O\n"
)


def test_two_columns_of_tags_must_be_chosen_from(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    with pytest.raises(UserError, match=r"the columns 3, 4 all have tags.*--columns tags=3\)"):
        rows(path, GERMEVAL)
    outer = rows(path, GERMEVAL, columns=ColumnMapping(tags="3"))
    assert [mentions(row) for row in outer] == [
        [("Anna", "PER"), ("Ulmer", "LOCderiv")], [("SC Ulm", "ORG")],
    ]  # fmt: skip
    inner = rows(path, GERMEVAL, columns=ColumnMapping(tags="4"))
    assert [mentions(row) for row in inner] == [[], [("Ulm", "LOC")]]
    assert outer[0].meta == {"source": "http://example.org/a", "date": "2009-10-17"}
    corpus = open_corpus(path, task="tokens", columns=ColumnMapping(tags="4"))
    assert corpus.columns() == {"tokens": "2", "tags": "4"}


def test_chunks_are_no_second_column_of_names(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x.conll", "Anna NNP B-NP B-PER\nlives VBZ B-VP O\n")
    assert mentions(row) == [("Anna", "PER")]
    (row,) = rows(tmp_path / "x.conll", "Anna NNP B-NP\nlives VBZ B-VP\n")
    assert mentions(row) == [("Anna", "NP"), ("lives", "VP")]


def test_a_score_after_the_tag_or_a_key_before_it(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x.conll", "Anna B-PER 0.98\nlebt O 0.7\n")
    assert mentions(row) == [("Anna", "PER")]
    (row,) = rows(tmp_path / "x.conllu", NORNE)
    assert (row.id, row.text) == ("7", "Ola bor i Oslo.")
    assert mentions(row) == [("Ola", "PER"), ("Oslo", "LOC")]


@pytest.mark.parametrize(
    "comment", ["# newpar", "# newdoc id = 4", "# ein freier Kommentar", "#\tein freier [x]", "##"]
)
def test_comments_without_a_key(tmp_path: Path, comment: str) -> None:
    for gap in (" ", "\t"):
        text = f"{comment}\nAnna{gap}B-PER\nlebt{gap}O\n\n{comment}\n# id = 2\nUlm{gap}B-LOC\n"
        first, second = rows(tmp_path / "x.conll", text)
        assert [mentions(row) for row in (first, second)] == [[("Anna", "PER")], [("Ulm", "LOC")]]
        assert second.id == "2"


@pytest.mark.parametrize("token", ["#", "#news", "##"])
@pytest.mark.parametrize("gap", [" ", "\t"])
def test_a_number_sign_that_is_a_token(tmp_path: Path, token: str, gap: str) -> None:
    (row,) = rows(tmp_path / "x.conll", f"# newpar\n{token}{gap}O\nUlm{gap}B-LOC\n")
    assert row.text.startswith(token) and mentions(row) == [("Ulm", "LOC")]
    (row,) = rows(tmp_path / "x.conll", f"{token}{gap}NN\nUlm{gap}NE\n", labelled=False)
    assert row.text.startswith(token)


def test_multiconer(tmp_path: Path) -> None:
    text = "# id 5239d808-f3\tdomain=en\nanna _ _ B-PER\nlebt _ _ O\n"
    (row,) = rows(tmp_path / "x.conll", text)
    assert (row.id, row.meta, mentions(row)) == ("5239d808-f3", {"domain": "en"}, [("anna", "PER")])


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_tokens_are_no_tokens(tmp_path: Path, first: int) -> None:
    lines = ["Anna\tB-PER", "lebt\tO", "", "in\tO", "Ulm\tB-LOC"]
    numbers = iter(range(first, 9))
    text = "\n".join(line and f"{next(numbers)}\t{line}" for line in lines)
    one, two = rows(tmp_path / "x.conll", text)  # running over the sentences
    assert (one.text, two.text) == ("Anna lebt", "in Ulm")
    assert mentions(two) == [("Ulm", "LOC")]


def test_the_surface_of_conllu(tmp_path: Path) -> None:
    table = (
        "1-2\tAl\t_\tSpaceAfter=No\n1\tA\tO\t_\n2\tel\tB-LOC\t_\n3\tPaso\tI-LOC\tSpaceAfter=No\n"
        "3.1\tx\tO\t_\n4\t,\tO\t_\n5\tsí\tO\tSpaceAfter=No\n6\t.\tO\t_\n"
    )
    (row,) = rows(tmp_path / "x.conllu", table, columns=ColumnMapping(tags="3"), lang="es")
    assert (row.text, mentions(row)) == ("AlPaso, sí.", [("AlPaso", "LOC")])
    assert row.tokens == ((0, 2), (2, 6), (6, 7), (8, 10), (10, 11))
    spoken = "# text = Al Paso, sí.\n" + table
    (row,) = rows(tmp_path / "x.conllu", spoken, columns=ColumnMapping(tags="3"), lang="es")
    assert (row.text, mentions(row)) == ("Al Paso, sí.", [("Al Paso", "LOC")])


def test_tags_without_a_label_or_with_an_underscore(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x.conll", "gutes O\nEssen B\nhier I\nnun O\n")
    assert mentions(row) == [("Essen hier", "span")]
    (row,) = rows(tmp_path / "x.conll", "Anna B_PER\nBerg I_PER\nlebt O\n")
    assert mentions(row) == [("Anna Berg", "PER")]


def test_escapes_are_read_where_that_was_chosen(tmp_path: Path) -> None:
    text = "-LRB- O\nUlm B-LOC\n-RRB- O\n&quot; O\n"
    (row,) = rows(tmp_path / "x.conll", text)
    assert "-LRB-" in row.text
    (row,) = rows(tmp_path / "x.conll", text, unescape=True)
    assert (row.text, mentions(row)) == ('(Ulm) "', [("Ulm", "LOC")])


def test_a_token_of_white_space_is_passed_over(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x.conll", "San\tB-LOC\n\u00a0\tI-LOC\nJosé\tI-LOC\n \tO\nda\tO\n")
    assert (row.text, mentions(row)) == ("San José da", [("San José", "LOC")])
    assert row.tokens == ((0, 3), (4, 8), (9, 11))
    with pytest.raises(UserError, match="line 1: all tokens are white space"):
        rows(tmp_path / "x.conll", "\u00a0\tO\n")
