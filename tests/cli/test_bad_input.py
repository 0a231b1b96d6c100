"""Bad input that was once met with a traceback, a wrong count, or not at all."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpora.readers import open_corpus
from flows.cli.main import main
from translators.long_texts import Part, join_parts
from translators.protocol import Hypothesis

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ferry(runs: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def train(ferry: Run, model_path: Path, tmp_path: Path) -> Run:
    """Run `translate-train` on a file, in process, to `run` beside it."""

    def run(source: Path, *options: str | Path, task: str = "tokens") -> tuple[int, str, str]:
        out = () if "--out" in options else ("--out", tmp_path / "run")
        return ferry(
            "translate-train", source, "--no-prefect", "--task", task, "--source", "en",
            "--target", "de", "--model", model_path, "--beam-size", "1", *out, *options,
        )  # fmt: skip

    return run


def refused(result: tuple[int, str, str], *words: str) -> None:
    code, _, err = result
    assert code == 2, err
    last = err.splitlines()[-1]
    assert last.startswith("labelferry: error: ")
    for word in words:
        assert word in last


def write_rows(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def good(number: int) -> dict[str, object]:
    return {"id": str(number), "text": f"wake me at nine, {number}", "spans": []}


def test_rows_beyond_the_limit_are_not_looked_at(train: Run, tmp_path: Path) -> None:
    bad = {"id": "bad", "text": "short", "spans": [{"start": 2, "end": 99, "label": "x"}]}
    source = write_rows(tmp_path / "in.jsonl", *map(good, range(4)), bad, good(5), good(6))
    code, out, err = train(source, "--limit", "4")
    assert code == 0, err
    assert re.search(r"rows in +4\nkept +4\ndropped +0\n", out)
    code, out, err = train(
        source, "--limit", "4", "--on-error", "skip", "--out", tmp_path / "skipping"
    )
    assert code == 0, err
    assert re.search(r"rows in +4\nkept +4\ndropped +0\n", out)
    refused(train(source, "--limit", "5", "--out", tmp_path / "five"), "line 5")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_limit_counts_rows_kept_and_dropped(tmp_path: Path, size: int) -> None:
    blank = {"id": "blank", "text": " ", "spans": []}
    source = write_rows(tmp_path / "in.jsonl", good(0), blank, *map(good, range(1, 9)))
    corpus = open_corpus(source, task="tokens", on_error="skip")
    batches = list(corpus.batches(size, limit=5))
    assert [row.id for batch in batches for row in batch.rows] == ["0", "1", "2", "3"]
    assert sum(len(batch.dropped) for batch in batches) == 1


def test_attention_of_a_sentence_of_100_000_pieces_is_let_go() -> None:
    count, part = 400, 250
    parts = [Part(n * part, (n + 1) * part, ["a"] * part) for n in range(count)]
    places = tuple((at, at + 1) for at in range(part))
    one = Hypothesis("b" * part, -1.0, places, places, np.eye(part, dtype=np.float32))
    joined = join_parts("a" * part * count, parts, [one] * count)
    assert joined.attention is None  # the matrix would take 40 GB
    assert len(joined.text) == len(joined.target_pieces) == part * count
    few = join_parts("a" * part * 4, parts[:4], [one] * 4)
    assert few.attention is not None and few.attention.shape == (1000, 1000)


def test_quoted_fields_in_tsv(train: Run, ferry: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.tsv"
    source.write_text('text\tlabel\nhello there\ta\n"""Good,"" he said."\tb\n', "utf-8")
    refused(train(source, task="classification"), "in.tsv, line 3", "quoting: yes or no")
    code, _, err = train(source, "--quoting", "yes", task="classification")
    assert code == 0, err
    made = open_corpus(tmp_path / "run" / "export" / "de" / "data", task="classification").rows()
    assert '"Good," he said.' in [one.provenance.source_text for one in made if one.provenance]
    code, out, err = ferry("inspect", source, "--quoting", "yes", "--first")
    assert code == 0, err
    assert '"Good," he said.' in out


def test_folders_where_files_belong_and_the_other_way_round(train: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", good(1))
    refused(train(source, "--config", tmp_path), "a folder, not a file")
    refused(train(source, "--out", source), "in.jsonl", "not a folder")


def test_inspect_reads_columns_and_splits_as_runs_do(ferry: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Review,Stars,part\nGood day,5,train\nBad day,1,test\n", "utf-8")
    refused(ferry("inspect", source), "no column 'text' (choose from: Review, Stars, part)")
    refused(ferry("inspect", source, "--columns", "words=Review"), "nothing called 'words'")
    columns = ("--columns", "text=Review,label=Stars,split=part")
    code, out, err = ferry("inspect", source, *columns, "--split", "test")
    assert code == 0, err
    assert "Bad day" in out and "Good day" not in out


def test_inspect_keeps_tags_and_texts_apart(ferry: Run, tmp_path: Path) -> None:
    row = {"id": "1", "lang": "zh-Hans", "text": "x", "source_id": "1", "source_text": "y",
           "source_lang": "de-AT", "method": "m", "model": "m", "spans": []}  # fmt: skip
    code, out, err = ferry("inspect", write_rows(tmp_path / "in.jsonl", row))
    assert code == 0, err
    assert out.splitlines()[1:3] == ["  de-AT y", "  zh-Hans x"]
    code, out, err = ferry("inspect", write_rows(tmp_path / "in.jsonl", row | {"lang": "de"}))
    assert out.splitlines()[2] == "  de  x"


def test_files_where_runs_and_priors_belong(ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", good(1))
    (tmp_path / "run" / "run.json").mkdir(parents=True)
    refused(ferry("export", tmp_path / "run"), "run.json: this is a folder, not a file")
    refused(ferry("export", source), "in.jsonl: not a run folder")
    refused(ferry("export", tmp_path / "nosuch"), "nosuch: no such folder")
    lines = tmp_path / "a.txt"
    lines.write_text("a\n")
    align = ("align", lines, lines, "--out", tmp_path / "x.talp", "--priors")
    refused(ferry(*align, tmp_path), f"{tmp_path}: this is a folder, not a file")
    refused(ferry(*align, tmp_path / "nosuch"), "nosuch: no such file")
    refused(ferry(*align, lines), "a.txt: not a file of alignment priors")
    assert not (tmp_path / "x.talp").exists()


@pytest.mark.parametrize("command", ["inspect", "export", "translate-train"])
def test_a_name_that_no_file_can_have(ferry: Run, command: str) -> None:
    more = ("--task", "text", "--source", "en", "--target", "de")
    name = "a" * 300
    result = ferry(command, name, *(more if command == "translate-train" else ()))
    refused(result, f"error: {name}", "too long")


def test_an_export_that_cannot_be(train: Run, ferry: Run, tmp_path: Path) -> None:
    assert train(write_rows(tmp_path / "in.jsonl", good(1)))[0] == 0
    run = tmp_path / "run"
    refused(ferry("export", run, "--split", "test"), "'test'", "choose from: train")
    assert not (run / "export" / "de.jsonl").exists()
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    refused(ferry("export", run, "--out", pipe), "pipe.jsonl", "device or a pipe")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    if Path("/proc/self").exists():
        refused(ferry("export", run, "--out", "/proc/none/x.jsonl"), "/proc/none", "no such folder")


def test_project_and_score(ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", good(1))
    (tmp_path / "de.txt").write_text("weck mich\n")
    out = tmp_path / "out.jsonl"
    project = ("project", source, "--targets", tmp_path / "de.txt", "--out", out)
    refused(ferry(*project, "--source", "en", "--target", "zz-!!"), "zz-!!", "not a language tag")
    assert not out.exists()
    scoring = ("score", source, "--gold", source, "--task", "tokens", "--baseline", source)
    refused(ferry(*scoring, "--samples", "0"), "--samples")


def test_a_run_with_nothing_to_translate_says_so(train: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", {"text": " ", "spans": []})
    code, out, err = train(source, "--on-error", "skip")
    assert code == 0, err
    assert re.search(r"segments +0\nrows per second +no row was left to translate\n", out)
    code, out, err = train(source, "--on-error", "skip")
    assert code == 0, err
    assert re.search(r"rows per second +all was done before\n", out)


def test_an_export_does_not_destroy_its_run(train: Run, ferry: Run, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", good(1))
    assert train(source)[0] == 0
    run = tmp_path / "run"
    refused(ferry("export", run, "--out", source), "in.jsonl: --out would overwrite the input")
    for name in ("run.json", "10-ingest/x.jsonl", "export/de/x.jsonl"):
        refused(ferry("export", run, "--format", "jsonl", "--out", run / name), "run's own folder")
    assert ferry("export", run, "--out", run / "export" / "x.csv")[0] == 0
    assert ferry("inspect", run)[0] == 0


def test_a_run_of_one_split_whose_name_has_a_hyphen(train: Run, ferry: Run, tmp_path: Path) -> None:
    splits = ["train-clean", "dev", "train-clean"]
    rows = [good(number) | {"split": split} for number, split in enumerate(splits)]
    source = write_rows(tmp_path / "in.jsonl", *rows)
    refused(train(source, "--split", "test"), "split 'test'", "choose from: dev, train-clean")
    code, out, err = train(source, "--split", "train-clean")
    assert code == 0, err
    assert re.search(r"rows in +2\n", out)
    data = tmp_path / "run" / "export" / "de" / "data"
    assert [path.name for path in data.iterdir()] == ["train_clean-00000-of-00001.parquet"]
    assert [row.split for row in open_corpus(data, task="tokens").rows()] == ["train-clean"] * 2
    csv = tmp_path / "x.csv"
    assert ferry("export", tmp_path / "run", "--split", "train-clean", "--out", csv)[0] == 0
    odd = write_rows(tmp_path / "odd.jsonl", good(1) | {"split": "../x"})
    refused(train(odd, "--out", tmp_path / "odd"), "odd.jsonl, line 1", "'../x'")


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
    train: Run, tmp_path: Path, name: str, task: str, content: str
) -> None:
    source = tmp_path / name
    source.write_text(content, "utf-8")
    refused(train(source, task=task), name)
    code, out, err = train(source, "--on-error", "skip", task=task)
    assert code == 0, err
    counts = re.search(r"rows in +3\nkept +(\d)\ndropped +(\d)\n", out)
    assert counts is not None
    assert int(counts[1]) + int(counts[2]) == 3 and int(counts[2]) >= 1
