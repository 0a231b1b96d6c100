"""SQuAD's JSON where it is partly bad, or not SQuAD."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpora.batches import dropped_to_batch, rows_to_batch
from corpora.errors import UserError
from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Row, Span


def read(path: Path, task: str = "qa", on_error: str = "error") -> list[Row]:
    return list(open_corpus(path, task=task, lang="de", on_error=on_error).rows())


def batch_of(path: Path, task: str = "qa", on_error: str = "skip") -> CorpusBatch:
    (batch,) = open_corpus(path, task=task, lang="de", on_error=on_error).batches()
    rows_to_batch(batch.rows)
    dropped_to_batch(batch.dropped)
    return batch


TEXT = "Anna lebt in Ulm."
GOOD = {"id": "g", "question": "Wo?", "answers": [{"text": "Ulm", "answer_start": 13}]}


def article(*questions: Any, **changes: Any) -> dict[str, Any]:
    return {"title": "T", "paragraphs": [{"context": TEXT, "qas": list(questions)} | changes]}


@pytest.mark.parametrize(
    ("bad", "reason", "message"),
    [
        (5, "not-squad", "not SQuAD: an article is not an object: 5"),
        ("abc", "not-squad", "not SQuAD: an article is not an object: 'abc'"),
        ({}, "not-squad", "not SQuAD: no 'paragraphs' where it belongs"),
        ({"paragraphs": 5}, "not-squad", "'paragraphs' is not a list: 5"),
        ({"paragraphs": [5]}, "not-squad", "a paragraph is not an object: 5"),
        ({"paragraphs": [{"context": TEXT}]}, "not-squad", "no 'qas' where it belongs"),
        (article(qas={"id": 1}), "not-squad", "'qas' is not a list: {'id': 1}"),
        (article(7), "not-squad", "a question is not an object: 7"),
        (article(GOOD, context=None), "not-text", "'context' is not a string: None"),
        (article({"question": "Wo?"}), "missing-field", "not SQuAD: no 'id' where it belongs"),
        (article(GOOD | {"id": None}), "not-text", "'id' is not a string: None"),
        (article(GOOD | {"id": ["g"]}), "not-text", "'id' is not a string: ['g']"),
        (article(GOOD | {"question": 5}), "not-text", "'question' is not a string: 5"),
        (article(GOOD | {"question": " "}), "empty-text", "the question is empty"),
        (article(GOOD | {"answers": 5}), "bad-spans", "the spans are not a list: 5"),
        (article(GOOD | {"answers": [5]}), "bad-spans", "no 'text' and 'answer_start': 5"),
        (article(GOOD | {"answers": [[0, 1, "x"]]}), "bad-spans", "an answer has no 'text'"),
        (article(GOOD | {"answers": [{"text": "Ulm"}]}), "bad-spans", "an answer has no 'text'"),
        (
            article(GOOD | {"answers": [{"start": 0, "end": 1, "label": "answer"}]}),
            "bad-spans",
            "an answer has no 'text'",
        ),
        (
            article(GOOD | {"answers": {"text": ["Ulm"], "answer_start": []}}),
            "bad-spans",
            "lists of unlike lengths",
        ),
        (article(GOOD) | {"title": "\ud83d"}, "lone-surrogate", "half of a surrogate pair"),
    ],
)
def test_what_is_bad_is_dropped_and_everything_else_is_read(
    tmp_path: Path, bad: Any, reason: str, message: str
) -> None:
    path = tmp_path / "x.json"
    last = article(GOOD | {"id": "h"})
    path.write_text(json.dumps({"data": [article(GOOD | {"id": 1}), bad, last]}), "utf-8")
    for how in ("error", "repair"):
        if (how, reason) == ("repair", "lone-surrogate"):
            continue
        with pytest.raises(UserError) as caught:
            read(path, on_error=how)
        assert caught.value.row == 2
        assert message in str(caught.value)
    batch = batch_of(path)
    assert [row.id for row in batch.rows] == ["1", "h"]
    assert [(d.reason, d.row.id != "") for d in batch.dropped] == [(reason, True)]
    assert message in batch.dropped[0].detail


def test_every_bad_question_of_a_paragraph_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    bad = [5, {"question": "a"}, GOOD | {"question": None}, GOOD]
    path.write_text(json.dumps({"data": [article(*bad)]}), "utf-8")
    batch = batch_of(path)
    assert (len(batch.rows), batch.rows_in) == (1, 4)
    assert [d.detail.split(":")[0] for d in batch.dropped] == ["row 1", "row 2", "row 3"]


@pytest.mark.parametrize("title", [5, 0, ["a"], {"a": 1}, True])
def test_a_title_that_is_no_text_is_kept_as_json(tmp_path: Path, title: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"data": [article(GOOD) | {"title": title}]}), "utf-8")
    assert batch_of(path).rows[0].meta == {"title": json.dumps(title)}


@pytest.mark.parametrize(
    "answers",
    [
        [{"text": "Ulm", "answer_start": 12}],
        {"text": ["Ulm"], "answer_start": [12]},
        '[{"text": "Ulm", "answer_start": 12}]',
    ],
)
def test_answers_in_every_shape_are_moved(tmp_path: Path, answers: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"data": [article(GOOD | {"answers": answers})]}), "utf-8")
    batch = batch_of(path, on_error="repair")
    assert batch.rows[0].spans == (Span(13, 16, "answer"),)
    assert batch.repaired == {"answer-moved": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"text": 5, "answer_start": 0},
        {"text": "Ulm", "answer_start": "0"},
        {"text": "Bonn", "answer_start": 0},
    ],
)
def test_answers_that_cannot_be_moved_are_told_as_they_are(tmp_path: Path, other: Any) -> None:
    path = tmp_path / "x.json"
    answers = [{"text": "Ulm", "answer_start": 12}, other]
    path.write_text(json.dumps({"data": [article(GOOD | {"answers": answers})]}), "utf-8")
    with pytest.raises(UserError, match="row 1: at 12:15 the text is ' Ul', not 'Ulm'"):
        read(path, on_error="repair")


def test_an_answer_is_moved_to_the_nearest_place_even_where_places_overlap(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    question = GOOD | {"answers": [{"text": "aba", "answer_start": 3}]}
    path.write_text(json.dumps({"data": [article(question, context="ababa!")]}), "utf-8")
    assert batch_of(path, on_error="repair").rows[0].spans == (Span(2, 5, "answer"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"data": []} {"data": []}', "line 1: not JSON: more after its end"),
        ('{"data": [{"paragraphs": []}\n {"paragraphs": []}]}', "line 2: not JSON: ',' expected"),
        ('{"data": []\n "version": 1}', "line 2: not JSON: ',' expected"),
        ('{"n": ' + "1" * 5_000 + ', "data": []}', "line 1: not JSON: Exceeds the limit"),
    ],
)
def test_what_is_no_json_is_reported(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        batch_of(path)


def test_a_question_without_answers_is_unlabelled_and_not_impossible(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    bare = {"id": "b", "question": "Wer?"}
    impossible = {"id": "i", "question": "Wann?", "is_impossible": True}
    path.write_text(json.dumps({"data": [article(bare, impossible, GOOD)]}))
    with pytest.raises(UserError, match="row 1: the question has no 'answers': it is not labelled"):
        read(path)
    batch = batch_of(path)
    assert [d.reason for d in batch.dropped] == ["missing-label"]
    assert [(row.id, len(row.spans)) for row in batch.rows] == [("i", 0), ("g", 1)]
    rows = open_corpus(path, task="qa", labelled=False).rows()
    assert [row.id for row in rows] == ["b", "i", "g"]
    table = tmp_path / "x.jsonl"
    question = {"context": TEXT, "question": "Wo?"}
    table.write_text(
        "".join(json.dumps(question | more) + "\n" for more in ({"answers": []}, {"answers": None}))
    )
    with pytest.raises(UserError, match="line 2: there is no 'answers'"):
        read(table)


def test_answers_keep_their_order_and_float_offsets_are_integers(tmp_path: Path) -> None:
    answers = [{"text": "Ulm", "answer_start": 13.0}, {"text": "Anna", "answer_start": 0.0}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"data": [article(GOOD | {"id": 7.0, "answers": answers})]}))
    (row,) = read(path)
    assert (row.id, [(s.start, s.end) for s in row.spans]) == ("7", [(13, 16), (0, 4)])
