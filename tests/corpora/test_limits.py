from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from alignment.pharaoh import read_pharaoh
from augmentation.translation.rejected import RejectedRows
from augmentation.translation.texts import TextSource
from corpora import limits
from corpora.bitext import Bitext, read_bitext
from corpora.errors import UserError
from corpora.readers import open_corpus

MIB = 1 << 20


@pytest.fixture(autouse=True)
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.LINE_VARIABLE, "1")


def _rows(task: str) -> Callable[[Path], object]:
    return lambda path: list(open_corpus(path, task=task, lang="en", labelled=False).rows())


def _pairs(path: Path) -> object:
    return list(read_bitext(Bitext(path), "en", "de"))


LONG = b"a " * (2 * MIB)
CASES = {
    "a.jsonl": (b'{"text": "short"}\n{"text": "' + LONG + b'"}\n', _rows("text"), 2),
    "a.csv": (b"text,target\na,b\n" + LONG + b",b\n", _rows("text"), 3),
    "b.tsv": (b"text\ttarget\na\tb\n" + LONG + b"\tb\n", _rows("text"), 3),
    "a.txt": (b"short\n" + LONG, _rows("text"), 2),
    "a.conll": (b"a\tO\n\n" + LONG + b"\tO\n", _rows("tokens"), 3),
    "b.conll": (b"a\tO\n\n" + b"a\tO\n" * MIB, _rows("tokens"), 3),
    "a.tsv": (b"a\tb\n" + LONG + b"\tb\n", _pairs, 2),
    "a.tmx": (b'<tmx><body>\n<tu><tuv xml:lang="en"><seg>' + LONG, _pairs, 2),
    "b.tmx": (b"<tmx><body>\n<!--" + LONG * 2, _pairs, 2),
    "a.talp": (b"0-0\n" + b"0-0 " * MIB, lambda path: list(read_pharaoh(path)), 2),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", CASES)
def test_a_line_that_is_too_long_is_named(tmp_path: Path, name: str, packed: bool) -> None:
    content, read, line = CASES[name]
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(UserError, match=r"more than 1 MiB.*LABELFERRY_MAX_LINE") as error:
        read(path)
    assert (error.value.file, error.value.line) == (str(path), line)


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.tsv"])
def test_a_longer_limit_reads_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.LINE_VARIABLE, "8")
    content, read, _ = CASES[name]
    (tmp_path / name).write_bytes(content)
    assert len(read(tmp_path / name)) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["0", "-1", "x", "99999999999999"])
def test_a_limit_that_is_none_is_an_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.LINE_VARIABLE, value)
    with pytest.raises(UserError, match="LABELFERRY_MAX_LINE must be a number of MiB"):
        limits.max_line()


def test_a_quote_that_never_ends_takes_no_more_lines_than_are_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,target\n"a,b\n' + "c,d\n" * MIB)
    with pytest.raises(UserError, match="a record of more lines than are read at once") as error:
        _rows("text")(path)
    assert error.value.line == 2


def test_a_line_of_standard_input_has_the_same_limit(tmp_path: Path) -> None:
    source = TextSource(io.BytesIO(b"a\n" + LONG), "lines")
    with pytest.raises(UserError, match="standard input, line 2: the line has more than 1 MiB"):
        list(source.items(RejectedRows(tmp_path / "rejected", replaces=True)))


def test_a_squad_file_in_a_line_is_read_article_by_article(tmp_path: Path) -> None:
    question = {"id": "1", "question": "Who?", "answers": [{"text": "é", "answer_start": 0}]}
    articles = [
        {
            "title": "t",
            "paragraphs": [{"context": "é" * 400_000, "qas": [question | {"id": str(n)}]}],
        }
        for n in range(5)
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": articles}, ensure_ascii=False), encoding="utf-8")
    assert path.stat().st_size > 3 * MIB
    rows = _rows("qa")(path)
    assert [len(row.text) for row in rows] == [400_000] * 5  # type: ignore[attr-defined]


def test_an_article_of_any_size_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"data": [{"title": "' + b"a" * (20 * MIB))
    with pytest.raises(UserError, match="an item of the JSON has more than 8 MiB"):
        _rows("qa")(path)


def test_a_compressed_arrow_file_that_becomes_too_large_is_refused(tmp_path: Path) -> None:
    batch = pa.record_batch({"text": ["a" * 1000] * 100_000})
    path = tmp_path / "a.arrow.gz"
    with gzip.open(path, "wb", 1) as file, pa.ipc.new_stream(file, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(UserError, match="unpack to more than 100 times as many"):
        _rows("text")(path)


def test_a_compressed_text_file_may_become_any_size(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    with gzip.open(path, "wb", 6) as file:
        for _ in range(40):
            file.write(b"The same line again. " * 50 + b"\n")
    assert path.stat().st_size * 100 < 40 * 1051
    assert len(_rows("text")(path)) == 40  # type: ignore[arg-type]


def test_a_text_has_a_greatest_length(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "short", "target": "a"}, {"text": "b", "target": "c" * 101}]
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(UserError, match=r"the target has 101 characters, and at most 100") as error:
        list(open_corpus(path, task="text", lang="en", max_chars=100).rows())
    assert (error.value.file, error.value.line) == (str(path), 2)
    corpus = open_corpus(path, task="text", lang="en", max_chars=100, on_error="skip")
    (batch,) = corpus.batches()
    assert [row.text for row in batch.rows] == ["short"]
    assert [dropped.reason for dropped in batch.dropped] == ["text-too-long"]
    assert len(list(open_corpus(path, task="text", lang="en").rows())) == 2


def test_rows_of_long_texts_make_smaller_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpora.readers.corpus.BATCH_CHARS", 100)
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{'a' * 30}{n}\n" for n in range(10)))
    batches = list(open_corpus(path, task="text", lang="en", labelled=False).batches(8))
    assert [len(batch.rows) for batch in batches] == [4, 4, 2]
