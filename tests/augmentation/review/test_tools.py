"""Every tool's files: what is written, and what is read back when people are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from augmentation.review.corrections import read_corrections
from augmentation.review.formats import TOOLS
from augmentation.review.formats.tool import spans_in
from augmentation.review.queue import Queue
from augmentation.review.run import review_export
from corpora.errors import UserError
from tests.helpers.review_runs import (
    Record,
    answered,
    corrections,
    page_data,
    page_row,
    read_records,
    run_to_review,
    saved_by_page,
    write_records,
)
from tests.helpers.toy_translator import translate_by_toy

FOREIGN = [name for name in TOOLS if name != "html"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        translate_by_toy(patch)
        return run_to_review(tmp_path_factory.mktemp("review"))


def exported(run: Path, tool: str) -> tuple[list[Path], Queue]:
    result = review_export(run, tool, least_sure=6, at_random=4, dropped=True)  # type: ignore[arg-type]
    return list(result.files), result.queue


def unit(tool: str, text: str) -> list[str]:
    """The text in the tool's own units: JavaScript's or code points."""
    if TOOLS[tool].unit == "codepoints":
        return list(text)
    data = text.encode("utf-16-le")
    return [data[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(data), 2)]


def spans_of(tool: str, record: Record) -> list[tuple[int, int, str]]:
    if tool == "label-studio":
        values = [r["value"] for r in record["predictions"][0]["result"] if r["type"] == "labels"]
        return [(v["start"], v["end"], *v["labels"]) for v in values]
    if tool == "argilla":
        values = record["suggestions"].get("spans", {"value": []})["value"]
        return [(v["start"], v["end"], v["label"]) for v in values]
    if tool == "doccano":
        return [tuple(span) for span in record["label"]]
    return [(v["start"], v["end"], v["label"]) for v in record["spans"]]


@pytest.mark.parametrize("tool", FOREIGN)
def test_what_a_person_sees(run: Path, tool: str) -> None:
    files, queue = exported(run, tool)
    records = read_records(files[0])
    assert len(records) == len(queue.items)
    for record, item in zip(records, queue.items, strict=True):
        data = {**record, **record.get("data", {}), **record.get("fields", {})}
        shown = record.get("metadata") or record.get("meta") or data
        assert data["text"] == item.row.text
        assert item.row.provenance is not None
        assert {**shown, **data}["source"] == item.row.provenance.source_text
        assert shown["weight"] == pytest.approx(1 / item.probability)
        spans = spans_of(tool, record)
        assert len(spans) == len(item.row.spans)
        for (start, end, label), span in zip(spans, item.row.spans, strict=True):
            units = unit(tool, item.row.text)[start:end]
            assert "".join(units) == item.row.text[span.start : span.end]
            assert label == span.label


@pytest.mark.parametrize("tool", FOREIGN)
def test_accepted_rows_are_as_they_were(run: Path, tool: str, tmp_path: Path) -> None:
    files, queue = exported(run, tool)
    kept = [r for r in read_records(files[0]) if spans_of(tool, r)]
    done = write_records(tmp_path / files[0].name, [answered(tool, r) for r in kept])
    checked = read_corrections([done], queue)
    assert len(checked) == len(kept) >= 9
    assert not any(correction.is_error for correction in checked)
    for correction in checked:
        assert correction.row is not None
        assert {span.projector for span in correction.row.spans} == {"gold"}
        rescued = correction.item.drawn == "dropped"
        assert correction.row.meta["gold"] == ("rescued" if rescued else "accepted")


def test_page_accepted(run: Path, tmp_path: Path) -> None:
    files, queue = exported(run, "html")
    checked = read_corrections([corrections(files[0], tmp_path / "c.json")], queue)
    assert len(checked) == len(queue.items)
    assert not any(correction.is_error for correction in checked)


def changed(tool: str, record: Record, kind: str) -> Record:
    """An answer that drops the row, moves the end of its span on, or is put off."""
    done = answered(tool, record)
    if tool == "label-studio":
        annotation = done["annotations"][0]
        if kind == "drop":
            choice = {"from_name": "verdict", "to_name": "text", "type": "choices"}
            annotation["result"].append(choice | {"value": {"choices": ["drop"]}})
        elif kind == "later":
            annotation["was_cancelled"] = True
        else:
            old = annotation["result"][0]["value"]
            text = "".join(unit(tool, done["data"]["text"])[old["start"] : old["end"] + 5])
            annotation["result"][0]["value"] = old | {"end": old["end"] + 5, "text": text}
    elif tool == "argilla":
        if kind == "drop":
            done["responses"]["verdict"][0]["value"] = "drop"
        elif kind == "later":
            done["responses"] = {}
        else:
            done["responses"]["spans"][0]["value"][0]["end"] += 5
    elif tool == "prodigy":
        if kind == "later":
            done["answer"] = "ignore"
        elif kind == "drop":
            done["answer"] = "reject"
        else:
            done["spans"][0]["end"] += 5
    elif kind == "drop":
        done["label"].append([0, 1, "drop"])
    else:
        done["label"][0][1] += 5
    return done


@pytest.mark.parametrize("tool", FOREIGN)
def test_corrected_dropped_and_put_off(run: Path, tool: str, tmp_path: Path) -> None:
    files, queue = exported(run, tool)
    records = [r for r in read_records(files[0]) if spans_of(tool, r)]
    kinds = ["moved", "drop"] if tool == "doccano" else ["moved", "drop", "later"]
    done = [changed(tool, record, kind) for record, kind in zip(records, kinds, strict=False)]
    checked = read_corrections([write_records(tmp_path / files[0].name, done)], queue)
    assert len(checked) == 2
    moved, dropped = checked
    assert moved.row is not None
    (old,), (new,) = moved.item.row.spans, moved.row.spans
    assert (new.start, new.end) == (old.start, old.end + 5)
    assert moved.row.text[new.start : new.end].endswith(" WAKE")
    assert moved.row.meta["gold"] == "corrected"
    assert dropped.row is None


def test_translations_edited_in_a_tool_take_their_spans_along(run: Path, tmp_path: Path) -> None:
    files, queue = exported(run, "label-studio")
    record = answered("label-studio", read_records(files[0])[0])
    text = record["data"]["text"]
    record["annotations"][0]["result"][-1]["value"]["text"] = [f"ACH {text}!"[:-1]]
    (checked,) = read_corrections([write_records(tmp_path / "x.json", [record])], queue)
    assert checked.row is not None and checked.edited and not checked.relabelled
    (old,), (new,) = checked.item.row.spans, checked.row.spans
    assert new.start == old.start + 4
    word = text[old.start : old.end]
    edited = text.replace(word, word[0] + "x" + word[1:])
    record["annotations"][0]["result"][-1]["value"]["text"] = [edited]
    (checked,) = read_corrections([write_records(tmp_path / "x.json", [record])], queue)
    assert checked.row is not None
    (new,) = checked.row.spans
    assert checked.row.text[new.start : new.end] == word[0] + "x" + word[1:]
    record["annotations"][0]["result"][-1]["value"]["text"] = ["etwas anderes"]
    with pytest.raises(UserError, match=r"across an edge of the span .*--for html"):
        read_corrections([write_records(tmp_path / "x.json", [record])], queue)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"spans": [{"start": 0, "end": 99, "label": "a"}]}, "outside of the text"),
        ({"spans": [{"start": 3, "end": 3, "label": "a"}]}, "empty"),
        ({"spans": [{"start": 0, "end": 4, "label": "z"}]}, "no span has this label, but a, b"),
        ({"spans": [{"start": "0", "end": 4, "label": "a"}]}, "needs start, end and label"),
        ({"spans": [{"start": True, "end": 4, "label": "a"}]}, "needs start, end and label"),
        ({"spans": [{"start": 0, "end": 4, "label": "a", "text": "no"}]}, "and not 'no'"),
        ({"spans": None}, "no list"),
        ({"text": " "}, "the text is empty"),
        ({"target": "x"}, "the row has no target"),
        ({"label": "sleep"}, "no row has the label 'sleep', but alarm, music"),
        ({"review_id": "r99-de"}, "not in the queue"),
        ({"verdict": "maybe"}, "keep or drop"),
        ({"review_id": None}, "has no 'review_id'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    run: Path, tmp_path: Path, change: Record, problem: str
) -> None:
    files, queue = exported(run, "html")
    good, bad = (page_row(row) for row in page_data(files[0])["rows"][:2])
    path = saved_by_page(tmp_path / "c.json", [good, bad | change])
    with pytest.raises(UserError, match=problem) as refused:
        read_corrections([path], queue)
    assert refused.value.file == str(path)
    assert refused.value.row == 2


def test_a_row_twice(run: Path, tmp_path: Path) -> None:
    files, queue = exported(run, "html")
    row = page_row(page_data(files[0])["rows"][0])
    paths = [saved_by_page(tmp_path / name, [row]) for name in ("a.json", "b.json")]
    with pytest.raises(UserError, match=r"was there already, in .*a\.json, row 1"):
        read_corrections(paths, queue)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("{", "no JSON"),
        ('{"answer": "accept"}\n[1]\n', "not a JSON object"),
        ('{"answer": "accept"}\n{\n', "no JSON"),
        ('{"some": "thing"}', "no export of a review"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_files_that_are_no_export(run: Path, tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=problem) as refused:
        read_corrections([path], exported(run, "html")[1])
    assert refused.value.file == str(path)


def test_label_studio_itself_reads_what_is_written(run: Path, tmp_path: Path) -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface")
    files, _ = exported(run, "label-studio")
    interface = sdk.LabelInterface(files[1].read_text(encoding="utf-8"))
    interface.validate()
    for task in read_records(files[0]):
        interface.validate_task({"data": task["data"]})
        assert all(map(interface.validate_prediction, task["predictions"]))


def test_argilla_itself_reads_what_is_written(run: Path) -> None:
    models = pytest.importorskip("argilla._models")
    records_io = pytest.importorskip("argilla.records._io")

    files, queue = exported(run, "argilla")
    records = records_io.JsonIO._records_from_json(files[0])
    assert [record.id for record in records] == [item.row.id for item in queue.items]
    settings = read_records(files[1])
    assert [models.QuestionModel(**q).name for q in settings["questions"]][:2] == [
        "verdict",
        "spans",
    ]
    assert [models.FieldModel(**field).name for field in settings["fields"]] == ["source", "text"]


def test_offsets_of_tools(run: Path) -> None:
    _, queue = exported(run, "html")
    item = queue.items[0]
    for (start, _, span), (wide, _, _) in zip(
        spans_in("codepoints", item.row), spans_in("utf16", item.row), strict=True
    ):
        astral = sum(char > "\uffff" for char in item.row.text[: span.start])
        assert (start, wide) == (span.start, span.start + astral)
