"""Offsets that count units of UTF-16 or bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.choices import OFFSET_UNITS, OffsetUnit
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.text.units import CodePoints
from tests.helpers.json_lines import read_rows, write_json_lines

NAMES = ["Ulm", "Bonn", "Rom", "Paris", "Madrid", "Dublin"]
TEXTS = [f"{'😀' * (n % 2 + 1)} äö{n} {name} liegt weit weg" for n, name in enumerate(NAMES)]


def units(text: str, unit: OffsetUnit) -> int:
    """The length of `text` in `unit`, by Python's own encoders."""
    if unit == "utf16":
        return len(text.encode("utf-16-le")) // 2
    return len(text.encode()) if unit == "bytes" else len(text)


@given(st.text(), st.sampled_from(OFFSET_UNITS))
def test_every_offset_is_converted(text: str, unit: OffsetUnit) -> None:
    text = text.encode("utf-8", "ignore").decode()
    convert = CodePoints(text, unit)
    for at in range(len(text) + 1):
        assert convert.offset(units(text[:at], unit)) == at
    assert convert.offset(units(text, unit) + 3) == len(text) + 3
    assert convert.offset(-1) == -1


def write(path: Path, unit: OffsetUnit) -> Path:
    records: list[dict[str, Any]] = []
    for text, name in zip(TEXTS, NAMES, strict=True):
        start = units(text[: text.index(name)], unit)
        records.append({"text": text, "spans": [[start, start + len(name), "LOC"]]})
    return write_json_lines(path, *records)


@pytest.mark.parametrize("unit", OFFSET_UNITS[1:])
def test_another_unit_is_named_and_read(tmp_path: Path, unit: OffsetUnit) -> None:
    path = write(tmp_path / "x.jsonl", unit)
    with pytest.raises(UserError, match=rf"begin or end inside words.*--offsets {unit}"):
        read_rows(path, "tokens")
    rows = list(open_corpus(path, task="tokens", offsets=unit).rows())
    assert [row.text[s.start : s.end] for row in rows for s in row.spans] == NAMES


def test_code_points_are_read_without_a_word(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path / "x.jsonl", "codepoints"), "tokens")
    assert [row.text[s.start : s.end] for row in rows for s in row.spans] == NAMES
    inside = [
        {"text": f"😀 Donaudampfschiff {n}", "spans": [[7, 12, "X"]]} for n in range(9)
    ]  # edges in words by any unit
    assert len(read_rows(write_json_lines(tmp_path / "y.jsonl", *inside), "tokens")) == 9


def test_what_offsets_count_can_be_insisted_on(tmp_path: Path) -> None:
    text = "😀😀 abcdefgh"
    records = [{"text": text, "spans": [[5, 8, "X"], [8, 9, "Y"]]} for _ in range(4)]
    path = write_json_lines(tmp_path / "x.jsonl", *records)
    assert len(list(open_corpus(path, task="tokens", offsets="codepoints").rows())) == 4
    with pytest.raises(UserError, match=r"no unit 'utf8' of offsets \(choose from: bytes"):
        open_corpus(path, task="tokens", offsets="utf8")


def test_answers_by_another_unit(tmp_path: Path) -> None:
    answer = {"text": "Ulm", "answer_start": 3}
    record = {"context": "😀 Ulm", "question": "Wo?", "answers": [answer]}
    path = write_json_lines(tmp_path / "x.jsonl", record)
    with pytest.raises(UserError, match="count units of UTF-16: say so with --offsets utf16"):
        read_rows(path, "qa")
    (row,) = open_corpus(path, task="qa", offsets="utf16").rows()
    assert [(s.start, s.end) for s in row.spans] == [(2, 5)]
