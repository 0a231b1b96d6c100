"""brat's standoff files."""

from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.records import Span
from tests.helpers.json_lines import read_batch, read_rows

TEXT = "left and right arm\nof Anna"
ANN = (
    "T1\tPERSON 22 26\tAnna\n"
    "T2\tPART 9 21\tright arm of\n"
    "R1\tof Arg1:T1 Arg2:T2\n"
    "A1\tSide T2 right\n"
    "#1\tAnnotatorNotes T2\tnote\n"
)


def write(folder: Path, name: str, text: str, ann: str | None) -> Path:
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    if ann is not None:
        (folder / f"{name}.ann").write_text(ann, encoding="utf-8")
    return folder / f"{name}.ann"


def test_a_pair_of_files_by_either_name_and_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path, "doc", TEXT, ANN)
    for given in (path, path.with_suffix(".txt"), tmp_path):
        (row,) = read_rows(given, "tokens")
        assert (row.id, row.text) == ("doc", TEXT)
        assert row.spans == (Span(22, 26, "PERSON"), Span(9, 21, "PART"))


def test_a_folder_has_names_by_its_folders_and_texts_without_annotations(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "a", "x", TEXT, "")
    write(tmp_path, "y", TEXT, None)
    batch = read_batch(tmp_path, "tokens")
    assert [(row.id, row.spans) for row in batch.rows] == [("a/x", ())]
    assert [(d.row.id, d.reason) for d in batch.dropped] == [("y", "not-annotated")]


def test_pieces_on_both_sides_of_a_line_break_are_one_span(tmp_path: Path) -> None:
    path = write(tmp_path, "doc", TEXT, "T1\tPART 9 18;19 21\tright arm of\n")
    assert read_rows(path, "tokens")[0].spans == (Span(9, 21, "PART"),)


def test_discontinuous_spans_are_bad_rows_or_repaired(tmp_path: Path) -> None:
    path = write(tmp_path, "doc", TEXT, "T1\tPART 0 4;15 18\tleft arm\n")
    with pytest.raises(UserError, match=r"doc\.ann: line 1: 'left arm' is in 2 pieces.*repair"):
        read_rows(path, "tokens")
    batch = read_batch(path, "tokens", on_error="skip")
    assert batch.dropped[0].reason == "discontinuous-span"
    batch = read_batch(path, "tokens", on_error="repair")
    assert batch.rows[0].spans == (Span(0, 4, "PART"), Span(15, 18, "PART"))
    assert batch.repaired == {"discontinuous-span": 1}


@pytest.mark.parametrize(
    ("ann", "message"),
    [
        ("T1\tPERSON 22 26\tRome\n", "line 1: the text there is 'Anna', not 'Rome'"),
        ("T1\tPERSON 22 99\tAnna\n", "line 1: not within the text of 26 characters"),
        ("\nT1 PERSON 22 26 Anna\n", "line 2: not an entity of brat"),
    ],
)
def test_what_does_not_fit_names_the_line(tmp_path: Path, ann: str, message: str) -> None:
    path = write(tmp_path, "doc", TEXT, ann)
    with pytest.raises(UserError, match=message):
        read_rows(path, "tokens")


def test_a_missing_text_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "doc", TEXT, ANN)
    path.with_suffix(".txt").unlink()
    with pytest.raises(UserError, match=r"doc\.txt: no such file"):
        read_rows(path, "tokens")
