"""CoNLL files of every kind. The snippets are our own."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping, open_corpus
from corpora.records import Row, Span
from tests.helpers.conll_rows import mentions, rows
from tests.helpers.paths import shared_data

TWO = "-DOCSTART- O\n\nAnna B-PER\nBerg I-PER\nlebt O\nin O\nBonn B-LOC\n. O\n\nJa O\n. O\n"
FOUR = (
    "-DOCSTART- -X- -X- O\n\nAnna NNP I-NP I-PER\nlives VBZ I-VP O\n, , O O\n\n"
    "# NN I-NP O\nBonn NNP I-NP I-LOC\nParis NNP I-NP B-LOC\n"
)
XSID = (
    "# id = u1\n# text-en = wake me at 7, ok\n# text = weck mich um 7, ok\n"
    "# intent = alarm/set\n"
    "1\tweck\talarm/set\tO\n2\tmich\talarm/set\tO\n3\tum\talarm/set\tB-time\n"
    "4\t7\talarm/set\tI-time\n5\t,\talarm/set\tO\n6\tok\talarm/set\tO\n\n"
    "# text = hallo\n# intent = greet\n# slots: 0:5:word\n1\thallo\tgreet\tB-word\n\n"
)


def test_two_columns(tmp_path: Path) -> None:
    first, second = rows(tmp_path / "x.conll", TWO)
    assert first.text == "Anna Berg lebt in Bonn."
    assert mentions(first) == [("Anna Berg", "PER"), ("Bonn", "LOC")]
    assert first.tokens is not None
    assert [first.text[a:b] for a, b in first.tokens] == ["Anna", "Berg", "lebt", "in", "Bonn", "."]
    assert (second.text, second.spans, second.label) == ("Ja.", (), None)


def test_a_document_begins_a_sentence_with_an_empty_line_before_it_or_without(
    tmp_path: Path,
) -> None:
    marked = TWO + "\n-DOCSTART- O\n\nUlm B-LOC\n"
    whole = rows(tmp_path / "a.conll", marked)
    assert [row.text for row in whole] == ["Anna Berg lebt in Bonn.", "Ja.", "Ulm"]
    assert (
        rows(tmp_path / "b.conll", marked.replace("\n\n-DOCSTART- O\n\n", "\n-DOCSTART- O\n"))
        == whole
    )


def test_tabs_crlf_bom_and_trailing_spaces_change_nothing(tmp_path: Path) -> None:
    plain = rows(tmp_path / "a.conll", TWO)
    assert rows(tmp_path / "b.conll", "\ufeff" + TWO.replace("\n", "\r\n")) == plain
    assert rows(tmp_path / "c.conll", TWO.replace(" ", "\t")) == plain
    assert rows(tmp_path / "d.conll", TWO.replace(" ", "  ").replace("\n", " \n")) == plain


def test_four_columns_in_iob1_and_a_token_that_is_a_number_sign(tmp_path: Path) -> None:
    first, second = rows(tmp_path / "x.conll", FOUR)
    assert (first.text, mentions(first)) == ("Anna lives,", [("Anna", "PER")])
    assert mentions(second) == [("Bonn", "LOC"), ("Paris", "LOC")]
    assert second.text.startswith("# Bonn")


def test_xsid(tmp_path: Path) -> None:
    first, second = rows(tmp_path / "x.conll", XSID)
    assert first == Row(
        "u1",
        "de",
        "weck mich um 7, ok",
        label="alarm/set",
        spans=(Span(10, 14, "time"),),
        meta={"text-en": "wake me at 7, ok"},
        tokens=((0, 4), (5, 9), (10, 12), (13, 14), (14, 15), (16, 18)),
    )
    assert second.meta == {}  # the spans once more, at offsets that only this text has
    assert len(second.id) == 16


def test_conllu_multiword_tokens_are_tokens_where_they_have_a_form(tmp_path: Path) -> None:
    text = "# sent_id = s\n1-2\tzum\t_\n1\tzu\tO\n2\tdem\tO\n3\tHaus\tB-X\n\n"
    (row,) = rows(tmp_path / "x.conllu", text)
    assert (row.id, row.text, mentions(row)) == ("s", "zum Haus", [("Haus", "X")])
    assert row.tokens == ((0, 3), (4, 8))
    (row,) = rows(tmp_path / "x.conllu", text.replace("zum", "_"))
    assert (row.text, mentions(row)) == ("zu dem Haus", [("Haus", "X")])


def test_bilou_is_detected_and_a_scheme_can_be_said(tmp_path: Path) -> None:
    text = "a B-X\nb L-X\nc U-Y\n"
    (row,) = rows(tmp_path / "x.conll", text)
    assert mentions(row) == [("a b", "X"), ("c", "Y")]
    with pytest.raises(UserError, match=r"line 2: 'L-X' is not a tag of IOB2"):
        rows(tmp_path / "x.conll", text, scheme="iob2")
    with pytest.raises(UserError, match=r"no tagging scheme 'xyz'.*bilou"):
        rows(tmp_path / "x.conll", text, scheme="xyz")


def test_an_illegal_sequence_names_line_and_tags_or_is_repaired_and_counted(tmp_path: Path) -> None:
    text = TWO + "\nin O\nUlm I-LOC\n"
    with pytest.raises(
        UserError, match=r"x\.conll, line 14: I-LOC after O .*the tags are: O I-LOC"
    ):
        rows(tmp_path / "x.conll", text)
    corpus = open_corpus(tmp_path / "x.conll", task="tokens", lang="de", on_error="repair")
    (batch,) = corpus.batches()
    assert mentions(batch.rows[2]) == [("Ulm", "LOC")]
    assert batch.repaired == {"illegal-tag": 1}
    corpus = open_corpus(tmp_path / "x.conll", task="tokens", lang="de", on_error="skip")
    (batch,) = corpus.batches()
    assert (len(batch.rows), batch.rows_in) == (2, 3)
    assert batch.dropped[0].reason == "illegal-tag"
    assert "line 14" in batch.dropped[0].detail


def test_tokens_must_fit_the_text(tmp_path: Path) -> None:
    text = XSID.replace("# text = weck mich um 7, ok", "# text = weck ihn um 7, ok")
    with pytest.raises(UserError, match=r"line 6: token 'mich' does not fit the text"):
        rows(tmp_path / "x.conll", text)
    first, _ = rows(tmp_path / "x.conll", text, on_error="repair")
    assert first.text == "weck mich um 7, ok"
    longer = XSID.replace("7, ok\n# intent", "7, ok danke\n# intent")
    with pytest.raises(UserError, match="the end of the tokens does not fit"):
        rows(tmp_path / "x.conll", longer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\nb\n", r"line 2: columns: 1, where 2 were expected"),
        ("a O\nb x O\n", r"line 2: columns: 3, where 2 were expected"),
        ("a\nb\n", "the last of 1 columns has no tags"),
        ("a NN\nb VB\n", r"the last of 2 columns has no tags .* in 'a NN'"),
        ("\n\n", "there are no rows"),
        ("# id = 1\n", "there are no rows"),
        ("\tO\na\tO\n", "line 1: a token is empty"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        rows(tmp_path / "x.conll", text)


def test_columns_by_number_and_files_without_tags(tmp_path: Path) -> None:
    text = "O Anna x\nB-X Ulm y\n"
    (row,) = rows(tmp_path / "x.conll", text, columns=ColumnMapping(tokens="2", tags="1"))
    assert (row.text, mentions(row)) == ("Anna Ulm", [("Ulm", "X")])
    with pytest.raises(UserError, match="a number from 1 to 3"):
        rows(tmp_path / "x.conll", text, columns=ColumnMapping(tags="4"))
    (row,) = rows(tmp_path / "x.conll", "Anna\nUlm\n", labelled=False)
    assert (row.text, row.spans) == ("Anna Ulm", ())


def test_languages_without_spaces(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x.conll", "我 O\n在 O\n北京 B-LOC\n。 O\n", lang="zh")
    assert (row.text, mentions(row)) == ("我在北京。", [("北京", "LOC")])


def test_equal_sentences_get_ids_of_their_own_that_stay_when_the_file_grows(tmp_path: Path) -> None:
    text = "a O\n\n" * 3
    ids = [row.id for row in rows(tmp_path / "x.conll", text)]
    assert ids == [ids[0], f"{ids[0]}-2", f"{ids[0]}-3"]
    longer = [row.id for row in rows(tmp_path / "x.conll", text + "b O\n\n" + text)]
    assert longer[:3] == ids
    assert len(set(longer)) == 7


def test_all_of_xsid_is_read(tmp_path: Path) -> None:
    path = shared_data("xsid/en.train.conll.gz")
    corpus = open_corpus(path, task="tokens", lang="en", on_error="repair")
    repaired: Counter[str] = Counter()
    count = 0
    for batch in corpus.batches():
        count += len(batch.rows)
        repaired.update(batch.repaired)
    assert count == 43_605  # as many as `# id` lines
    assert repaired == {"illegal-tag": 397}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        assert file.read().count("# id = ") == count


def test_all_of_conll2003_is_read() -> None:
    path = shared_data("conll-ner/en.train.tsv")
    found = list(open_corpus(path, task="tokens", lang="en").rows())
    assert len(found) == 14_041  # the published number of sentences
    # The published numbers of names: LOC 7140, MISC 3438, ORG 6321, PER 6600.
    assert sum(len(row.spans) for row in found) == 7140 + 3438 + 6321 + 6600
