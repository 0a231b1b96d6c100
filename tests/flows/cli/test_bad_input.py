"""Bad input that was once met with a traceback, a wrong count, or not at all."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from corpora.readers import open_corpus
from tests.helpers.command_line import Command, check_refused
from tests.helpers.json_lines import write_json_lines


@pytest.fixture
def train(run_translate_train: Command) -> Command:
    """Run `translate-train`, without beam search."""

    def run(source: Path, *options: str | Path, task: str = "tokens") -> tuple[int, str, str]:
        return run_translate_train(source, "--beam-size", "1", *options, task=task)

    return run


def good(number: int) -> dict[str, object]:
    return {"id": str(number), "text": f"wake me at nine, {number}", "spans": []}


def test_rows_beyond_the_limit_are_not_looked_at(train: Command, tmp_path: Path) -> None:
    bad = {"id": "bad", "text": "short", "spans": [{"start": 2, "end": 99, "label": "x"}]}
    source = write_json_lines(tmp_path / "in.jsonl", *map(good, range(4)), bad, good(5), good(6))
    code, out, err = train(source, "--limit", "4")
    assert code == 0, err
    assert re.search(r"rows in +4\nkept +4\ndropped +0\n", out)
    code, out, err = train(
        source, "--limit", "4", "--on-error", "skip", "--out", tmp_path / "skipping"
    )
    assert code == 0, err
    assert re.search(r"rows in +4\nkept +4\ndropped +0\n", out)
    check_refused(train(source, "--limit", "5", "--out", tmp_path / "five"), "line 5")


def test_quoted_fields_in_tsv(train: Command, run_command: Command, tmp_path: Path) -> None:
    source = tmp_path / "in.tsv"
    source.write_text('text\tlabel\nhello there\ta\n"""Good,"" he said."\tb\n', "utf-8")
    check_refused(train(source, task="classification"), "in.tsv, line 3", "quoting: yes or no")
    code, _, err = train(source, "--quoting", "yes", task="classification")
    assert code == 0, err
    made = open_corpus(tmp_path / "run" / "export" / "de" / "data", task="classification").rows()
    assert '"Good," he said.' in [one.provenance.source_text for one in made if one.provenance]
    code, out, err = run_command("inspect", source, "--quoting", "yes", "--first")
    assert code == 0, err
    assert '"Good," he said.' in out


def test_folders_where_files_belong_and_the_other_way_round(train: Command, tmp_path: Path) -> None:
    source = write_json_lines(tmp_path / "in.jsonl", good(1))
    check_refused(train(source, "--config", tmp_path), "a folder, not a file")
    check_refused(train(source, "--out", source), "in.jsonl", "not a folder")


def test_inspect_reads_columns_and_splits_as_runs_do(run_command: Command, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Review,Stars,part\nGood day,5,train\nBad day,1,test\n", "utf-8")
    check_refused(
        run_command("inspect", source),
        "no column 'text': name it with --columns text=Review (choose from: Review, Stars, part)",
    )
    check_refused(
        run_command("inspect", source, "--columns", "words=Review"), "a row has no field 'words'"
    )
    columns = ("--columns", "text=Review,label=Stars,split=part")
    code, out, err = run_command("inspect", source, *columns, "--split", "test")
    assert code == 0, err
    assert "Bad day" in out and "Good day" not in out


def test_inspect_keeps_tags_and_texts_apart(run_command: Command, tmp_path: Path) -> None:
    row = {"id": "1", "lang": "zh-Hans", "text": "x", "source_id": "1", "source_text": "y",
           "source_lang": "de-AT", "method": "m", "model": "m", "spans": []}  # fmt: skip
    code, out, err = run_command("inspect", write_json_lines(tmp_path / "in.jsonl", row))
    assert code == 0, err
    assert out.splitlines()[1:3] == ["  de-AT y", "  zh-Hans x"]
    code, out, err = run_command(
        "inspect", write_json_lines(tmp_path / "in.jsonl", row | {"lang": "de"})
    )
    assert out.splitlines()[2] == "  de  x"


def test_files_where_runs_and_priors_belong(run_command: Command, tmp_path: Path) -> None:
    source = write_json_lines(tmp_path / "in.jsonl", good(1))
    (tmp_path / "run" / "run.json").mkdir(parents=True)
    check_refused(run_command("export", tmp_path / "run"), "run.json: this is a folder, not a file")
    check_refused(run_command("export", source), "in.jsonl: not a run folder")
    check_refused(run_command("export", tmp_path / "nosuch"), "nosuch: no such folder")
    lines = tmp_path / "a.txt"
    lines.write_text("a\n")
    align = ("align", lines, lines, "--out", tmp_path / "x.talp", "--priors")
    check_refused(run_command(*align, tmp_path), f"{tmp_path}: this is a folder, not a file")
    check_refused(run_command(*align, tmp_path / "nosuch"), "nosuch: no such file")
    check_refused(run_command(*align, lines), "a.txt: not a file of alignment priors")
    assert not (tmp_path / "x.talp").exists()


@pytest.mark.parametrize("command", ["inspect", "export", "translate-train"])
def test_a_name_that_no_file_can_have(run_command: Command, command: str) -> None:
    more = ("--task", "text", "--source", "en", "--target", "de")
    name = "a" * 300
    result = run_command(command, name, *(more if command == "translate-train" else ()))
    check_refused(result, f"error: {name}", "too long")


def test_an_export_that_cannot_be(train: Command, run_command: Command, tmp_path: Path) -> None:
    assert train(write_json_lines(tmp_path / "in.jsonl", good(1)))[0] == 0
    run = tmp_path / "run"
    check_refused(run_command("export", run, "--split", "test"), "'test'", "choose from: train")
    assert not (run / "export" / "de.jsonl").exists()
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    check_refused(run_command("export", run, "--out", pipe), "pipe.jsonl", "device or a pipe")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    if Path("/proc/self").exists():
        check_refused(
            run_command("export", run, "--out", "/proc/none/x.jsonl"),
            "/proc/none",
            "no such folder",
        )


def test_project_and_score(run_command: Command, tmp_path: Path) -> None:
    source = write_json_lines(tmp_path / "in.jsonl", good(1))
    (tmp_path / "de.txt").write_text("weck mich\n")
    out = tmp_path / "out.jsonl"
    project = ("project", source, "--targets", tmp_path / "de.txt", "--out", out)
    check_refused(
        run_command(*project, "--source", "en", "--target", "zz-!!"), "zz-!!", "not a language tag"
    )
    assert not out.exists()
    scoring = ("score", source, "--gold", source, "--task", "tokens", "--baseline", source)
    check_refused(run_command(*scoring, "--samples", "0"), "--samples")


def test_a_run_with_nothing_to_translate_says_so(train: Command, tmp_path: Path) -> None:
    source = write_json_lines(tmp_path / "in.jsonl", {"text": " ", "spans": []})
    code, out, err = train(source, "--on-error", "skip")
    assert code == 0, err
    assert re.search(r"segments +0\nrows per second +no row was left to translate\n", out)
    code, out, err = train(source, "--on-error", "skip")
    assert code == 0, err
    assert re.search(r"rows per second +all was done before\n", out)


def test_an_export_does_not_destroy_its_run(
    train: Command, run_command: Command, tmp_path: Path
) -> None:
    source = write_json_lines(tmp_path / "in.jsonl", good(1))
    assert train(source)[0] == 0
    run = tmp_path / "run"
    check_refused(
        run_command("export", run, "--out", source), "in.jsonl: --out would overwrite the input"
    )
    for name in ("run.json", "10-ingest/x.jsonl", "export/de/x.jsonl"):
        check_refused(
            run_command("export", run, "--format", "jsonl", "--out", run / name), "run's own folder"
        )
    assert run_command("export", run, "--out", run / "export" / "x.csv")[0] == 0
    assert run_command("inspect", run)[0] == 0


def test_a_run_of_one_split_whose_name_has_a_hyphen(
    train: Command, run_command: Command, tmp_path: Path
) -> None:
    splits = ["train-clean", "dev", "train-clean"]
    rows = [good(number) | {"split": split} for number, split in enumerate(splits)]
    source = write_json_lines(tmp_path / "in.jsonl", *rows)
    check_refused(train(source, "--split", "test"), "split 'test'", "choose from: dev, train-clean")
    code, out, err = train(source, "--split", "train-clean")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)
    data = tmp_path / "run" / "export" / "de" / "data"
    assert [path.name for path in data.iterdir()] == ["train_clean-00000-of-00001.parquet"]
    assert [row.split for row in open_corpus(data, task="tokens").rows()] == ["train-clean"] * 2
    csv = tmp_path / "x.csv"
    assert run_command("export", tmp_path / "run", "--split", "train-clean", "--out", csv)[0] == 0
    odd = write_json_lines(tmp_path / "odd.jsonl", good(1) | {"split": "../x"})
    check_refused(train(odd, "--out", tmp_path / "odd"), "odd.jsonl, line 1", "'../x'")


@pytest.mark.parametrize(
    ("name", "task", "content"),
    [
        ("in.csv", "classification", 'text,label\nwake me,a\n"wake me,b\nwake me now,c\n'),
        ("in.tsv", "classification", "text\tlabel\nwake me\ta\nwake\tme\tb\nwake me now\tc\n"),
        ("in.conll", "tokens", "wake O\nme O\n\nwake X\n\nwake O\nme B-x\n\n"),
        (
            "in.jsonl",
            "classification",
            '{"text": "wake me", "label": 1}\n{"text": 5, "label": 1}\n'
            '{"text": "wake me now", "label": 2}\n',
        ),
        (
            "in.json",
            "qa",
            json.dumps({"data": [{"title": 5, "paragraphs": [{"context": "wake me", "qas": [
                {"id": n, "question": "wake who?", "answers": []}]}]} if n != 1 else n
                for n in range(3)]}),
        ),
    ],
)  # fmt: skip
def test_one_bad_record_is_dropped_and_two_are_translated(
    train: Command, tmp_path: Path, name: str, task: str, content: str
) -> None:
    source = tmp_path / name
    source.write_text(content, "utf-8")
    check_refused(train(source, task=task), name)
    code, out, err = train(source, "--on-error", "skip", task=task)
    assert code == 0, err
    counts = re.search(r"rows in +3\nkept +(\d)\ndropped +(\d)\n", out)
    assert counts is not None
    assert int(counts[1]) + int(counts[2]) == 3 and int(counts[2]) >= 1
