"""The public functions on data of every kind, with the toy translator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import labelferry
from augmentation.translation.config import DecodingConfig
from corpora.errors import UserError
from corpora.records import Row
from tests.helpers.intent_rows import make_intent_rows
from tests.helpers.labelled_data import TEXTS, LabelledData
from tests.helpers.listeners import ProgressRecorder
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_test_runs import PREDICTOR_COMMAND

GERMAN = ["NINE AT ME WAKE", "MORE & <B>JAZZ</B> PLAY"]


def test_translate_texts(toy: ToyTranslator) -> None:
    result = labelferry.translate(TEXTS, source="en", target="de")
    assert list(result) == result.texts == GERMAN
    assert result[0] == GERMAN[0] and result[-1:] == GERMAN[1:] and len(result) == 2
    assert result.records[0] == {"text": TEXTS[0], "translation": GERMAN[0]}
    page = result._repr_html_()
    assert "&lt;B&gt;JAZZ" in page and "<B>" not in page and "<b>" not in page


def test_translate_rows_of_every_kind(data: Any, toy: ToyTranslator, tmp_path: Path) -> None:
    if not isinstance(data, Path):
        assert list(labelferry.translate(data, source="en", target="de")) == GERMAN
        return
    out, recorder = tmp_path / "out.jsonl", ProgressRecorder()
    done = labelferry.translate(
        data, source="en", target="de", out=out, listener=recorder, into="x"
    )
    assert (done.rows, done.rejected, done.flagged) == (2, 0, 0)
    assert [json.loads(line)["x"] for line in out.read_text().splitlines()] == GERMAN
    assert [(step.done, step.seen) for step in recorder.progress] == [(2, 2)]


def test_translate_columns(toy: ToyTranslator) -> None:
    for column in (pl.Series(["one two", "three"]), pa.chunked_array([["one two"], ["three"]])):
        assert list(labelferry.translate(column, source="en", target="de")) == ["TWO ONE", "THREE"]


def test_translate_keeps_the_fields_of_records(toy: ToyTranslator) -> None:
    records = [{"n": 1, "body": "a copy"}]
    result = labelferry.translate(records, source="en", target="de", field="body", into="de")
    assert result.records == [{"n": 1, "body": "a copy", "de": "COPY A", "de_flags": ["copy"]}]
    with pytest.raises(UserError, match="row 1: no text in the field 'text'"):
        labelferry.translate(records, source="en", target="de")


def test_translate_refuses_spans_that_would_not_fit(toy: ToyTranslator) -> None:
    records = [{"text": "one two", "spans": [{"start": 0, "end": 3, "label": "N"}]}]
    with pytest.raises(UserError, match="row 1: its 'spans' would not fit"):
        labelferry.translate(records, source="en", target="de", into="text")
    (row,) = labelferry.translate(records, source="en", target="de").records
    assert row["spans"] == records[0]["spans"]


def test_translate_rejects_bad_rows_of_a_file(toy: ToyTranslator, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "a b"}\n{}\n')
    with pytest.raises(UserError, match="line 2: no field 'text'"):
        labelferry.translate(source, source="en", target="de", out=out)
    assert not out.exists()
    done = labelferry.translate(source, source="en", target="de", out=out, on_error="skip")
    assert (done.rows, done.rejected) == (1, 1)
    (rejected,) = (tmp_path / "out.jsonl.rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["line"] == 2


def test_translate_what_is_neither_texts_nor_a_file(toy: ToyTranslator, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="give \\[text\\], or Path"):
        labelferry.translate("a text", source="en", target="de")
    with pytest.raises(TypeError, match="give `out`"):
        labelferry.translate(tmp_path / "a.txt", source="en", target="de")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="item 1 is a int"):
        labelferry.translate([1], source="en", target="de")  # type: ignore[call-overload]
    with pytest.raises(UserError, match="unknown setting 'beams'"):
        labelferry.translate(["a"], source="en", target="de", beams=3)


def test_translate_train_and_export(
    data: Any, toy: ToyTranslator, runs: Path, tmp_path: Path
) -> None:
    result = labelferry.translate_train(
        data, task="tokens", source="en", targets="de", memory="off",
        projection={"projector": "attention"}, decoding=DecodingConfig(beam_size=1),
    )  # fmt: skip
    assert result.run.parent == runs
    assert [row.text for row in result.translated_rows()] == GERMAN
    page = result._repr_html_()
    assert "<mark" in page and "&lt;i&gt;" in page and "&lt;B&gt;JAZZ" in page
    assert "<i>" not in page and "<B>" not in page
    out = tmp_path / "out.conll"
    report = labelferry.export(result, out)
    assert report.rows == 2 and out.read_text().startswith("# ")
    assert labelferry.export(result.run).path == result.run / "export" / "de.jsonl"
    with pytest.raises(UserError, match="has no 'fr'"):
        labelferry.export(result.run, target="fr")


def test_the_same_rows_in_memory_go_on_with_the_run(
    labelled_data: LabelledData, toy: ToyTranslator, runs: Path
) -> None:
    settings: dict[str, Any] = {"task": "tokens", "source": "en", "targets": ["de"]}
    first = labelferry.translate_train(labelled_data.rows(), **settings, name="intents")
    again = labelferry.translate_train(labelled_data.rows(), **settings, name="intents")
    assert again.run == first.run and first.shards == 1 and again.shards == 0
    assert first.run.name.startswith("intents-")


def test_settings_are_checked(labelled_data: LabelledData, runs: Path) -> None:
    settings: dict[str, Any] = {"task": "tokens", "source": "en", "targets": ["de"]}
    with pytest.raises(UserError, match="unknown setting 'beam_size'"):
        labelferry.translate_train(labelled_data.rows(), **settings, beam_size=3)
    with pytest.raises(UserError, match=r"decoding\.beam_size"):
        labelferry.translate_train(labelled_data.rows(), **settings, decoding={"beam_size": 0})


def test_translate_test(data: Any, toy: ToyTranslator, runs: Path) -> None:
    settings: dict[str, Any] = {"projection": {"projector": "attention"}}
    result = labelferry.translate_test(
        data, task="tokens", source="en", target="de", predictor=PREDICTOR_COMMAND, **settings
    )
    assert result.rows == 2 and result.run.parent == runs
    assert len(result.predictions.read_text().splitlines()) == 2
    page = result._repr_html_()
    assert "order" in page and page.count("<tr>") == 3, page


def test_project(data: Any, labelled_data: LabelledData, tmp_path: Path) -> None:
    translations = ["weck mich um nine", "spiel <b>jazz</b> & mehr"]
    lines = tmp_path / "de.txt"
    lines.write_text("".join(f"{line}\n" for line in translations))
    result = labelferry.project(data, translations, source="en", target="de", aligner="lexical")
    assert result.rows_in == 2 and result.spans == 2
    assert [row.text for row in result.kept] == translations
    (time,) = result.kept[0].spans
    assert translations[0][time.start : time.end] == "nine"
    page = result._repr_html_()
    assert "&lt;b&gt;jazz" in page and "<b>" not in page and "<i>" not in page
    same = labelferry.project(
        labelled_data.rows(),
        lines,
        source="en",
        target="de",
        aligner="lexical",
        unplaced="drop-row",
    )
    assert same.kept == result.kept
    rows = [Row(str(number), "de", text) for number, text in enumerate(translations)]
    by_id = labelferry.project(labelled_data.rows(), rows[::-1], source="en", target="de",
                               aligner="lexical")  # fmt: skip
    assert [row.text for row in by_id.kept] == translations


def test_project_mistakes(labelled_data: LabelledData) -> None:
    languages = {"source": "en", "target": "de"}
    with pytest.raises(UserError, match="line 2: an empty translation"):
        labelferry.project(labelled_data.rows(), ["a", " "], **languages)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="1 translations for 2 rows"):
        labelferry.project(labelled_data.rows(), ["a"], **languages)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="--alignments go with"):
        labelferry.project(
            labelled_data.rows(), ["a", "b"], source="en", target="de",
            projector="marker", alignments="a.talp",
        )  # fmt: skip


def test_align(tmp_path: Path) -> None:
    english, german = ["a <b> red", "red a"], ["a <b> red", "red a"]
    by_sides = labelferry.align(english, german, aligner="lexical")
    by_pairs = labelferry.align(zip(english, german, strict=True), aligner="lexical")
    files = [tmp_path / "en.txt", tmp_path / "de.txt"]
    for file, lines in zip(files, (english, german), strict=True):
        file.write_text("".join(f"{line}\n" for line in lines))
    by_files = labelferry.align(*files, aligner="lexical")
    assert by_sides.lines() == by_pairs.lines() == by_files.lines()
    assert "2-2" in by_sides.lines()[0]
    assert by_sides.write(tmp_path / "a.talp") == 2
    assert (tmp_path / "a.talp").read_text().splitlines() == by_sides.lines()
    assert "&lt;b&gt;" in by_sides._repr_html_() and "<b>" not in by_sides._repr_html_()


def test_align_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2 source sentences, but 1 target"):
        labelferry.align(["a", "b"], ["a"])
    with pytest.raises(TypeError, match="target must be one too"):
        labelferry.align(tmp_path / "a", ["a"])
    with pytest.raises(UserError, match="--priors and --save-priors go with"):
        labelferry.align(["a"], ["b"], aligner="lexical", priors="p.arrow")


def test_score(labelled_data: LabelledData) -> None:
    pytest.importorskip("scoring.report")
    rows = labelferry.read(labelled_data.polars(), task="tokens", lang="en")
    report = labelferry.score(labelled_data.rows(), rows, task="tokens")
    assert report.scores[0].value == 100.0
    assert "<table" in report._repr_html_()


@pytest.mark.parametrize("kind", ["records", "polars", "lazy", "arrow", "iterator", "path"])
def test_score_takes_rows_of_every_kind(labelled_data: LabelledData, kind: str) -> None:
    def data() -> Any:
        return getattr(labelled_data, kind)()

    assert labelferry.score(data(), data(), task="tokens").scores[0].value == 100.0
    assert labelferry.score(data(), labelled_data.rows(), task="tokens").scores[0].value == 100.0
    wrong = [{"id": "0", "spans": []}, {"id": "1", "spans": labelled_data.records()[1]["spans"]}]
    report = labelferry.score(wrong, data(), task="tokens")
    assert report.scores[0].value == pytest.approx(200 / 3)
    with pytest.raises(UserError, match="rows in memory: nothing to score: no column for spans"):
        labelferry.score([{"label": "x"}], data(), task="tokens")
    with pytest.raises(TypeError, match="no Row and no dictionary"):
        labelferry.score(data(), [1], task="tokens")


def test_score_takes_class_names_and_predictions_without_texts() -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({
        "id": datasets.Value("string"), "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["no", "yes"]),
    })  # fmt: skip
    values = {"id": ["a", "b"], "text": ["x", "y"], "label": [0, 1]}
    gold = datasets.Dataset.from_dict(values, features=features)
    predicted = pl.DataFrame({"id": ["a", "b"], "label": ["no", "no"]})
    for predictions in (predicted, predicted.to_arrow(), predicted.to_dicts()):
        report = labelferry.score(predictions, gold, task="classification")
        assert report.scores[0].value == 50.0
    assert labelferry.score(gold, gold, task="classification").scores[0].value == 100.0


def test_rows_that_were_read_are_data(labelled_data: LabelledData, toy: ToyTranslator) -> None:
    """Rows that do not state their language are in the one that the function is told."""
    rows = list(labelferry.read(labelled_data.records(), task="tokens"))
    assert {row.lang for row in rows} == {"und"}
    done = labelferry.translate_train(rows, task="tokens", source="en", targets="de")
    assert [row.lang for row in done.translated_rows()] == ["de", "de"]
    aligned = labelferry.project(rows, GERMAN, source="en", target="de", aligner="lexical")
    assert aligned.rows_in == 2


def test_errors_in_rows_in_memory_name_no_file(runs: Path, toy: ToyTranslator) -> None:
    bad = [{"text": "wake me", "spans": []}, {"text": "x", "spans": [
        {"start": 0, "end": 9, "label": "a"}]}]  # fmt: skip
    more: dict[str, Any] = {"task": "tokens", "source": "en"}
    with pytest.raises(UserError, match=r"^rows in memory, row 2: span 0:9"):
        labelferry.translate_train(bad, targets="de", **more)
    with pytest.raises(UserError, match=r"^rows in memory: there are no rows"):
        labelferry.translate_train([], targets="de", **more)


def test_compare(toy: ToyTranslator, runs: Path) -> None:
    train, test = make_intent_rows(60), make_intent_rows(20, seed=1)
    source = {"lang": "en", "train": train, "test": {"path": test, "on_error": "skip"}}
    german = [replace(row, id=f"g{row.id}", lang="de", text=row.text.upper()) for row in test]
    result = labelferry.compare(
        task="tokens", source=source, targets=[{"lang": "de", "test": german}],
        strategies=["zero-shot"], seeds=1, memory="off", leakage="drop",
    )  # fmt: skip
    assert result.run.parent == runs and result.report.is_file()
    assert len(list((runs / "inputs").iterdir())) == 3
    page = result._repr_html_()
    assert "zero-shot" in page and "<table" in page


def test_train_translator_takes_what_a_bitext_may_be(runs: Path) -> None:
    api = pytest.importorskip("augmentation.train_translator.api", exc_type=ImportError)
    assert api._bitext("a.tsv") == [{"path": "a.tsv"}]
    assert api._bitext({"path": "a.tmx"}) == [{"path": "a.tmx"}]
    (written,) = api._bitext([("a", "b")])
    assert written["path"].read_text() == "a\tb\n"
    with pytest.raises(TypeError, match="item 1 of the bitext is no pair"):
        api._bitext(["ab"])
    with pytest.raises(UserError, match="unknown setting 'layers'"):
        labelferry.train_translator("a.tsv", source="en", targets="de", out="model", layers=2)
