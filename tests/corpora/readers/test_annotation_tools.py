"""Exports of annotation tools as the tools write them: which format they are, and their rows."""

import json
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Row, Span
from tests.helpers.json_lines import read_batch, read_rows, write_json_lines

TEXT = "Anna flew to Oslo"
SPANS = (Span(0, 4, "PER"), Span(13, 17, "LOC"))


def as_list(path: Path, *records: object) -> Path:
    """Write records as a JSON list."""
    path.write_text(json.dumps(list(records), indent=1), encoding="utf-8")
    return path


def the_row(path: Path, format: str, task: str = "tokens", **options: object) -> Row:
    """The only row of a file whose format is recognised as `format`."""
    corpus = open_corpus(path, task=task, **options)  # type: ignore[arg-type]
    assert corpus.format.name == format
    (row,) = corpus.rows()
    return row


def test_doccano_spans_of_both_versions(tmp_path: Path) -> None:
    old = {"id": 3, "text": TEXT, "label": [[0, 4, "PER"], [13, 17, "LOC"]], "Comments": []}
    row = the_row(write_json_lines(tmp_path / "a.jsonl", old), "doccano")
    assert (row.id, row.spans, row.label, row.meta) == ("3", SPANS, None, {})
    entities = [
        {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 4},
        {"id": 2, "label": "LOC", "start_offset": 13, "end_offset": 17},
    ]
    new = {"id": 3, "text": TEXT, "entities": entities, "relations": [], "Comments": []}
    assert the_row(write_json_lines(tmp_path / "b.jsonl", new), "doccano").spans == SPANS


def test_doccano_classes(tmp_path: Path) -> None:
    done = {"id": 1, "text": TEXT, "label": ["travel"], "Comments": []}
    undone = {"id": 2, "text": "?", "label": [], "Comments": []}
    path = write_json_lines(tmp_path / "a.jsonl", done, undone)
    batch = read_batch(path, "classification")
    assert [(row.id, row.label) for row in batch.rows] == [("1", "travel")]
    assert [(d.row.id, d.reason) for d in batch.dropped] == [("2", "not-annotated")]


def test_prodigy_takes_what_was_accepted(tmp_path: Path) -> None:
    spans = [{"start": 13, "end": 17, "label": "LOC", "token_start": 3, "token_end": 3}]
    example = {"text": TEXT, "_input_hash": 1, "_task_hash": 2, "spans": spans, "meta": {"s": 1}}
    tokens = [{"text": "Anna", "start": 0, "end": 4, "id": 0}]
    path = write_json_lines(
        tmp_path / "a.jsonl",
        example | {"answer": "accept", "tokens": tokens},
        example | {"answer": "reject"},
        example | {"answer": "ignore"},
    )
    batch = read_batch(path, "tokens")
    (row,) = batch.rows
    assert (row.spans, row.tokens, row.meta) == ((Span(13, 17, "LOC"),), ((0, 4),), {"s": "1"})
    assert [d.reason for d in batch.dropped] == ["answer-reject", "answer-ignore"]
    assert batch.rows_in == 3


def test_prodigy_choices_and_labels(tmp_path: Path) -> None:
    options = [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]
    path = write_json_lines(
        tmp_path / "a.jsonl",
        {"text": "x", "options": options, "accept": ["b"], "answer": "accept"},
        {"text": "y", "label": "c", "answer": "accept"},
    )
    assert [row.label for row in read_rows(path)] == ["b", "c"]


@pytest.mark.parametrize(
    "record",
    [
        [TEXT, {"entities": [[0, 4, "PER"], [13, 17, "LOC"]]}],
        {
            "text": TEXT,
            "ents": [
                {"start": 0, "end": 4, "label": "PER"},
                {"start": 13, "end": 17, "label": "LOC"},
            ],
            "sents": [{"start": 0, "end": 17}],
            "tokens": [{"id": 0, "start": 0, "end": 4}],
        },
    ],
)
def test_spacy_tuples_and_documents(tmp_path: Path, record: object) -> None:
    assert the_row(as_list(tmp_path / "a.json", record), "spacy").spans == SPANS
    assert the_row(write_json_lines(tmp_path / "a.jsonl", record), "spacy").spans == SPANS


def test_spacy_annotations_in_an_object_and_categories(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"classes": ["PER"], "annotations": [[TEXT, {"entities": [[0, 4, "PER"]]}]]})
    )
    assert the_row(tmp_path / "a.json", "spacy").spans == SPANS[:1]
    path = as_list(tmp_path / "b.json", [TEXT, {"cats": {"travel": 1.0, "work": 0.0}}])
    assert the_row(path, "spacy", "classification").label == "travel"


def label_studio_task(text: str, *spans: tuple[int, int, str], **more: object) -> dict[str, object]:
    result = [
        {"type": "labels", "from_name": "l", "to_name": "t", "value":
         {"start": a, "end": b, "text": text[a:b], "labels": [label]}}
        for a, b, label in spans
    ]  # fmt: skip
    return {"id": 5, "data": {"text": text}, "annotations": [{"result": result}], **more}


def test_label_studio_counts_utf16(tmp_path: Path) -> None:
    task = label_studio_task("x", (0, 1, "a"))
    task["data"] = {"text": "😀 Oslo"}
    value = task["annotations"][0]["result"][0]["value"]  # type: ignore[index]
    value |= {"start": 3, "end": 7, "text": "Oslo"}
    row = the_row(as_list(tmp_path / "a.json", task), "label-studio")
    assert (row.id, row.spans) == ("5", (Span(2, 6, "a"),))
    value |= {"text": "Rome"}
    with pytest.raises(UserError, match="row 1: at 2:6 the text is 'Oslo', not 'Rome'"):
        read_rows(as_list(tmp_path / "a.json", task), "tokens")


def test_label_studio_chooses_among_annotations(tmp_path: Path) -> None:
    good, other = ({"result": label_studio_task(TEXT, (*at, "x"))["annotations"][0]["result"]}  # type: ignore[index]
                   for at in ((0, 4), (13, 17)))  # fmt: skip
    task = label_studio_task(TEXT)
    tasks = [
        task | {"id": 1, "annotations": [other, good | {"ground_truth": True}]},
        task | {"id": 2, "annotations": [other | {"was_cancelled": True}, good]},
        task | {"id": 3, "annotations": [other | {"was_cancelled": True}]},
        task | {"id": 4, "annotations": [], "predictions": [good | {"score": 0.5}]},
        task | {"id": 5, "annotations": [], "predictions": []},
    ]
    batch = read_batch(as_list(tmp_path / "a.json", *tasks), "tokens")
    assert [(row.id, row.spans) for row in batch.rows] == [
        (name, (Span(0, 4, "x"),)) for name in ("1", "2", "4")
    ]
    assert batch.rows[2].meta == {"label_source": "prediction"}
    assert [d.reason for d in batch.dropped] == ["skipped", "not-annotated"]


def test_label_studio_classes_and_json_min(tmp_path: Path) -> None:
    task = label_studio_task(TEXT)
    choice = {"type": "choices", "value": {"choices": ["travel"]}}
    task |= {"data": {"body": TEXT, "url": "u"}, "annotations": [{"result": [choice]}]}
    path = as_list(tmp_path / "a.json", task)
    with pytest.raises(UserError, match=r"no field 'text'.*--columns"):
        read_rows(path)
    from corpora.readers import ColumnMapping

    row = the_row(path, "label-studio", "classification", columns=ColumnMapping(text="body"))
    assert (row.text, row.label, row.meta) == (TEXT, "travel", {"url": "u"})
    flat = {"id": 1, "text": TEXT, "annotator": 1, "annotation_id": 2, "lead_time": 1.5,
            "label": [{"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}]}  # fmt: skip
    row = the_row(as_list(tmp_path / "b.json", flat), "label-studio")
    assert (row.spans, row.meta) == (SPANS[:1], {})


def test_argilla_responses_before_suggestions(tmp_path: Path) -> None:
    record = {
        "id": "r1", "fields": {"text": TEXT}, "metadata": {"split": "test"}, "status": "completed",
        "suggestions": {"intent": {"value": "work", "score": 0.9, "agent": "m"}},
        "responses": {"intent": [{"value": "travel", "user_id": "u"}],
                      "span": [{"value": [{"start": 0, "end": 4, "label": "PER"}]}]},
    }  # fmt: skip
    path = as_list(tmp_path / "a.json", record)
    row = the_row(path, "argilla")
    assert (row.id, row.split, row.spans, row.label) == ("r1", "test", SPANS[:1], "travel")
    assert the_row(path, "argilla", "classification").label == "travel"
    del record["responses"]
    assert the_row(as_list(path, record), "argilla", "classification").label == "work"
    record["suggestions"] = {}
    assert read_batch(as_list(path, record), "classification").dropped[0].reason == "not-annotated"


def test_argilla_of_version_1(tmp_path: Path) -> None:
    record = {"text": TEXT, "tokens": TEXT.split(), "annotation": [["PER", 0, 4]], "id": "1",
              "prediction": [["LOC", 0, 4, 0.5]], "status": "Default", "metadata": {}}  # fmt: skip
    row = the_row(write_json_lines(tmp_path / "a.jsonl", record), "argilla")
    assert (row.spans, row.tokens) == (SPANS[:1], ((0, 4), (5, 9), (10, 12), (13, 17)))
    record = {"inputs": {"text": TEXT}, "annotation": None, "prediction": [["travel", 0.9]],
              "status": "Default"}  # fmt: skip
    row = the_row(write_json_lines(tmp_path / "a.jsonl", record), "argilla", "classification")
    assert (row.text, row.label) == (TEXT, "travel")


def test_json_lists_and_objects_of_records(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": f"text {n}", "label": "a"} for n in range(3)]
    path = as_list(tmp_path / "a.json", *records)
    assert [row.id for row in read_rows(path)] == ["0", "1", "2"]
    path.write_text(json.dumps({"version": 1, "data": records}))
    assert [row.id for row in read_rows(path)] == ["0", "1", "2"]
    path.write_text(json.dumps([*records[:1], 5]))
    with pytest.raises(UserError, match="row 2: not a JSON object: 5"):
        read_rows(path)
    path.write_text('[{"text": "a", "label": "b"}')
    with pytest.raises(UserError, match="cut short"):
        read_rows(path)


@pytest.mark.parametrize("format", ["doccano", "label-studio", "argilla", "prodigy", "spacy"])
def test_records_of_another_structure_are_bad_rows(tmp_path: Path, format: str) -> None:
    path = as_list(tmp_path / "a.json", 5, "x", None)
    with pytest.raises(UserError, match="row 1"):
        read_rows(path, "tokens", format=format)
    assert len(read_batch(path, "tokens", format=format, on_error="skip").dropped) == 3
