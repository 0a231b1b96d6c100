from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from augmentation.translate_train.card import LABELS_FILE
from augmentation.translate_train.run import TranslateTrainResult, translate_train
from augmentation.translate_train.runs import open_finished
from corpora.errors import UserError
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config

NASTY = '<script>alert(1)</script> & "quotes" \x1b[31m \u202e nine'


@pytest.fixture
def done(tmp_path: Path, toy: ToyTranslator) -> TranslateTrainResult:
    source = tmp_path / "in.jsonl"
    rows = [
        {"text": f"wake me at {n}", "label": "alarm", "split": "dev" if n % 3 == 0 else "train",
         "spans": [{"start": 11, "end": 11 + len(str(n)), "label": "time"}], "meta": {"n": str(n)}}
        for n in range(18)
    ]  # fmt: skip
    rows.append({"text": NASTY, "label": "<b>", "spans": [{"start": 0, "end": 8, "label": "<i>"}]})
    rows.append({"text": "a repetition", "label": "alarm", "spans": []})
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return translate_train(translate_train_config(source, tmp_path / "run", licence="cc0-1.0"))


def test_polars_and_datasets_open_the_export(
    done: TranslateTrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = done.exports()
    assert not (folder / LABELS_FILE).exists()  # the card shows them all
    (folder / LABELS_FILE).parent.mkdir(exist_ok=True)
    pl.DataFrame({"label": ["time"], "spans": [18]}).write_parquet(folder / LABELS_FILE)
    frame = pl.read_parquet(folder / "data")
    assert len(frame) == 19
    assert set(frame["lang"]) == {"de"}
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"dev": 6, "train": 13}
    row = loaded["dev"][0]
    assert row["text"] == "0 AT ME WAKE"
    assert row["spans"][0]["start"] == 0 and row["spans"][0]["label"] == "time"
    assert row["source_text"] == "wake me at 0"


def test_the_card_says_what_it_is_and_how_it_was_made(done: TranslateTrainResult) -> None:
    card = (done.exports()[0] / "README.md").read_text()
    _, header, body = card.split("---\n", 2)
    values = yaml.safe_load(header)
    assert values["language"] == ["de"]
    assert values["license"] == "cc0-1.0"
    assert values["task_categories"] == ["token-classification"]
    assert values["size_categories"] == ["n<1K"]
    assert "0123abcd" * 8 in body
    assert "20 in, 19 kept, 1 dropped." in body


def test_no_label_breaks_the_tables_of_the_card(tmp_path: Path, toy: ToyTranslator) -> None:
    spans = [{"start": 0, "end": 4, "label": "a|b"}, {"start": 5, "end": 7, "label": "c\nd"}]
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"text": "wake me", "spans": spans}) + "\n", encoding="utf-8")
    done = translate_train(translate_train_config(source, tmp_path / "run"))
    card = (done.exports()[0] / "README.md").read_text(encoding="utf-8")
    assert "\n| a\\|b | 1 | 1 |\n| c\u240ad | 1 | 1 |\n" in card


def test_run_json_repeats_the_run(done: TranslateTrainResult) -> None:
    finished = open_finished(done.run)
    assert finished.config.targets == ("de",)
    before = (done.exports()[0] / "data" / "train-00000-of-00001.parquet").read_bytes()
    again = translate_train(finished.config.model_copy(update={"out": done.run.parent / "again"}))
    after = (again.exports()[0] / "data" / "train-00000-of-00001.parquet").read_bytes()
    assert before == after
    manifest = json.loads((done.run / "run.json").read_text())
    assert manifest["models"] == {"toy": "0123abcd" * 8}
    assert "ctranslate2" in manifest["versions"]


def test_an_export_is_written_again_only_if_it_must(done: TranslateTrainResult) -> None:
    config = open_finished(done.run).config
    (folder,) = done.exports()
    file = next((folder / "data").glob("dev-*"))
    whole, at = file.read_bytes(), file.stat().st_mtime_ns
    translate_train(config)
    assert file.stat().st_mtime_ns == at
    file.write_bytes(b"broken")
    translate_train(config)
    assert file.read_bytes() == whole


def test_the_report_is_whole_and_safe(done: TranslateTrainResult) -> None:
    page = done.report.read_text()
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page and "\u202e" not in page
    assert "repetition" in page
    assert page.count('class="pair"') >= 20
    assert page.count("<mark") > 40


def test_a_run_that_is_not_done_is_no_finished_run(
    done: TranslateTrainResult, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no 'fr'"):
        open_finished(done.run).target("fr")
    done.report.unlink()
    with pytest.raises(UserError, match="is not finished"):
        open_finished(done.run)
    with pytest.raises(UserError, match=r"lost its run\.json"):
        open_finished(tmp_path)
