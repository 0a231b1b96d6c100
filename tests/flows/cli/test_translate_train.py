"""`labelferry translate-train` as a user types it, with a real model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from alignment.projectors import PROJECTORS
from augmentation.translate_train.config import load_config
from corpora.readers import open_corpus
from flows.cli.main import main
from tests.helpers.command_line import Command, check_refused_in_one_line
from tests.helpers.paths import ROOT
from tests.helpers.translate_train_input import GOOD_ROW, span_row, write_raw_json_lines


def test_a_run_ends_with_a_table(run_translate_train: Command, tmp_path: Path) -> None:
    code, out, err = run_translate_train(
        ROOT / "data" / "samples" / "intents.en.jsonl", "--limit", "40"
    )
    assert code == 0, err
    lines = dict(re.findall(r"^(\S[^\n]*?)\s{2,}(\S[^\n]*)$", out, re.MULTILINE))
    assert lines["rows in"] == "40"
    assert int(lines["kept"]) + int(lines["dropped"]) == 40
    assert re.fullmatch(r"\d+ of \d+", lines["spans projected"])
    assert float(lines["rows per second"]) > 0
    assert Path(lines["export"]).is_dir() and Path(lines["report"]).is_file()
    assert "spans placed by" in out
    rows = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows())
    assert len(rows) == int(lines["kept"])
    assert all(row.provenance is not None and row.lang == "de" for row in rows)


def test_the_command_line_wins_over_the_config(
    run_translate_train: Command, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("reading: {limit: 3}\ndecoding: {beam_size: 1}\nshard_rows: 2\n")
    source = write_raw_json_lines(tmp_path / "in.jsonl", *[GOOD_ROW] * 5)
    code, _, err = run_translate_train(source, "--config", str(config), "--limit", "4")
    assert code == 0, err
    made = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert made["reading"]["limit"] == 4
    assert (made["decoding"]["beam_size"], made["shard_rows"]) == (1, 2)


def test_a_run_is_made_again_from_its_manifest(
    run_translate_train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_raw_json_lines(
        tmp_path / "in.jsonl", GOOD_ROW, span_row("turn off the light", (13, 18, "device"))
    )
    assert run_translate_train(source, "--unplaced", "drop-span", "--beam-size", "3")[0] == 0
    run = tmp_path / "run"
    again = ["translate-train", "--config", str(run / "run.json"), "--no-prefect", "--out"]
    assert main([*again, str(tmp_path / "again")]) == 0
    assert "note" not in capsys.readouterr().err
    name = "export/de/data/train-00000-of-00001.parquet"
    assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    write_raw_json_lines(source, GOOD_ROW)
    assert main([*again, str(tmp_path / "other")]) == 0
    assert "run.json: the input has changed" in capsys.readouterr().err


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("translate-*.yaml")), ids=str)
def test_the_configurations_that_ship(file: Path) -> None:
    config = load_config(file, {})
    assert config.input.parts[0] != "/"


def test_one_of_them_has_every_setting_with_its_default() -> None:
    file = ROOT / "configs" / "translate-intents-de.yaml"
    config = load_config(file, {})
    base = {"input": str(config.input), "task": "tokens", "source": "en", "targets": ["de"]}
    assert config == load_config(None, base | {"licence": config.licence})

    def keys(values: dict[str, Any]) -> dict[str, Any]:
        empty = ("columns", "options")
        return {
            key: keys(value) if isinstance(value, dict) and key not in empty else None
            for key, value in values.items()
        }

    assert keys(yaml.safe_load(file.read_text())) == keys(config.model_dump())


def test_the_configuration_in_miniature_runs(run_translate_train: Command) -> None:
    source = ROOT / "data" / "samples" / "intents.en.jsonl"
    code, out, err = run_translate_train(
        source, "--config", str(ROOT / "configs" / "translate-mini.yaml")
    )
    assert code == 0, err
    assert re.search(r"rows in +24\n", out)


@pytest.mark.parametrize("projector", sorted(PROJECTORS))
def test_every_projector(run_translate_train: Command, tmp_path: Path, projector: str) -> None:
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    code, out, err = run_translate_train(source, "--limit", "12", "--projector", projector)
    assert code == 0, err
    assert f"spans placed by {projector}" in out
    rows = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows())
    assert sum(len(row.spans) for row in rows) > 5
    assert all(0 <= (span.confidence or 0) <= 1 for row in rows for span in row.spans)


def test_a_model_without_guided_alignment(
    run_translate_train: Command, tmp_path: Path, model_path: Path
) -> None:
    other = tmp_path / "unguided"
    shutil.copytree(model_path, other)
    card = json.loads((other / "labelferry.json").read_text())
    card.pop("record_checksum", None)
    (other / "labelferry.json").write_text(json.dumps(card | {"alignment": None}))
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    check_refused_in_one_line(
        run_translate_train(source, "--model", str(other), "--projector", "attention"),
        "without guided alignment",
    )
    code, out, err = run_translate_train(source, "--model", str(other), "--limit", "12")
    assert code == 0, err
    assert "spans placed by aligned" in out


def test_a_model_of_another_pair_takes_no_attention_away(
    run_translate_train: Command, tmp_path: Path, model_path: Path
) -> None:
    other = tmp_path / "unguided"
    shutil.copytree(model_path, other)
    card = json.loads((other / "labelferry.json").read_text())
    card.pop("record_checksum", None)
    (other / "labelferry.json").write_text(
        json.dumps(card | {"name": "unguided", "alignment": None, "pairs": [["en", "fr"]]})
    )
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    tables = []
    for models in ((model_path,), (model_path, other)):
        out = tmp_path / f"run-{len(models)}"
        given = [word for path in models for word in ("--model", str(path))]
        code, _, err = run_translate_train(
            source, *given, "--limit", "12", "--out", str(out), "--memory", "off"
        )
        assert code == 0, err
        table = pa.concat_tables(
            pa.ipc.open_file(part).read_all()
            for part in sorted(out.glob("30-translate-de/*.arrow"))
        )
        assert table.column("attention").null_count == 0
        tables.append(table)
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize(
    ("task", "name"),
    [("classification", "classification.en.jsonl"), ("pair", "pairs.en.jsonl"),
     ("text", "text.en.jsonl")],
)  # fmt: skip
def test_the_other_tasks(
    run_translate_train: Command, tmp_path: Path, task: str, name: str
) -> None:
    code, out, err = run_translate_train(
        ROOT / "data" / "samples" / name, "--limit", "5", task=task
    )
    assert code == 0, err
    assert "spans" not in out
    made = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task=task).rows())  # type: ignore[arg-type]
    for row in made:
        assert row.label is not None or task == "text"
        assert row.text_pair is not None or task != "pair"
        assert row.target is not None or task != "text"
