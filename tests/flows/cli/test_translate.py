"""`labelferry translate` and `labelferry models`, by the real command line."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.readers.streams import text_lines
from flows.cli.commands import command_line
from flows.cli.main import main
from translators.model_card import ModelInfo


@pytest.fixture
def model(store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path) -> str:
    folder = tmp_path / "ready"
    shutil.copytree(ct2_model("marian-multi").path, folder)
    (folder / "labelferry.json").unlink()
    assert main(["models", "add", str(folder), "--name", "tiny", "--alignment-head", "guided",
                 "--max-pieces", "100"]) == 0  # fmt: skip
    return "tiny"


def test_an_alignment_head_may_be_counted_from_the_last_layer() -> None:
    arguments = ["models", "add", "x", "--alignment-head", "-1:1", "--name", "tiny"]
    _, bound, _ = command_line().parse_args(arguments, exit_on_error=False, print_error=False)
    assert bound.arguments == {"what": "x", "alignment_head": "-1:1", "name": "tiny"}


TO_GERMAN = ["--source", "en", "--target", "de", "--device", "cpu", "--beam-size", "1",
             "--max-length", "12"]  # fmt: skip


def test_models(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("tiny"))
    assert " ".join(line.split()) == "tiny marian de, en, fr (any to any) yes store"
    assert main(["models", "show", "tiny"]) == 0
    shown = capsys.readouterr().out
    assert "layer -1, 1 head(s)" in shown and "pieces        100" in shown
    assert main(["models", "remove", "tiny"]) == 0
    assert main(["models", "remove", "tiny"]) == 2
    assert main(["models", "show", "tiny"]) == 2
    assert main(["models", "add", "x/y", "--family", "gpt"]) == 2
    assert "choose from: argos, ct2" in capsys.readouterr().err


def test_lines(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.txt.gz"
    lines = ["A man is walking. Two dogs play.", "", "  two women  ", ">>deu<< </s>", "a\tb"]
    source.write_bytes(gzip.compress("\r\n".join(lines).encode("utf-8-sig")))
    out = tmp_path / "out.txt"
    assert main(["translate", str(source), "-o", str(out), "--model", model, *TO_GERMAN]) == 0
    written = out.read_text(encoding="utf-8").split("\n")
    assert len(written) == len(lines) + 1 and written[1] == "" and written[-1] == ""
    assert written[2].startswith("  ") and written[2].endswith("  ")
    assert "5 rows" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_output_is_compressed_as_its_name_says(model: str, tmp_path: Path, suffix: str) -> None:
    source, out = tmp_path / "in.txt", tmp_path / f"out.txt{suffix}"
    source.write_text("A man is walking.\ntwo dogs\n")
    command = ["translate", str(source), "--model", model, *TO_GERMAN]
    assert main([*command, "-o", str(out)]) == 0
    assert main([*command, "-o", str(tmp_path / "plain.txt")]) == 0
    assert out.read_bytes()[:2] == {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5"}[suffix]
    assert [*text_lines(out)] == (tmp_path / "plain.txt").read_text("utf-8").splitlines()


def test_rows(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "text": "A man"}\n\n{"id": 2, "text": "\\ud800 dog"}\n')
    assert main(["translate", str(source), "--model", model, "--n-best", "2", *TO_GERMAN]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == [1, 2] and rows[0]["text"] == "A man"
    assert all(isinstance(row["translation"], list) for row in rows)


BAD = [
    (b"{}", "no field 'text'"),
    (b"[1]", "not an object"),
    (b"nope", "not JSON"),
    (b'{"text": 1}', "'text' is not a string: 1"),
    (b'{"text": "sch\xf6n"}', "not UTF-8: byte 0xf6"),
]


@pytest.mark.parametrize(("row", "problem"), BAD)
def test_bad_rows(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: bytes, problem: str
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b'{"text": "a"}\n' + row + b"\n")
    command = ["translate", str(source), "-o", str(out), "--model", model, *TO_GERMAN]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "in.jsonl" in error and problem in error
    assert "line 2" in error or "byte offset 27" in error
    assert not out.exists() and not (tmp_path / "out.jsonl.rejected.jsonl").exists()
    assert main([*command, "--on-error", "skip"]) == 0
    assert len(out.read_text().splitlines()) == 1
    (rejected,) = (tmp_path / "out.jsonl.rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["line"] == 2 and problem in json.loads(rejected)["reason"]


def test_spans_that_would_not_fit_are_refused(model: str, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [
        {"text": "A man", "spans": []},
        {"text": "A dog", "spans": [{"start": 2, "end": 5, "label": "X"}]},
        {"text": "a cat", "tokens": ["a", "cat"], "ner_tags": [0, 1]},
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["translate", str(source), "-o", str(out), "--model", model, *TO_GERMAN]
    assert main([*command, "--into", "de"]) == 0
    kept = [json.loads(line) for line in out.read_text().splitlines()]
    assert [{**row, "de": 0} for row in rows] == [
        {**{k: v for k, v in row.items() if k != "de_flags"}, "de": 0} for row in kept
    ]
    out.unlink()
    assert main([*command, "--into", "text"]) == 2
    assert not out.exists()
    assert main([*command, "--into", "text", "--on-error", "skip"]) == 0
    (row,) = map(json.loads, out.read_text().splitlines())
    assert row["spans"] == []
    rejected = map(json.loads, (tmp_path / "out.jsonl.rejected.jsonl").read_text().splitlines())
    assert [(r["line"], r["reason"].split(" would")[0]) for r in rejected] == [
        (2, "its 'spans'"),
        (3, "its 'tokens'"),
    ]


def test_a_terminal_shows_the_time_left(
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    source = tmp_path / "in.txt"
    source.write_text("A man\n" * 600)
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["translate", str(source), "--model", model, *TO_GERMAN]) == 0
    assert capsys.readouterr().out.count("\n") == 600  # the bar takes none of it
    assert re.search(r"512 rows, [\d.]+ rows per second, 0:\d\d left", screen.getvalue())
    assert re.search(r"600 rows, [\d.]+ rows per second", screen.getvalue().splitlines()[-1])


def test_what_an_earlier_run_rejected_goes_with_it(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    good, bad = Path("good.jsonl"), Path("bad.jsonl")
    good.write_text('{"text": "a"}\n')
    bad.write_text('{"text": "a"}\n{}\n')

    def translate(source: Path, *more: str) -> list[str]:
        assert main(["translate", str(source), "--model", model, *TO_GERMAN, *more]) == 0
        return sorted(path.name for path in tmp_path.glob("*.rejected.jsonl"))

    out = ["-o", "out.jsonl"]
    assert translate(bad, *out, "--on-error", "skip") == ["out.jsonl.rejected.jsonl"]
    assert translate(good, *out) == []
    assert translate(bad, "--on-error", "skip") == ["translate.rejected.jsonl"]
    assert translate(good) == ["translate.rejected.jsonl"]  # it may be of another input
    assert translate(good, "--on-error", "skip") == []


def test_bad_input(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def error(*arguments: str, source: str = "en", target: str = "de") -> str:
        capsys.readouterr()
        languages = ("--source", source, "--target", target)
        assert main(["translate", "--model", model, *languages, *arguments]) == 2
        return capsys.readouterr().err

    assert "no such file" in error(str(tmp_path / "no.txt"))
    (tmp_path / "latin.txt").write_bytes("gut\nschön".encode("latin-1"))
    assert "byte offset 7" in error(str(tmp_path / "latin.txt"))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"hello " * 100)[:-12])
    assert "cut short" in error(str(tmp_path / "cut.gz"))
    (tmp_path / "a.txt").write_text("a")
    assert "choose from: de, en, fr" in error(str(tmp_path / "a.txt"), target="pt")
    assert "not a language tag" in error(str(tmp_path / "a.txt"), source="english")
    assert "no model from en to pt" in error(str(tmp_path / "a.txt"), "--pivot", "fr", target="pt")
    assert "a file is in the way" in error(
        str(tmp_path / "a.txt"), "-o", str(tmp_path / "a.txt" / "out")
    ) or "not a folder" in error(str(tmp_path / "a.txt"), "-o", str(tmp_path / "a.txt" / "out"))


def test_standard_input(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def feed(data: bytes) -> int:
        stream = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr("sys.stdin", stream)
        return main(["translate", "--model", model, *TO_GERMAN])

    assert feed("\ufeffA man\r\ntwo dogs".encode()) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert feed(b"") == 0
    assert capsys.readouterr().out == ""
    assert feed(gzip.compress(b"A man\ntwo dogs")) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert feed(b"\x28\xb5\x2f\xfd\x00") == 2
    assert "standard input: the zstd file is cut short or damaged" in capsys.readouterr().err
    assert feed(b"ok\n\xff") == 2
    assert "standard input: not UTF-8: byte 0xff at byte offset 3" in capsys.readouterr().err
