"""Everything that can be wrong with a row or a file."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from corpora.bitext import Bitext, read_bitext
from corpora.errors import UserError
from corpora.readers import ColumnMapping, open_corpus
from corpora.records import Span
from scoring.files import read_predictions
from tests.helpers.json_lines import read_batch, read_rows, write_json_lines

SPAN = {"start": 0, "end": 1, "label": "X"}
SYNTHETIC = {"text": "abc", "spans": [], "method": "x", "source_id": "7", "source_text": "def"}


@pytest.mark.parametrize(
    ("record", "reason", "message"),
    [
        ({"text": "abc", "spans": [[0, 9, "X"]]}, "offset-out-of-range", "0:9"),
        ({"text": "abc", "spans": [[-1, 2, "X"]]}, "offset-out-of-range", "-1:2"),
        ({"text": "a\u0301", "spans": [[0, 1, "X"]]}, "split-grapheme", "in two"),
        ({"text": "a\ud83d", "spans": [[0, 1, "X"]]}, "lone-surrogate", "surrogate"),
        ({"text": "", "spans": []}, "empty-text", "empty"),
        ({"text": "  ", "spans": []}, "empty-text", "empty"),
        ({"spans": []}, "missing-field", "no 'text'"),
        ({"text": 5, "spans": []}, "not-text", "not a string: 5"),
        ({"text": "abc", "spans": [[0, 1]]}, "bad-spans", "not a span"),
        ({"text": "abc", "spans": [[0, True, "X"]]}, "bad-spans", "not a span"),
        ({"text": "abc", "spans": [{"start": 0, "end": "1", "label": "X"}]}, "bad-spans", "span"),
        (
            {"text": "abc", "spans": [[0, 1.5, "X"]]},
            "bad-spans",
            "'end' is not a whole number: 1.5",
        ),
        ({"text": "abc", "spans": [["0", 1, "X"]]}, "bad-spans", "'start' is not a whole number"),
        ({"text": "abc", "spans": [[0, 1, ["X"]]]}, "bad-spans", "'label' is not a string: ['X']"),
        (
            {"text": "abc", "spans": [{"answer_start": 0, "text": ["a"]}]},
            "bad-spans",
            "'text' is not a string: ['a']",
        ),
        (
            {
                "text": "abc",
                "spans": [{"start": 0, "end": 1, "label": "X", "confidence": float("nan")}],
            },
            "bad-spans",
            "'confidence' is not a number: nan",
        ),
        ({"text": True, "spans": []}, "not-text", "'text' is not a string: True"),
        ({"text": ["abc"], "spans": []}, "not-text", "'text' is not a string: ['abc']"),
        ({"text": "abc", "spans": [], "label": ["x"]}, "bad-label", "'label' is not a string or n"),
        ({"text": "abc", "spans": [], "label": {"x": 1}}, "bad-label", "number: {'x': 1}"),
        ({"text": "abc", "spans": [], "label": float("nan")}, "bad-label", "number: nan"),
        ({"text": "abc", "spans": [], "id": [1]}, "not-text", "'id' is not a string: [1]"),
        ({"text": "abc", "spans": [], "lang": 5}, "not-text", "'lang' is not a string: 5"),
        ({"text": "abc", "spans": [], "target": 5}, "not-text", "'target' is not a string: 5"),
        ({"text": "abc", "spans": [], "split": {}}, "not-text", "'split' is not a string: {}"),
        (
            {"text": "abc", "spans": [], "method": "x", "source_id": 7},
            "not-text",
            "'source_id' is not a string: 7",
        ),
        (
            {
                "text": "abc",
                "spans": [],
                "method": "x",
                "source_id": "7",
                "translation_score": "good",
            },
            "bad-score",
            "'translation_score' is not a number: 'good'",
        ),
        (SYNTHETIC | {"translation_score": 10**400}, "bad-score", "'translation_score' is not a n"),
        (SYNTHETIC | {"scores": {"q": 10**400}}, "bad-score", "'q' is not a number: 1000"),
        (SYNTHETIC | {"scores": [[["q"], 1]]}, "bad-scores", "not a key and a value: [['q'], 1]"),
        (
            SYNTHETIC | {"source_spans": [[0, 10**12, "X"]]},
            "offset-out-of-range",
            "source span 0:1",
        ),
        (SYNTHETIC | {"source_spans": [[-1, 1, "X"]]}, "offset-out-of-range", "source span -1:1"),
        (SYNTHETIC | {"source_spans": [[2, 1, "X"]]}, "offset-out-of-range", "source span 2:1"),
        (SYNTHETIC | {"source_spans": [[0, 1, "\ud83d"]]}, "lone-surrogate", "or provenance has"),
        (SYNTHETIC | {"method": "\ud83d"}, "lone-surrogate", "half of a surrogate pair"),
        (SYNTHETIC | {"model": "\ud83d"}, "lone-surrogate", "half of a surrogate pair"),
        (SYNTHETIC | {"source_lang": "\ud83d"}, "lone-surrogate", "half of a surrogate pair"),
        (SYNTHETIC | {"scores": {"\ud83d": 1}}, "lone-surrogate", "half of a surrogate pair"),
        (
            {"text": "abc", "spans": [SPAN | {"projector": "\ud83d"}]},
            "lone-surrogate",
            "half of a surrogate pair",
        ),
        (
            {"text": "abc", "spans": [SPAN | {"confidence": 10**400}]},
            "bad-spans",
            "'confidence' is not a number: 1000",
        ),
        ({"text": "abc", "spans": [], "meta": [[["k"], 1]]}, "bad-meta", "not a key and a value"),
        ({"text": "abc", "spans": [], "meta": ["ab"]}, "bad-meta", "not a key and a value: 'ab'"),
        ({"text": "abc", "spans": [], "meta": [[None, 1]]}, "bad-meta", "a value without a key"),
        ({"text": "abc", "spans": 5}, "bad-spans", "not a list: 5"),
        ({"text": "abc", "spans": "[[0,"}, "not-json", "not JSON"),
        (
            {"text": "😀 Ulm", "spans": [{"start": 3, "end": 6, "label": "X", "text": "Ulm"}]},
            "span-text-differs",
            "'lm', not 'Ulm'; the offsets count units of UTF-16: say so with --offsets utf16",
        ),
        ({"text": "abc", "spans": [], "lang": "en"}, "other-language", "'en', not in 'de'"),
        ({"text": "abc", "spans": [], "id": "1"}, "duplicate-id", "'1' occurs twice"),
        (["text"], "not-an-object", "not a JSON object"),
        ({"text": "abc", "spans": "[" * 100_000}, "not-json", "not JSON"),
        ({"text": "abc", "tokens": ["a"], "spans": []}, "bad-tokens", "tokens"),
    ],
)
def test_bad_rows_are_errors_that_name_the_line_or_are_dropped_with_a_reason(
    tmp_path: Path, record: object, reason: str, message: str
) -> None:
    good = {"id": "1", "text": "gut", "spans": []}
    path = write_json_lines(tmp_path / "x.jsonl", good, record, {"text": "auch gut", "spans": []})
    with pytest.raises(UserError) as caught:
        read_rows(path, "tokens")
    assert caught.value.line == 2
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    str(caught.value).encode("utf-8")
    batch = read_batch(path, "tokens", on_error="skip")
    assert [row.text for row in batch.rows] == ["gut", "auch gut"]
    assert [d.reason for d in batch.dropped] == [reason]
    assert batch.dropped[0].detail.startswith("line 2: ")
    assert batch.dropped[0].row.text or reason == "empty-text"
    batch.dropped[0].row.text.encode("utf-8")


def deepest() -> int:
    """How deep a list may be nested to be read here."""
    depth = 100
    with suppress(RecursionError):
        while json.loads("[" * depth + "]" * depth):
            depth += 1
    return depth


@pytest.mark.parametrize("field", ["text", "label", "meta", "tokens", "id", "other"])
def test_values_nested_almost_too_deeply(tmp_path: Path, field: str) -> None:
    path = tmp_path / "x.jsonl"
    limit = deepest()
    for depth in range(limit - 30, limit + 5):
        values = {"text": '"a"', "label": '"b"'} | {field: "[" * depth + "]" * depth}
        bad = ", ".join(f'"{name}": {value}' for name, value in values.items())
        path.write_text(f'{{"text": "gut", "label": "b"}}\n{{{bad}}}\n', encoding="utf-8")
        batch = read_batch(path, "classification", on_error="skip")
        assert batch.rows_in == 2
        assert batch.rows[0].text == "gut"


def test_provenance_is_repaired(tmp_path: Path) -> None:
    made = {name: "\ud83d" for name in ("source_lang", "source_text", "method", "model")}
    spans = [SPAN | {"label": "\ud83d", "projector": "\ud83d"}]
    record = SYNTHETIC | made | {"source_spans": spans, "scores": {"\ud83d": 1}, "spans": spans}
    batch = read_batch(write_json_lines(tmp_path / "x.jsonl", record), "tokens", on_error="repair")
    assert batch.repaired == {"lone-surrogate": 1}
    assert "ud83d" not in repr(batch.rows) and repr(batch.rows).count("\ufffd") == 9


def test_errors_can_be_printed_whatever_they_quote(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_rows(write_json_lines(tmp_path / "x.jsonl", {"\ud83d": 1}))
    assert str(caught.value).endswith("--columns text=COLUMN,label=\\ud83d (choose from: \\ud83d)")


def test_an_empty_second_text_is_a_bad_row(tmp_path: Path) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "abc", "text_pair": " ", "label": "x"})
    with pytest.raises(UserError, match="line 1: the second text is empty"):
        read_rows(path, "pair")


def test_json_that_is_nested_beyond_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = '{"text": "a", "label": "b"}\n'
    path.write_text(good + "[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2: not JSON"):
        read_rows(path)
    path = tmp_path / "x.json"
    path.write_text('{"data": ' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(UserError, match="not JSON: nested too deeply"):
        read_rows(path, "qa")


def test_json_that_is_none_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n\n{"text": "a", "label\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 3: not JSON: Unterminated string"):
        read_rows(path)
    assert read_batch(path, "classification", on_error="skip").dropped[0].reason == "not-json"


def test_repairs_are_made_and_counted(tmp_path: Path) -> None:
    path = write_json_lines(
        tmp_path / "x.jsonl",
        {"id": "1", "text": "a\u0301b \ud83d", "spans": [[0, 1, "X"], [0, 3, "Y"]]},
        {"id": "1", "text": "x", "spans": []},
    )
    batch = read_batch(path, "tokens", on_error="repair")
    assert [r.id for r in batch.rows] == ["1", "1-2"]
    assert batch.rows[0].text == "a\u0301b \ufffd"
    assert batch.rows[0].spans == (Span(0, 2, "X"), Span(0, 3, "Y"))
    assert batch.repaired == {
        "lone-surrogate": 1, "split-grapheme": 1, "duplicate-id": 1,
    }  # fmt: skip
    path = write_json_lines(path, {"text": "abc", "spans": [[0, 9, "X"]]})
    with pytest.raises(UserError, match="outside the text"):
        read_batch(path, "tokens", on_error="repair")


def test_duplicates_far_apart_are_found(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": "a", "label": "b"} for n in range(9000)]
    path = write_json_lines(tmp_path / "x.jsonl", *records)
    assert len(read_rows(path)) == 9000
    path = write_json_lines(path, *records, records[17])
    with pytest.raises(UserError, match="line 9001: the id '17' occurs twice"):
        read_rows(path)


@pytest.mark.parametrize(
    ("name", "content", "task", "options", "message"),
    [
        ("x.jsonl", '{"txt": "a", "label": "b"}\n', "classification", {},
         "no column 'text': name it with --columns text=txt (choose from: label, txt)"),
        ("x.jsonl", '{"text": "a", "mentions": []}\n', "tokens", {},
         "no column 'spans': name it with --columns spans=mentions (choose from: mentions, text)"),
        ("x.csv", "text,y\na,b\n", "classification", {},
         "no column 'label': name it with --columns label=y (choose from: text, y)"),
        ("x.csv", "text,y\na,b\n", "classification", {"columns": ColumnMapping(label="z")},
         "no column 'z' (choose from: text, y)"),
        ("x.csv", "context,answers\na,\n", "qa", {},
         "no column 'question': name it with --columns text_pair=COLUMN (choose from: answers, "),
        ("x.csv", "text,label\na,b,c\n", "classification", {},
         "line 2: 3 fields where the header has 2"),
        ("x.csv", "text,text\na,b\n", "classification", {}, "names a column twice"),
        ("x.csv", 'text,label\n"a"b,c\n', "classification", {}, "line 2: the quotes are not"),
        ("x.csv", 'text,label\n"a,c\n', "classification", {}, "the quotes are not"),
        ("x.csv", "text,label\na,\n", "classification", {}, "line 2: there is no 'label'"),
        ("x.csv", "text,label\n", "classification", {}, "there are no rows"),
        ("x.csv", "", "classification", {}, "the file is empty"),
        ("x.csv", "\ufeff", "classification", {}, "there are no rows"),
        ("x.xyz", "a", "classification", {}, "the format cannot be detected"),
        ("x.json", "[]", "classification", {}, "there are no rows"),
        ("x.csv", "a", "translation", {}, "no task 'translation' (choose from: classification"),
        ("x.csv", "a", "qa", {"format": "xml"}, "no format 'xml' (choose from: argilla, arrow"),
        ("x.csv", "a", "qa", {"on_error": "ignore"}, "no way 'ignore'"),
        ("x.txt", "a", "tokens", {}, "'text' cannot hold rows for the task 'tokens'"),
        ("x.json", '{"data": [{"title": 1}]}', "qa", {}, "not SQuAD: no 'paragraphs'"),
        ("x.json", '{"version": 1}', "qa", {}, "not SQuAD: it has no 'data'"),
        ("x.json", '{"data": 5}', "qa", {}, "line 1: not SQuAD: '[' expected"),
        ("x.json", '{"data": [{"title": "a", "paragraphs": [{"context": "b", "qas": [{"id": "c"}]}'
         "]}]}", "qa", {}, "row 1: 'question' is not a string: None"),
        ("x.json", '{"data": [{"title": "a", "paragraphs": [{"context": "b", "qas": [{"question": '
         '"c"}]}]}]}', "qa", {}, "row 1: not SQuAD: no 'id'"),
        ("x.json", '{"data": [{"title": "a",\n "b" c}]}', "qa", {}, "line 2: not JSON"),
        ("x.json", '{"data": [{"title": "a', "qa", {}, "not JSON: Unterminated string"),
        ("x.json", '{"data": [', "qa", {}, "cut short"),
        ("x.parquet", "PAR1 and no more", "text", {}, "not a whole Parquet file"),
        ("x.arrow", "ARROW1 and no more", "text", {}, "not a whole Arrow file"),
        ("x.arrow", "nonsense", "text", {}, "not a whole Arrow file"),
    ],
)  # fmt: skip
def test_bad_files(
    tmp_path: Path, name: str, content: str, task: str, options: dict[str, object], message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(UserError) as caught:
        read_rows(path, task, **options)
    assert message in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.csv: no such file"):
        read_rows(tmp_path / "nothing.csv")
    with pytest.raises(UserError, match="neither Parquet files nor"):
        read_rows(tmp_path)
    with pytest.raises(UserError, match="this is a folder"):
        read_rows(tmp_path, format="csv")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_limit_counts_rows_kept_and_dropped(tmp_path: Path, size: int) -> None:
    rows = [{"id": str(n), "text": f"wake me at nine, {n}", "spans": []} for n in range(9)]
    blank = {"id": "blank", "text": " ", "spans": []}
    source = write_json_lines(tmp_path / "in.jsonl", rows[0], blank, *rows[1:])
    corpus = open_corpus(source, task="tokens", on_error="skip")
    batches = list(corpus.batches(size, limit=5))
    assert [row.id for batch in batches for row in batch.rows] == ["0", "1", "2", "3"]
    assert sum(len(batch.dropped) for batch in batches) == 1


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    long = tmp_path / f"{'x' * 300}.tsv"
    for read in (
        lambda: open_corpus(long, task="text"),
        lambda: list(read_bitext(Bitext(long), "en", "de")),
        lambda: read_predictions(long, "tokens", []),
    ):
        with pytest.raises(UserError, match="this name is too long for the file system"):
            read()
