"""`labelferry export`, with a real model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpora.readers import open_corpus
from flows.cli.main import main
from tests.helpers.command_line import Command
from tests.helpers.paths import ROOT
from tests.helpers.translate_train_input import GOOD_ROW, span_row, write_raw_json_lines


@pytest.mark.parametrize("name", ["intents.en.jsonl", "ner.en.jsonl"])
def test_export_to_conll(run_translate_train: Command, tmp_path: Path, name: str) -> None:
    assert run_translate_train(ROOT / "data" / "samples" / name, "--limit", "20")[0] == 0
    out = tmp_path / "de.conll"
    assert main(["export", str(tmp_path / "run"), "--format", "conll", "--out", str(out)]) == 0
    files = sorted(tmp_path.glob("de*.conll"))  # one for each split
    back = [row for file in files for row in open_corpus(file, task="tokens", lang="de").rows()]
    made = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows())
    assert len(back) == len(made)
    assert sum(len(row.spans) for row in back) == sum(len(row.spans) for row in made)


def test_export_to_standard_output(
    run_translate_train: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_raw_json_lines(
        tmp_path / "in.jsonl", GOOD_ROW, span_row("a line\nand another", id="two")
    )
    assert run_translate_train(source, "--unplaced", "drop-span")[0] == 0
    assert main(["export", "run", "--out", "-"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["lang"] for line in out.splitlines()] == ["de", "de"]
    assert "2 rows to standard output" in err
    assert main(["export", "run", "--out", "-", "--format", "tsv"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "error: standard output, row two-de: TSV cannot hold" in err
    assert not (tmp_path / "-").exists()
    for format in ("hf", "brat"):
        assert main(["export", "run", "--out", "-", "--format", format]) == 2
        assert f"{format} is a folder of files: name one" in capsys.readouterr().err
    # An export in folders is replaced by the next one, and nothing else is.
    to_folder = ["export", "run", "--format", "hf", "--out", "out"]
    assert main(to_folder) == 0 and main(to_folder) == 0
    assert capsys.readouterr().out.count("2 rows to out/de/train") == 2
    (tmp_path / "out" / "README.md").unlink()
    assert main(to_folder) == 2 and main(["export", "run", "--format", "brat", "--out", "out"]) == 2


def test_qa_to_squad(run_translate_train: Command, tmp_path: Path) -> None:
    source = ROOT / "data" / "samples" / "qa.en.json"
    code, _, err = run_translate_train(
        source, "--limit", "12", "--unplaced", "drop-span", task="qa"
    )
    assert code == 0, err
    squad = tmp_path / "de.json"
    run = str(tmp_path / "run")
    assert main(["export", run, "--format", "squad", "--out", str(squad)]) == 0
    for row in open_corpus(squad, task="qa", lang="de").rows():
        assert all(row.text[s.start : s.end].strip() for s in row.spans)


def test_splits_are_exported_apart(
    run_translate_train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [GOOD_ROW | {"id": str(n), "split": split} for n, split in enumerate(["train", "dev"])]
    source = write_raw_json_lines(tmp_path / "in.jsonl", *rows, GOOD_ROW | {"split": "test"})
    code, printed, err = run_translate_train(source, "--split", "dev", "--split", "train")
    assert code == 0, err
    assert "columns id, text, spans, split" in printed
    out = tmp_path / "de.conll"
    command = ["export", str(tmp_path / "run"), "--format", "conll", "--out", str(out)]
    assert main(command) == 0
    for split, row_id in (("train", "0-de"), ("dev", "1-de")):
        (row,) = open_corpus(tmp_path / f"de.{split}.conll", task="tokens", lang="de").rows()
        assert row.id == row_id
    assert not out.exists()
    assert main([*command, "--split", "dev"]) == 0 and out.exists()
    capsys.readouterr()
    assert main([*command[:-1], "-"]) == 2
    assert "name one with --split (choose from: dev, train)" in capsys.readouterr().err
