"""Terms and spans that are kept, by the real command line and the model that ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import labelferry
from augmentation.translate_train.runs import final_rows
from flows.cli.main import main
from tests.helpers.json_lines import write_json_lines

PAIR = ["--source", "en", "--target", "de"]


@pytest.fixture(autouse=True)
def model(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELFERRY_MODEL", str(model_path))


@pytest.fixture
def lists(tmp_path: Path) -> list[str]:
    (tmp_path / "keep.txt").write_text("Green House\n", encoding="utf-8")
    (tmp_path / "terms.tsv").write_text("bridge\tViadukt\n", encoding="utf-8")
    return ["--keep", str(tmp_path / "keep.txt"), "--terms", str(tmp_path / "terms.tsv")]


def test_translate(tmp_path: Path, lists: list[str]) -> None:
    rows = [
        {"text": "He built a bridge at the Green House. 😍"},
        {"text": "The red dog is here.", "spans": [{"start": 4, "end": 11, "label": "name"}]},
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write_json_lines(source, *rows)
    command = ["translate", str(source), "-o", str(out), *PAIR, *lists, "--protect", "name"]
    assert main(command) == 0
    first, second = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert all(word in first["translation"] for word in ("Viadukt", "Green House", "😍"))
    assert "red dog" in second["translation"]
    protection = {"keep": lists[1], "terms": lists[3], "protect": ["name"]}
    again = labelferry.translate(rows, source="en", target="de", protection=protection)
    assert again.texts == [first["translation"], second["translation"]]


def test_bad_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "terms.tsv"
    path.write_text("bridge\n", encoding="utf-8")
    assert main(["translate", str(path), *PAIR, "--terms", str(path)]) == 2
    assert f"{path}, line 1: 1 columns" in capsys.readouterr().err
    assert main(["translate", str(path), *PAIR, "--keep", str(tmp_path / "no")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_translate_train_tells_what_is_protected_apart(
    tmp_path: Path, lists: list[str], runs: Path
) -> None:
    """The same sentence with and without a protected span, and with other terms, by one memory."""
    text = "The green dog sees the bridge."
    rows = [
        {"id": "a", "text": text, "spans": [{"start": 4, "end": 13, "label": "name"}]},
        {"id": "b", "text": text, "spans": [{"start": 4, "end": 13, "label": "thing"}]},
    ]
    source = tmp_path / "rows.jsonl"
    write_json_lines(source, *rows)
    command = ["translate-train", str(source), *PAIR, "--task", "tokens", "--no-prefect", *lists]

    def translated(name: str, *more: str) -> list[str]:
        out = tmp_path / name
        assert main([*command, "--out", str(out), *more]) == 0
        for row in final_rows(out, "de"):
            (span,) = row.spans
            assert ("green dog" in row.text) == (row.text[span.start : span.end] == "green dog")
        return [row.text for row in final_rows(out, "de")]

    kept, plain = translated("first", "--protect", "name")
    assert "green dog" in kept and "Viadukt" in kept
    assert "green" not in plain and "Viadukt" in plain
    assert translated("second") == [plain, plain]
    Path(lists[3]).write_text("bridge\tPontifex\n", encoding="utf-8")
    assert all("Pontifex" in text for text in translated("third"))
    assert main([*command, "--out", str(tmp_path / "first"), "--protect", "name"]) == 2
