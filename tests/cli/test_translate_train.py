"""`labelferry translate-train`, `export` and `inspect` as a user types them, with a real model."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from alignment.projectors import PROJECTORS
from augmentation.translate_train.config import load_config
from corpora.readers import open_corpus
from flows.cli.main import main
from tests.paths import ROOT

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ferry(runs: Path, model_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; gives exit code, standard output and standard error."""

    def run(source: Path | str, *options: str, task: str = "tokens") -> tuple[int, str, str]:
        given = {"--source": "en", "--target": "de", "--model": str(model_path), "--task": task,
                 "--out": str(tmp_path / "run")}  # fmt: skip
        arguments = ["translate-train", str(source), "--no-prefect"]
        for flag, value in given.items():
            if flag not in options:
                arguments += [flag, value]
        capsys.readouterr()
        code = main([*arguments, *options])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def row(text: str, *spans: tuple[int, int, str], **more: Any) -> dict[str, Any]:
    return {"text": text, "spans": [{"start": a, "end": b, "label": c} for a, b, c in spans]} | more


GOOD = row("wake me at nine tomorrow", (11, 15, "time"))


def test_a_run_ends_with_a_table(ferry: Run, tmp_path: Path) -> None:
    code, out, err = ferry(ROOT / "data" / "samples" / "intents.en.jsonl", "--limit", "40")
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
    assert all(one.provenance is not None and one.lang == "de" for one in rows)


def test_the_command_line_wins_over_the_config(ferry: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("reading: {limit: 3}\ndecoding: {beam_size: 1}\nshard_rows: 2\n")
    source = write_rows(tmp_path / "in.jsonl", *[GOOD] * 5)
    code, _, err = ferry(source, "--config", str(config), "--limit", "4")
    assert code == 0, err
    made = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert made["reading"]["limit"] == 4
    assert (made["decoding"]["beam_size"], made["shard_rows"]) == (1, 2)


def test_a_run_is_made_again_from_its_manifest(
    ferry: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD, row("turn off the light", (13, 18, "device")))
    assert ferry(source, "--unplaced", "drop-span", "--beam-size", "3")[0] == 0
    run = tmp_path / "run"
    again = ["translate-train", "--config", str(run / "run.json"), "--no-prefect", "--out"]
    assert main([*again, str(tmp_path / "again")]) == 0
    assert "note" not in capsys.readouterr().err
    name = "export/de/data/train-00000-of-00001.parquet"
    assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    write_rows(source, GOOD)
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


def test_the_configuration_in_miniature_runs(ferry: Run) -> None:
    source = ROOT / "data" / "samples" / "intents.en.jsonl"
    code, out, err = ferry(source, "--config", str(ROOT / "configs" / "translate-mini.yaml"))
    assert code == 0, err
    assert re.search(r"rows in +24\n", out)


@pytest.mark.parametrize("projector", sorted(PROJECTORS))
def test_every_projector(ferry: Run, tmp_path: Path, projector: str) -> None:
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    code, out, err = ferry(source, "--limit", "12", "--projector", projector)
    assert code == 0, err
    assert f"spans placed by {projector}" in out
    rows = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows())
    assert sum(len(one.spans) for one in rows) > 5
    assert all(0 <= (span.confidence or 0) <= 1 for one in rows for span in one.spans)


def test_a_model_without_guided_alignment(ferry: Run, tmp_path: Path, model_path: Path) -> None:
    other = tmp_path / "unguided"
    shutil.copytree(model_path, other)
    card = json.loads((other / "labelferry.json").read_text())
    (other / "labelferry.json").write_text(json.dumps(card | {"alignment": None}))
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    refused(
        ferry(source, "--model", str(other), "--projector", "attention"), "without guided alignment"
    )
    code, out, err = ferry(source, "--model", str(other), "--limit", "12")
    assert code == 0, err
    assert "spans placed by aligned" in out


def test_a_model_of_another_pair_takes_no_attention_away(
    ferry: Run, tmp_path: Path, model_path: Path
) -> None:
    other = tmp_path / "unguided"
    shutil.copytree(model_path, other)
    card = json.loads((other / "labelferry.json").read_text())
    (other / "labelferry.json").write_text(
        json.dumps(card | {"name": "unguided", "alignment": None, "pairs": [["en", "fr"]]})
    )
    source = ROOT / "data" / "samples" / "ner.en.jsonl"
    tables = []
    for models in ((model_path,), (model_path, other)):
        out = tmp_path / f"run-{len(models)}"
        given = [word for path in models for word in ("--model", str(path))]
        code, _, err = ferry(source, *given, "--limit", "12", "--out", str(out), "--memory", "off")
        assert code == 0, err
        table = pa.concat_tables(
            pa.ipc.open_file(part).read_all()
            for part in sorted(out.glob("30-translate-de/*.arrow"))
        )
        assert table.column("attention").null_count == 0
        tables.append(table)
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("name", ["intents.en.jsonl", "ner.en.jsonl"])
def test_export_to_conll(ferry: Run, tmp_path: Path, name: str) -> None:
    assert ferry(ROOT / "data" / "samples" / name, "--limit", "20")[0] == 0
    out = tmp_path / "de.conll"
    assert main(["export", str(tmp_path / "run"), "--format", "conll", "--out", str(out)]) == 0
    back = list(open_corpus(out, task="tokens", lang="de").rows())
    made = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows())
    assert len(back) == len(made)
    assert sum(len(one.spans) for one in back) == sum(len(one.spans) for one in made)


def test_export_to_standard_output(
    ferry: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_rows(tmp_path / "in.jsonl", GOOD, row("a line\nand another", id="two"))
    assert ferry(source, "--unplaced", "drop-span")[0] == 0
    assert main(["export", "run", "--out", "-"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["lang"] for line in out.splitlines()] == ["de", "de"]
    assert "2 rows to standard output" in err
    assert main(["export", "run", "--out", "-", "--format", "tsv"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "error: standard output, row two-de: TSV cannot hold" in err
    assert not (tmp_path / "-").exists()


def test_qa_to_squad(ferry: Run, tmp_path: Path) -> None:
    source = ROOT / "data" / "samples" / "qa.en.json"
    code, _, err = ferry(source, "--limit", "12", "--unplaced", "drop-span", task="qa")
    assert code == 0, err
    squad = tmp_path / "de.json"
    run = str(tmp_path / "run")
    assert main(["export", run, "--format", "squad", "--out", str(squad)]) == 0
    for one in open_corpus(squad, task="qa", lang="de").rows():
        assert all(one.text[s.start : s.end].strip() for s in one.spans)


@pytest.mark.parametrize(
    ("task", "name"),
    [("classification", "classification.en.jsonl"), ("pair", "pairs.en.jsonl"),
     ("text", "text.en.jsonl")],
)  # fmt: skip
def test_the_other_tasks(ferry: Run, tmp_path: Path, task: str, name: str) -> None:
    code, out, err = ferry(ROOT / "data" / "samples" / name, "--limit", "5", task=task)
    assert code == 0, err
    assert "spans" not in out
    made = list(open_corpus(tmp_path / "run" / "export" / "de" / "data", task=task).rows())  # type: ignore[arg-type]
    for one in made:
        assert one.label is not None or task == "text"
        assert one.text_pair is not None or task != "pair"
        assert one.target is not None or task != "text"


def test_inspect(ferry: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "set \x1b[31m alarm \u202e at nine"
    nasty = row(text, (len(text) - 4, len(text), "time"), id="nasty")
    assert ferry(write_rows(tmp_path / "in.jsonl", GOOD, nasty), "--unplaced", "drop-span")[0] == 0
    assert main(["inspect", str(tmp_path / "in.jsonl"), "--task", "tokens"]) == 0
    out = capsys.readouterr().out
    assert "wake me at [nine](time) tomorrow" in out
    assert "\x1b" not in out and "\u202e" not in out
    assert main(["inspect", str(tmp_path / "run"), "--rows", "9", "--first"]) == 0
    out = capsys.readouterr().out
    assert out.index("wake me at [nine](time)") < out.index("\n  de  ")
    assert main(["inspect", str(tmp_path / "run"), "--dropped"]) == 0
    assert main(["inspect", str(tmp_path / "in.jsonl"), "--dropped"]) == 2
    assert main(["inspect", str(tmp_path / "none.jsonl")]) == 2
    assert main(["inspect", str(tmp_path / "run"), "--rows", "0"]) == 2


# Bad input: exit code 2, one message that names the file and the row, no traceback.


def refused(result: tuple[int, str, str], *words: str) -> None:
    code, _, err = result
    assert code == 2, err
    assert err.startswith("labelferry: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_missing_and_empty_files(ferry: Run, tmp_path: Path) -> None:
    refused(ferry(tmp_path / "none.jsonl"), "none.jsonl", "no such file")
    (tmp_path / "empty.jsonl").touch()
    refused(ferry(tmp_path / "empty.jsonl"), "empty.jsonl", "empty")
    (tmp_path / "blank.jsonl").write_text("\n\n")
    refused(ferry(tmp_path / "blank.jsonl"), "blank.jsonl", "no rows")
    os.mkfifo(tmp_path / "pipe.jsonl")
    refused(ferry(tmp_path / "pipe.jsonl"), "pipe.jsonl", "read twice")


def test_wrong_column(ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD)
    refused(ferry(source, "--columns", "text=sentence"), "'sentence'", "choose from: spans, text")
    refused(ferry(source, "--columns", "nonsense=text"), "'nonsense'", "choose from")
    refused(ferry(source, "--columns", "text"), "NAME=COLUMN")


def test_not_utf8_names_the_byte(ferry: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "a", "spans": []}\n{"text": "\xff"}\n')
    refused(ferry(tmp_path / "in.jsonl"), "in.jsonl", "37")


def test_bom_and_crlf_are_taken(ferry: Run, tmp_path: Path) -> None:
    lines = [json.dumps(GOOD), json.dumps(GOOD | {"text": "wake me at nine again."})]
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    code, out, err = ferry(tmp_path / "in.jsonl")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (row("short", (2, 99, "x")), "outside the text"),
        (row("a long text", (0, 6, "x"), (2, 8, "y")), "overlaps"),
        (row("cafe\u0301 au lait", (0, 4, "x")), "cuts a character in two"),
        (row("family \U0001f468\u200d\U0001f469\u200d\U0001f467", (7, 8, "x")), "in two"),
        (row("  "), "empty"),
        (row("", label="x"), "empty"),
        ({"text": 7, "spans": []}, "not a string"),
        ({"spans": []}, "no 'text'"),
    ],
)
def test_bad_rows_are_named_or_skipped(
    ferry: Run, tmp_path: Path, bad: dict[str, Any], words: str
) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD, bad)
    refused(ferry(source), "in.jsonl, line 2", words)
    code, out, err = ferry(source, "--on-error", "skip", "--unplaced", "drop-span")
    assert code == 0, err
    assert re.search(r"rows in +2\nkept +1\ndropped +1\n", out)


def test_half_a_surrogate_pair(ferry: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a \\ud83d b", "spans": []}\n')
    refused(ferry(tmp_path / "in.jsonl"), "line 1", "surrogate")
    code, out, err = ferry(tmp_path / "in.jsonl", "--on-error", "repair")
    assert code == 0, err
    assert "repaired" in out


def test_unknown_names(ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD)
    refused(ferry(source, task="ner"), "'ner'", "tokens")
    refused(ferry(source, "--format", "excel"), "'excel'", "jsonl")
    refused(ferry(source, "--target", "xx-not-a-language"), "not a language tag")
    refused(ferry(source, "--target", "sw"), "'sw'", "choose from")
    refused(ferry(source, "--model", "gpt-17"), "gpt-17")
    refused(ferry(source, "--projector", "guess"), "'guess'", "attention")
    refused(ferry(source, "--on-error", "ignore"), "error, skip, repair")
    refused(ferry(source, "--unplaced", "shrug"), "unplaced")
    refused(ferry(source, "--device", "abacus"), "device")
    (tmp_path / "in.data").write_text("x\n")
    refused(ferry(tmp_path / "in.data"), "format cannot be detected")


def test_a_model_that_lacks_its_tokenizer(ferry: Run, tmp_path: Path, model_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(model_path, broken)
    for file in broken.glob("*.spm"):
        file.unlink()
    source = write_rows(tmp_path / "in.jsonl", GOOD)
    refused(ferry(source, "--model", str(broken)), "broken", "tokenizer")


def test_truncated_gzip(ferry: Run, tmp_path: Path) -> None:
    lines = "".join(json.dumps(GOOD | {"id": str(n)}) + "\n" for n in range(500))
    whole = gzip.compress(lines.encode())
    (tmp_path / "in.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    refused(ferry(tmp_path / "in.jsonl.gz"), "in.jsonl.gz")


def test_a_folder_that_is_no_run_or_another_run(ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD)
    assert ferry(source)[0] == 0
    refused(ferry(source, "--beam-size", "3"), "another configuration", "beam_size")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    refused(ferry(source, "--out", str(tmp_path / "other")), "thesis.tex", "choose another")
    refused(ferry(source, "--out", str(source / "run")), "not a folder")


def test_a_name_does_not_lead_out_of_the_runs_folder(runs: Path, model_path: Path) -> None:
    source = ROOT / "data" / "samples" / "intents.en.jsonl"
    code = main(
        ["translate-train", str(source), "--task", "tokens", "--source", "en", "--target", "de",
         "--model", str(model_path), "--name", "../escape", "--no-prefect"]
    )  # fmt: skip
    assert code == 2
    assert not runs.exists() and not (runs.parent / "escape").exists()


def test_no_space_and_no_permission(
    ferry: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_rows(tmp_path / "in.jsonl", GOOD)
    for number, words in ((errno.ENOSPC, "no space left"), (errno.EACCES, "no permission")):

        def fail(self: Path, target: Any, number: int = number) -> Path:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(Path, "replace", fail)
        refused(ferry(source), words)
        monkeypatch.undo()


@pytest.mark.parametrize(
    "text",
    [
        "control \x00 \x07 characters \x7f here",
        "emoji \U0001f600 and \U0001f468\u200d\U0001f469\u200d\U0001f467 here",
        "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd hello",
        ">>de<< </s> <s> <unk> \u2581 <pad> hello",
        "\u2581\u2581\u2581",
        "\u200b \ufeff hello \u00a0 there",
        "line one\nline two\r\nline three\u2028line four",
        "!!! ... ???",
    ],
)
def test_odd_texts_come_through(ferry: Run, tmp_path: Path, text: str) -> None:
    start = text.index("here") if "here" in text else len(text) - 1
    source = write_rows(tmp_path / "in.jsonl", GOOD, row(text, (start, len(text), "x"), id="odd"))
    code, out, err = ferry(source, "--unplaced", "drop-span")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)
    for one in open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows():
        assert "</s>" in text or "</s>" not in one.text


def test_a_row_of_100_000_characters(ferry: Run, tmp_path: Path) -> None:
    sentence = "The dog sleeps in house number {}. "
    text = "".join(sentence.format(n) for n in range(3000))[:100_000]
    at = text.index("number 2600")
    source = write_rows(tmp_path / "in.jsonl", row(text, (at, at + 11, "n")))
    code, out, err = ferry(source, "--unplaced", "drop-span", "--beam-size", "1")
    assert code == 0, err
    assert re.search(r"rows in +1\n", out)
    (made,) = open_corpus(tmp_path / "run" / "export" / "de" / "data", task="tokens").rows()
    assert 0.8 < made.text.count(".") / text.count(".") < 1.2
