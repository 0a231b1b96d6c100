"""`labelferry project` on real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.cli.main import main

ENGLISH = """\
Anna	B-PER
lives	O
in	O
Rome	B-LOC
.	O

The	O
car	O
of	O
Peter	B-PER
Smith	I-PER
is	O
red	O
.	O

Rome	B-LOC
is	O
red	O
.	O
"""
GERMAN = ["Anna wohnt in Rom.", "Das Auto von Peter Smith ist rot.", "Rom ist rot."]
EXPECTED = [[("Anna", "PER"), ("Rom", "LOC")], [("Peter Smith", "PER")], [("Rom", "LOC")]]


@pytest.fixture
def english(tmp_path: Path) -> Path:
    path = tmp_path / "en.conll"
    path.write_text(ENGLISH, encoding="utf-8")
    return path


@pytest.fixture
def german(tmp_path: Path) -> Path:
    path = tmp_path / "de.txt"
    path.write_text("\n".join(GERMAN) + "\n", encoding="utf-8")
    return path


def project(english: Path, targets: Path, out: Path, *more: str) -> int:
    return main(
        ["project", str(english), "--targets", str(targets), "--source", "en", "--target", "de",
         "--out", str(out), *more]
    )  # fmt: skip


def labelled(path: Path) -> list[list[tuple[str, str]]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [[(r["text"][s["start"] : s["end"]], s["label"]) for s in r["spans"]] for r in rows]


def test_lines(english: Path, german: Path, tmp_path: Path) -> None:
    assert project(english, german, tmp_path / "out.jsonl") == 0
    assert labelled(tmp_path / "out.jsonl") == EXPECTED
    row = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert row["lang"] == "de"
    assert {p.name for p in tmp_path.iterdir()} == {"en.conll", "de.txt", "out.jsonl"}


def test_rows_with_the_same_ids_in_another_order(english: Path, tmp_path: Path) -> None:
    source = tmp_path / "en.jsonl"
    rows = [
        {"id": "a", "text": "Anna sleeps", "spans": [{"start": 0, "end": 4, "label": "PER"}]},
        {"id": "b", "text": "see Rome", "spans": [{"start": 4, "end": 8, "label": "LOC"}]},
    ]
    source.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    targets = tmp_path / "de.jsonl"
    target_rows = [{"id": "b", "text": "sieh Rom"}, {"id": "a", "text": "Anna schläft"}]
    targets.write_text("".join(json.dumps(r) + "\n" for r in target_rows), encoding="utf-8")
    assert project(source, targets, tmp_path / "out.jsonl") == 0
    assert labelled(tmp_path / "out.jsonl") == [[("Anna", "PER")], [("Rom", "LOC")]]


def test_conll_keeps_the_tokens_of_the_translation(english: Path, tmp_path: Path) -> None:
    targets = tmp_path / "de.conll"
    targets.write_text(
        "Anna O\nwohnt O\nin O\nRom. O\n\nDas O\nAuto O\nvon O\nPeter O\nSmith O\nist O\nrot. O\n\n"
        "Rom O\nist O\nrot. O\n",
        encoding="utf-8",
    )
    assert project(english, targets, tmp_path / "out.conll") == 0
    lines = (tmp_path / "out.conll").read_text(encoding="utf-8").splitlines()
    body = [line for line in lines if line and not line.startswith("#")]
    assert body == [
        "Anna\tB-PER", "wohnt\tO", "in\tO", "Rom.\tB-LOC",
        "Das\tO", "Auto\tO", "von\tO", "Peter\tB-PER", "Smith\tI-PER", "ist\tO", "rot.\tO",
        "Rom\tB-LOC", "ist\tO", "rot.\tO",
    ]  # fmt: skip


def test_given_links_are_followed(english: Path, german: Path, tmp_path: Path) -> None:
    links = tmp_path / "a.talp"
    # The links of the first row are wrong on purpose: Rome goes to "wohnt".
    links.write_text("0-0 3-1\n0-0 1-1 2-2 3-3 4-4 5-5 6-6\n0-0\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    assert project(english, german, out, "--alignments", str(links)) == 0
    assert labelled(out)[0][1][0].startswith("wohnt")


def test_what_cannot_be_placed_drops_its_row(english: Path, tmp_path: Path) -> None:
    targets = tmp_path / "de.txt"
    targets.write_text("Anna wohnt in Rom.\n!\nRom ist rot.\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    more = ["--complete", "source", "--min-confidence", "0.5"]
    assert project(english, targets, out, *more) == 0
    dropped = (tmp_path / "out.jsonl.dropped.jsonl").read_text(encoding="utf-8").splitlines()
    kept = labelled(out)
    assert len(kept) + len(dropped) == 3
    assert any(json.loads(row)["text"] == "!" for row in dropped)
    assert json.loads(dropped[0])["meta"]["drop_reason"] == "unplaced-span"
    assert project(english, targets, out, "--unplaced", "drop-span", *more) == 0
    assert len(labelled(out)) == 3


@pytest.mark.parametrize("projector", ["aligned", "candidate"])
def test_spans_below_the_minimum_confidence_are_not_placed(
    english: Path, german: Path, tmp_path: Path, projector: str
) -> None:
    out = tmp_path / "out.jsonl"
    more = ["--projector", projector, "--unplaced", "drop-span"]
    assert project(english, german, out, *more) == 0
    assert any(labelled(out))
    assert project(english, german, out, *more, "--min-confidence", "1") == 0
    assert labelled(out) == [[], [], []]


def write_jsonl(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


QUESTION = {
    "id": "1",
    "text": "Rome is in Italy.",
    "text_pair": "Where is Rome?",
    "spans": [{"start": 11, "end": 16, "label": "answer"}],
}


@pytest.mark.parametrize("unplaced", ["drop-row", "drop-span"])
def test_a_question_never_becomes_unanswerable(tmp_path: Path, unplaced: str) -> None:
    again = {**QUESTION, "id": "2", "spans": []}
    source = write_jsonl(tmp_path / "en.jsonl", QUESTION, again)
    targets = write_jsonl(
        tmp_path / "de.jsonl",
        {"id": "1", "text": "!!!", "text_pair": "Wo ist Rom?"},
        {"id": "2", "text": "Rom liegt in Italien.", "text_pair": "Wo ist Rom?"},
    )
    out = tmp_path / "out.jsonl"
    links = tmp_path / "a.talp"
    links.write_text("\n0-0 1-1 2-2 3-3\n", encoding="utf-8")
    more = ["--task", "qa", "--unplaced", unplaced, "--alignments", str(links)]
    assert project(source, targets, out, *more) == 0
    assert [row["id"] for row in read_jsonl(out)] == ["2"]
    (dropped,) = read_jsonl(tmp_path / "out.jsonl.dropped.jsonl")
    assert dropped["id"] == "1" and dropped["meta"]["drop_reason"] == "unplaced-span"


def test_one_answer_of_several_is_enough(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 4, "label": "answer"}, *QUESTION["spans"]]  # type: ignore[misc]
    source = write_jsonl(tmp_path / "en.jsonl", {**QUESTION, "spans": spans})
    targets = write_jsonl(
        tmp_path / "de.jsonl", {"id": "1", "text": "Rom ist dort", "text_pair": "Wo?"}
    )
    out = tmp_path / "out.jsonl"
    links = tmp_path / "a.talp"
    links.write_text("0-0\n", encoding="utf-8")
    assert project(source, targets, out, "--task", "qa", "--alignments", str(links)) == 0
    assert labelled(out) == [[("Rom", "answer")]]
    assert read_jsonl(out)[0]["text_pair"] == "Wo?"


@pytest.mark.parametrize(
    ("task", "more", "name"),
    [
        ("pair", {"text_pair": "A dog", "label": "yes"}, "text_pair"),
        ("qa", {"text_pair": "What?", "spans": []}, "text_pair"),
        ("text", {"target": "Dog story"}, "target"),
    ],
)
def test_no_text_of_a_row_stays_in_the_source_language(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    task: str,
    more: dict[str, object],
    name: str,
) -> None:
    source = write_jsonl(tmp_path / "en.jsonl", {"id": "7", "text": "A dog barks.", **more})
    lines, out = tmp_path / "de.txt", tmp_path / "out.jsonl"
    lines.write_text("Ein Hund bellt.\n", encoding="utf-8")
    assert project(source, lines, out, "--task", task) == 2
    error = capsys.readouterr().err
    assert f"{lines}: no translation of the " in error
    assert "row '7'" in error and f"`{name}`" in error
    assert not out.exists()
    german = {"id": "7", "text": "Ein Hund bellt.", name: "Hundegeschichte"}
    targets = write_jsonl(tmp_path / "de.jsonl", german)
    assert project(source, targets, out, "--task", task) == 0
    (row,) = read_jsonl(out)
    assert (row["lang"], row[name]) == ("de", "Hundegeschichte")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("nur eine Zeile\n", "1 translations for 3 rows"),
        ("a\n\nc\n", "line 2.*empty translation"),
        (None, "no such file"),
    ],
)
def test_mistakes(
    english: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    targets: str | None,
    message: str,
) -> None:
    path = tmp_path / "de.txt"
    if targets is not None:
        path.write_text(targets, encoding="utf-8")
    assert project(english, path, tmp_path / "out.jsonl") == 2
    error = capsys.readouterr().err
    import re

    assert re.search(f"de.txt.*{message}", error), error
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("out.foo", [], "cannot be detected from the name"),
        ("out.jsonl", ["--out-format", "bar"], "no format 'bar' to write"),
        ("out.json", ["--out-format", "squad"], "cannot hold rows for the task 'tokens'"),
    ],
)
def test_an_output_that_cannot_be_written_is_reported_before_the_input_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, more: list[str], message: str
) -> None:
    missing = tmp_path / "missing.jsonl"
    assert project(missing, missing, tmp_path / name, *more) == 2
    assert message in capsys.readouterr().err


def test_links_beyond_the_text_are_a_mistake(
    english: Path, german: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = tmp_path / "a.talp"
    links.write_text("0-0\n0-99\n0-0\n", encoding="utf-8")
    assert project(english, german, tmp_path / "o.jsonl", "--alignments", str(links)) == 2
    assert "a.talp, line 2: link 0-99" in capsys.readouterr().err
