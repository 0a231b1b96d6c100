"""Files of predictions as people and tools write them: read by the readers of the gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping
from corpora.records import Row, Span
from flows.cli.main import main
from scoring.files import FileOptions, read_predictions
from scoring.report import score
from tests.helpers.json_lines import write_json_lines

TEXT = "Anna fliegt nach Rom."
SPANS = (Span(0, 4, "PER"), Span(17, 20, "LOC"))
TOKENS = ["Anna", "fliegt", "nach", "Rom", "."]
TAGS = ["B-PER", "O", "O", "B-LOC", "O"]
GOLD = [Row("1", "de", TEXT, spans=SPANS, tokens=((0, 4), (5, 11), (12, 16), (17, 20), (20, 21)))]
ANSWER = {"text": ["Rom"], "answer_start": [17]}
QUESTION = [Row("1", "de", TEXT, "Wohin?", spans=(Span(17, 20, "answer"),))]
CLASS = [Row("1", "de", TEXT, label="4"), Row("2", "de", "x", label="5")]
SENTENCE = [Row("1", "de", TEXT, target="Anna flies to Rome.")]
DICTIONARIES = [{"start": s.start, "end": s.end, "label": s.label} for s in SPANS]


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "tokens": TOKENS, "tags": TAGS},
        {"id": 1.0, "tags": " ".join(TAGS)},
        {"id": "1", "prediction": TAGS},
        {"tokens": TOKENS, "ner_tags": TAGS},
        {"text": TEXT, "entities": DICTIONARIES},
        {"id": "1", "predictions": DICTIONARIES},
        {"id": "1", "pred": [[s.start, s.end, s.label] for s in SPANS], "spans": []},
        {"id": "1", "entities": [d | {"score": 0.9, "word": "x"} for d in DICTIONARIES]},
        {"id": "1", "text": TEXT, "spans": DICTIONARIES},
    ],
)
def test_spans(tmp_path: Path, record: dict[str, Any]) -> None:
    (prediction,) = read_predictions(write_json_lines(tmp_path / "p.jsonl", record), "tokens", GOLD)
    assert prediction.id == "1"
    assert [(s.start, s.end, s.label) for s in prediction.spans] == [
        (s.start, s.end, s.label) for s in SPANS
    ]
    assert score([record], GOLD, task="tokens").scores[0].value == 100


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "answers": ANSWER},
        {"id": "1", "prediction_text": "Rom"},
        {"id": "1", "prediction_text": "Rom", "answers": {"text": ["x"], "answer_start": [0]}},
        {"context": TEXT, "question": "Wohin?", "prediction": "Rom"},
    ],
)
def test_answers(tmp_path: Path, record: dict[str, Any]) -> None:
    path = write_json_lines(tmp_path / "p.jsonl", record)
    if "answers" in record and "prediction_text" in record:
        record["answers"] = {"text": ["Anna"], "answer_start": [0]}  # not what is scored
        path = write_json_lines(path, record)
    assert score(path, QUESTION, task="qa").scores[0].value == 100


@pytest.mark.parametrize("name", ["label", "prediction", "predicted_label", "intent"])
@pytest.mark.parametrize("values", [[4, 5], ["4", "5"]])
def test_classes(tmp_path: Path, name: str, values: list[Any]) -> None:
    records = [{"id": str(n), name: value} for n, value in enumerate(values, 1)]
    path = write_json_lines(tmp_path / "p.jsonl", *records)
    assert score(path, CLASS, task="classification").scores[0].value == 100
    gold_too = [record | {"label": "9"} for record in records]
    if name != "label" and name != "intent":
        path = write_json_lines(path, *gold_too)
        assert score(path, CLASS, task="classification").scores[0].value == 100


@pytest.mark.parametrize("name", ["target", "translation", "prediction", "hypothesis"])
def test_texts(tmp_path: Path, name: str) -> None:
    path = write_json_lines(tmp_path / "p.jsonl", {"id": "1", name: "Anna flies to Rome."})
    assert score(path, SENTENCE, task="text").scores[0].value == 100


def test_tables_may_leave_out_the_texts_as_well(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,pred\n1,4\n2,5\n")
    assert score(path, CLASS, task="classification").scores[0].value == 100
    path.write_text("pred\n4\n5\n")  # in order
    assert score(path, CLASS, task="classification").scores[0].value == 100
    table = pa.table({"id": ["1", "2"], "prediction": [4, 5]})
    assert score(table, CLASS, task="classification").scores[0].value == 100


@pytest.mark.parametrize(
    ("task", "gold", "record", "problem"),
    [
        ("tokens", GOLD, {"id": "1", "foo": []}, "no column for spans .looked for spans, ent"),
        ("tokens", GOLD, {"id": "1", "label": "x"}, "no column for spans"),
        ("classification", CLASS, {"id": "1", "spans": []}, "no column for label"),
        ("qa", QUESTION, {"id": "1", "foo": "Rom"}, "no column for spans .*prediction_text"),
        ("text", SENTENCE, {"id": "1", "foo": "x"}, "no column for target .*translation"),
        ("text", SENTENCE, {"id": "1", "target": None}, "no row has a target; looked for: target"),
        ("classification", CLASS, {"id": "1", "label": None}, "no row has a label"),
    ],
)
def test_what_holds_nothing_to_score_is_an_error(
    tmp_path: Path, task: str, gold: list[Row], record: dict[str, Any], problem: str
) -> None:
    path = write_json_lines(tmp_path / "p.jsonl", record)
    with pytest.raises(UserError, match=f"p.jsonl: nothing to score: {problem}"):
        read_predictions(path, task, gold)  # type: ignore[arg-type]


def test_conll_without_tags_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p.conll").write_text("\n".join(TOKENS) + "\n")
    with pytest.raises(UserError, match="the last of 1 columns has no tags"):
        read_predictions(tmp_path / "p.conll", "tokens", GOLD)


def test_tokens_of_another_text(tmp_path: Path) -> None:
    record = {"id": "1", "tokens": ["Otto", *TOKENS[1:]], "tags": TAGS}
    path = write_json_lines(tmp_path / "p.jsonl", record)
    with pytest.raises(UserError, match="line 1: token 'Otto' does not fit the text"):
        read_predictions(path, "tokens", GOLD)


def test_columns_are_those_of_both_files_or_of_the_gold_alone(tmp_path: Path) -> None:
    files = FileOptions(columns=ColumnMapping(text="satz", label="klasse"))
    rows = [{"id": row.id, "satz": row.text, "klasse": row.label} for row in CLASS]
    gold = write_json_lines(tmp_path / "g.jsonl", *rows)
    assert score(gold, gold, task="classification", files=files).scores[0].value == 100
    bare = write_json_lines(tmp_path / "p.jsonl", *({"id": r.id, "label": r.label} for r in CLASS))
    assert score(bare, gold, task="classification", files=files).scores[0].value == 100


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = write_json_lines(tmp_path / "g.jsonl", {"id": 1, "tokens": TOKENS, "tags": TAGS})
    assert main(["score", str(gold), "--gold", str(gold), "--task", "tokens", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"][0]["value"] == 100
    bare = write_json_lines(tmp_path / "p.jsonl", {"id": 1, "labels_of_mine": TAGS})
    command = ["score", str(bare), "--gold", str(gold), "--task", "tokens"]
    assert main(command) == 2
    assert "nothing to score: no column for spans" in capsys.readouterr().err
    assert main([*command, "--columns", "tags=labels_of_mine"]) == 2  # the gold has none
    twice = [*command, "--columns", "tags=a", "--columns", "tags=b"]
    assert main(twice) == 2
    assert "--columns is given twice, and takes one value" in capsys.readouterr().err
