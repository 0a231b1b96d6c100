"""What is written for annotation tools is read back equal, and is what the tools read."""

import bz2
import json
import lzma
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corpora.errors import MissingExtraError, UserError
from corpora.readers import open_corpus
from corpora.records import Provenance, Row, Span
from corpora.writers import write_corpus
from tests.helpers.row_strategies import rows, unique_by_id

A_FEW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ROW = Row("7", "en", "😀 Oslo is in Norway", spans=(Span(2, 6, "city"), Span(13, 19, "country")))


def back(path: Path, task: str, **options: object) -> list[Row]:
    return list(open_corpus(path, task=task, **options).rows())  # type: ignore[arg-type]


@given(some=st.lists(rows(), min_size=1, max_size=5).map(unique_by_id))
@A_FEW
def test_a_json_list_keeps_everything(tmp_path: Path, some: list[Row]) -> None:
    write_corpus(some, tmp_path / "x.json", task="tokens")
    assert back(tmp_path / "x.json", "tokens") == some


@pytest.mark.parametrize("name", ["doccano", "label-studio", "argilla", "prodigy"])
@given(some=st.lists(rows(synthetic=False), min_size=1, max_size=4).map(unique_by_id))
@A_FEW
def test_tools_keep_spans_and_ids(tmp_path: Path, name: str, some: list[Row]) -> None:
    some = [replace(row, text_pair=None, target=None, meta={}) for row in some]
    write_corpus(some, tmp_path / "x", format=name, task="tokens")
    assert back(tmp_path / "x", "tokens", format=name) == some


@pytest.mark.parametrize("name", ["doccano", "label-studio", "argilla", "prodigy"])
@given(some=st.lists(rows(synthetic=False), min_size=1, max_size=4).map(unique_by_id))
@A_FEW
def test_tools_keep_classes(tmp_path: Path, name: str, some: list[Row]) -> None:
    some = [
        replace(row, text_pair=None, target=None, spans=(), meta={}, label=row.label or "none")
        for row in some
    ]
    write_corpus(some, tmp_path / "x", format=name, task="classification")
    assert back(tmp_path / "x", "classification", format=name) == some


@pytest.mark.parametrize("name", ["doccano", "label-studio", "argilla"])
def test_tools_keep_pairs_and_free_text(tmp_path: Path, name: str) -> None:
    pair = Row("1", "de", "Es regnet.", "Es ist nass.", "entailment")
    write_corpus([pair], tmp_path / "pairs", format=name, task="pair")
    assert back(tmp_path / "pairs", "pair", format=name) == [pair]
    summary = Row("1", "de", "Es regnet.", target="Regen")
    write_corpus([summary], tmp_path / "texts", format=name, task="text")
    assert back(tmp_path / "texts", "text", format=name) == [summary]


@pytest.mark.parametrize("name", ["json", "doccano", "label-studio", "argilla", "prodigy"])
def test_what_was_projected_keeps_its_source(tmp_path: Path, name: str) -> None:
    made = Provenance("7", "en", "In Oslo.", "translate-train", "m@0", -0.5,
                      source_spans=(Span(3, 7, "city"),), scores={"ratio": 1.0})  # fmt: skip
    row = Row("7", "de", "In Oslo", spans=(Span(3, 7, "city", None, 0.9),), meta={"a": "b"},
              split="test", provenance=made)  # fmt: skip
    write_corpus([row], tmp_path / "x", format=name, task="tokens")
    (read,) = back(tmp_path / "x", "tokens", format=name)
    assert (read.text, read.split, read.meta.get("a")) == ("In Oslo", "test", "b")
    assert [(s.start, s.end, s.label) for s in read.spans] == [(3, 7, "city")]
    assert read.provenance == made


def test_label_studio_counts_utf16_and_has_projected_labels_as_predictions(tmp_path: Path) -> None:
    made = replace(ROW, provenance=Provenance("7", "en", "Oslo", "projection", "m@0"))
    write_corpus([ROW, replace(made, id="8")], tmp_path / "x", format="label-studio", task="tokens")
    task, projected = json.loads((tmp_path / "x").read_text(encoding="utf-8"))
    assert task["annotations"][0]["result"][0]["value"] == {
        "start": 3, "end": 7, "text": "Oslo", "labels": ["city"],
    }  # fmt: skip
    assert projected["predictions"][0]["model_version"] == "m@0"
    assert "annotations" not in projected


def test_prodigy_spans_name_their_tokens(tmp_path: Path) -> None:
    row = replace(ROW, tokens=((0, 1), (2, 6), (7, 9), (10, 12), (13, 19)))
    write_corpus([row], tmp_path / "x.jsonl", format="prodigy", task="tokens")
    value = json.loads((tmp_path / "x.jsonl").read_text(encoding="utf-8"))
    assert value["answer"] == "accept"
    assert [(s["token_start"], s["token_end"]) for s in value["spans"]] == [(1, 1), (4, 4)]
    assert value["tokens"][1] == {"text": "Oslo", "start": 2, "end": 6, "id": 1}


@given(some=st.lists(rows(synthetic=False), min_size=1, max_size=3).map(unique_by_id))
@A_FEW
def test_brat_keeps_texts_and_spans(tmp_path: Path, some: list[Row]) -> None:
    from tempfile import mkdtemp

    folder = Path(mkdtemp(dir=tmp_path))
    plain = [
        Row(f"d{n}", "de", row.text, spans=tuple(s for s in row.spans if _fits(row, s)))
        for n, row in enumerate(some)
        if not row.text.startswith("\ufeff")
    ]
    assume(plain)
    write_corpus(plain, folder, format="brat", task="tokens")
    assert back(folder, "tokens", lang="de") == plain


def _fits(row: Row, span: Span) -> bool:
    """Whether brat can hold a span: what it leaves out at line breaks are these alone."""
    text = row.text[span.start : span.end]
    return "\n" not in text and "\r" not in text and bool(text.strip())


def test_brat_writes_a_span_over_lines_in_pieces_and_ids_as_names(tmp_path: Path) -> None:
    row = Row("a/b", "en", "New\nYork", spans=(Span(0, 8, "my city"),))
    report = write_corpus([row, replace(row, id="a b")], tmp_path / "x.brat", task="tokens")
    assert report.notes == {"id-changed": 2, "label-separator-made-underscore": 2}
    names = sorted(path.name for path in (tmp_path / "x.brat").iterdir())
    assert names == ["a_b.ann", "a_b.txt", "a_b_2.ann", "a_b_2.txt"]
    assert (tmp_path / "x.brat" / "a_b.ann").read_text() == "T1\tmy_city 0 3;4 8\tNew York\n"
    (first, _) = back(tmp_path / "x.brat", "tokens")
    assert first.spans == (Span(0, 8, "my_city"),)


def test_brat_does_not_replace_a_folder_that_has_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match="there already"):
        write_corpus([ROW], tmp_path, format="brat", task="tokens")
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_docbin_needs_spacy_or_is_read_by_it(tmp_path: Path) -> None:
    path = tmp_path / "x.spacy"
    nested = Row("9", "en", "University of Oslo",
                 spans=(Span(0, 18, "org"), Span(14, 18, "city")), label="fact")  # fmt: skip
    inside = Row("8", "en", "Oslo's  fjord", spans=(Span(0, 2, "half"),), label="other")
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError:
        with pytest.raises(MissingExtraError, match="spacy"):
            write_corpus([ROW], path, task="tokens")
        return
    write_corpus([ROW, nested, inside], path, task="tokens")
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
    assert [doc.text for doc in docs] == [ROW.text, nested.text, inside.text]
    assert [(e.start_char, e.end_char, e.label_) for e in docs[0].ents] == [
        (2, 6, "city"), (13, 19, "country"),
    ]  # fmt: skip
    assert [(s.start_char, s.end_char, s.label_) for s in docs[1].spans["sc"]] == [
        (0, 18, "org"), (14, 18, "city"),
    ]  # fmt: skip
    assert docs[1].cats == {"fact": 1.0, "other": 0.0}
    assert [(e.start_char, e.end_char) for e in docs[2].ents] == [(0, 2)]
    assert docs[0].user_data["id"] == "7"


def test_bzip2_and_xz_are_written(tmp_path: Path) -> None:
    write_corpus([ROW], tmp_path / "x.jsonl.bz2")
    write_corpus([ROW], tmp_path / "x.jsonl.xz")
    packed = bz2.decompress((tmp_path / "x.jsonl.bz2").read_bytes())
    assert packed == lzma.decompress((tmp_path / "x.jsonl.xz").read_bytes())
    assert json.loads(packed)["id"] == "7"
    with pytest.raises(UserError, match="zip is read only"):
        write_corpus([ROW], tmp_path / "x.jsonl.zip")
