"""JSON lines, CSV, TSV, plain text and SQuAD; and everything that can be wrong with a file."""

import gzip
import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping, CorpusBatch, open_corpus
from corpora.records import Row, Span
from tests.corpora.records import read, write
from tests.paths import shared_data


def batch_of(path: Path, task: str, **options: object) -> CorpusBatch:
    (batch,) = open_corpus(path, task=task, lang="de", **options).batches()  # type: ignore[arg-type]
    return batch


def test_jsonl_keeps_what_it_does_not_know_as_meta(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {"id": 7, "text": "Grüße", "label": 1, "source": "web",
                                        "n": [1], "meta": {"a": "b"}, "none": None})  # fmt: skip
    (row,) = read(path)
    assert row == Row("7", "de", "Grüße", label="1", meta={"a": "b", "source": "web", "n": "[1]"})


def test_spans_in_every_shape(tmp_path: Path) -> None:
    shapes = [
        [{"start": 0, "end": 4, "label": "X", "text": "Anna"}],
        [[0, 4, "X"]],
        {"start": [0], "end": [4], "label": ["X"]},
        '[{"start": 0, "end": 4, "label": "X"}]',
    ]
    path = write(tmp_path / "x.jsonl", *({"text": "Anna lebt", "spans": s} for s in shapes))
    assert [row.spans for row in read(path, "tokens")] == [(Span(0, 4, "X"),)] * 4


def test_tokens_and_tags_in_a_table(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        {"tokens": ["Anna", "lebt", "."], "ner_tags": ["I-PER", "O", "O"]},
        {"tokens": ["Ulm", "!"], "ner_tags": ["I-LOC", "O"], "text": "Ulm !"},
    )
    first, second = read(path, "tokens")
    assert (first.text, first.spans) == ("Anna lebt.", (Span(0, 4, "PER"),))
    assert (second.text, second.tokens) == ("Ulm !", ((0, 3), (4, 5)))


def test_csv_and_tsv_with_mapped_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('\ufeffpremise,hypo,y\r\n"a, ""b""\nc",d,no\r\n', encoding="utf-8", newline="")
    columns = ColumnMapping(text="premise", text_pair="hypo", label="y")
    (row,) = read(path, "pair", columns=columns)
    assert (row.text, row.text_pair, row.label) == ('a, "b"\nc', "d", "no")
    path = tmp_path / "x.tsv"
    path.write_text('text\tlabel\n"Ja" sagte er\t1\n', encoding="utf-8")
    assert read(path)[0].text == '"Ja" sagte er'
    path = tmp_path / "semi.csv"
    path.write_text("text;label\na;b\n", encoding="utf-8")
    assert read(path, delimiter=";")[0].label == "b"


def test_quotes_in_tsv_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('text\tlabel\n"er sagte ""ja"""\tb\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 2: a field seems to be quoted"):
        read(path)
    assert read(path, quoting=True)[0].text == 'er sagte "ja"'
    assert read(path, quoting=False)[0].text == '"er sagte ""ja"""'


SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "T",
            "paragraphs": [
                {
                    "context": "Anna lebt in Ulm. " * 3,
                    "qas": [
                        {
                            "id": "q1",
                            "question": "Wo?",
                            "is_impossible": False,
                            "answers": [
                                {"text": "Ulm", "answer_start": 13},
                                {"text": "Ulm", "answer_start": 13},
                                {"text": "in Ulm", "answer_start": 10},
                            ],
                        },
                        {"id": "q2", "question": "Wer?", "is_impossible": True, "answers": []},
                    ],
                }
            ],
        },
        {"title": "U", "paragraphs": []},
    ],
}


@pytest.mark.parametrize("indent", [None, 2])
def test_squad(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(SQUAD, indent=indent), encoding="utf-8")
    first, second = read(path, "qa")
    assert first.spans == (Span(13, 16, "answer"), Span(10, 16, "answer"))
    assert (first.text_pair, first.meta) == ("Wo?", {"title": "T"})
    assert (second.id, second.spans) == ("q2", ())


def test_a_squad_file_of_many_pieces_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    article = json.dumps(SQUAD["data"][0])  # type: ignore[index]
    longer = article.replace("lebt", "lebt " * 900)
    many = [longer.replace('"q1"', f'"{n}-q1"').replace('"q2"', f'"{n}-q2"') for n in range(300)]
    path.write_text('{"data": [' + ",\n".join(many) + '], "version": "1.1"}', encoding="utf-8")
    assert path.stat().st_size > 3 << 20
    found = read(path, "qa", on_error="repair")
    assert [row.id for row in found] == [f"{n}-q{k}" for n in range(300) for k in (1, 2)]
    assert found[0].text[found[0].spans[0].start :].startswith("Ulm")


def test_answers_that_stand_elsewhere(tmp_path: Path) -> None:
    bad = json.loads(json.dumps(SQUAD).replace("13", "14"))
    path = tmp_path / "x.json"
    path.write_text(json.dumps(bad), encoding="utf-8")
    with pytest.raises(UserError, match=r"row 1: at 14:17 the text is 'lm\.', not 'Ulm'"):
        read(path, "qa")
    assert read(path, "qa", on_error="repair")[0].spans[0] == Span(13, 16, "answer")
    assert [d.reason for d in batch_of(path, "qa", on_error="skip").dropped] == [
        "span-text-differs"
    ]


def test_xquad_answers_are_what_the_file_says() -> None:
    path = shared_data("xquad/xquad.de.json")
    said = {
        qa["id"]: [a["text"] for a in qa["answers"]]
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    }
    found = {r.id: [r.text[s.start : s.end] for s in r.spans] for r in read(path, "qa")}
    assert found == said
    assert len(found) == 1190


def test_plain_text_ends_lines_at_line_feeds_only(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("eins\u2028und\x85\x0bzwei\r\ndrei".encode())
    assert [row.text for row in read(path, "text")] == ["eins\u2028und\x85\x0bzwei", "drei"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.data"])
@pytest.mark.parametrize("how", ["gzip", "zstd", "two gzips"])
def test_compression_is_seen_by_the_bytes_not_by_the_name(
    tmp_path: Path, name: str, how: str
) -> None:
    lines = [json.dumps({"id": str(n), "text": f"Satz {n}", "label": "x"}) for n in range(5000)]
    data = "".join(line + "\n" for line in lines).encode()
    path = tmp_path / name
    if how == "zstd":
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(data)
    else:
        half = len(data) // 2 if how == "two gzips" else len(data)
        path.write_bytes(gzip.compress(data[:half]) + gzip.compress(data[half:]))
    assert [r.text for r in read(path, format="jsonl")] == [f"Satz {n}" for n in range(5000)]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_cut_short(tmp_path: Path, how: str) -> None:
    lines = "".join(json.dumps({"text": f"Satz {n * n}", "label": "x"}) + "\n" for n in range(9999))
    path = tmp_path / "x.jsonl"
    with pa.CompressedOutputStream(str(path), how) as stream:
        stream.write(lines.encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"x.jsonl: the {how} file is cut short"):
        read(path)


def test_not_utf8_names_the_byte_offset(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = b'{"text": "a", "label": "b"}\n'
    path.write_bytes(b"\xef\xbb\xbf" + good * 60_000 + b'{"text": "\xe4", "label": "b"}\n')
    offset = 3 + len(good) * 60_000 + 10
    with pytest.raises(UserError, match=f"not UTF-8: byte 0xe4 at byte offset {offset}$"):
        read(path)
    path.write_bytes("text,label\nä,b\n".encode("utf-16"))
    with pytest.raises(UserError, match="not UTF-8: byte 0xff at byte offset 0"):
        read(path)


SPAN = {"start": 0, "end": 1, "label": "X"}
SYNTHETIC = {"text": "abc", "spans": [], "method": "x", "source_id": "7", "source_text": "def"}


@pytest.mark.parametrize(
    ("record", "reason", "message"),
    [
        ({"text": "abc", "spans": [[0, 9, "X"]]}, "offset-out-of-range", "0:9"),
        ({"text": "abc", "spans": [[-1, 2, "X"]]}, "offset-out-of-range", "-1:2"),
        ({"text": "abcd", "spans": [[0, 2, "X"], [1, 3, "Y"]]}, "overlapping-spans", "1:3"),
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
            {"text": "abc", "spans": [[0, 1.0, "X"]]},
            "bad-spans",
            "'end' is not a whole number: 1.0",
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
            "'lm', not 'Ulm'; offsets must count characters",
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
    path = write(tmp_path / "x.jsonl", good, record, {"text": "auch gut", "spans": []})
    with pytest.raises(UserError) as caught:
        read(path, "tokens")
    assert caught.value.line == 2
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    str(caught.value).encode("utf-8")
    batch = batch_of(path, "tokens", on_error="skip")
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
        batch = batch_of(path, "classification", on_error="skip")
        assert batch.rows_in == 2
        assert batch.rows[0].text == "gut"


def test_provenance_is_repaired(tmp_path: Path) -> None:
    made = {name: "\ud83d" for name in ("source_lang", "source_text", "method", "model")}
    spans = [SPAN | {"label": "\ud83d", "projector": "\ud83d"}]
    record = SYNTHETIC | made | {"source_spans": spans, "scores": {"\ud83d": 1}, "spans": spans}
    batch = batch_of(write(tmp_path / "x.jsonl", record), "tokens", on_error="repair")
    assert batch.repaired == {"lone-surrogate": 1}
    assert "ud83d" not in repr(batch.rows) and repr(batch.rows).count("\ufffd") == 9


def test_errors_can_be_printed_whatever_they_quote(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(write(tmp_path / "x.jsonl", {"\ud83d": 1}))
    assert str(caught.value).endswith("no column 'text' (choose from: \\ud83d)")


def test_an_empty_second_text_is_a_bad_row(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {"text": "abc", "text_pair": " ", "label": "x"})
    with pytest.raises(UserError, match="line 1: the second text is empty"):
        read(path, "pair")


def test_json_that_is_nested_beyond_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = '{"text": "a", "label": "b"}\n'
    path.write_text(good + "[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2: not JSON"):
        read(path)
    path = tmp_path / "x.json"
    path.write_text('{"data": ' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(UserError, match="not JSON: nested too deeply"):
        read(path, "qa")


def test_json_that_is_none_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n\n{"text": "a", "label\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 3: not JSON: Unterminated string"):
        read(path)
    assert batch_of(path, "classification", on_error="skip").dropped[0].reason == "not-json"


def test_repairs_are_made_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        {"id": "1", "text": "a\u0301b \ud83d", "spans": [[0, 1, "X"], [0, 3, "Y"]]},
        {"id": "1", "text": "x", "spans": []},
    )
    batch = batch_of(path, "tokens", on_error="repair")
    assert [r.id for r in batch.rows] == ["1", "1-2"]
    assert batch.rows[0].text == "a\u0301b \ufffd"
    assert batch.rows[0].spans == (Span(0, 3, "Y"),)
    assert batch.repaired == {
        "lone-surrogate": 1, "split-grapheme": 1, "overlapping-spans": 1, "duplicate-id": 1,
    }  # fmt: skip
    path = write(path, {"text": "abc", "spans": [[0, 9, "X"]]})
    with pytest.raises(UserError, match="outside the text"):
        batch_of(path, "tokens", on_error="repair")


def test_duplicates_far_apart_are_found(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": "a", "label": "b"} for n in range(9000)]
    path = write(tmp_path / "x.jsonl", *records)
    assert len(read(path)) == 9000
    path = write(path, *records, records[17])
    with pytest.raises(UserError, match="line 9001: the id '17' occurs twice"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "task", "options", "message"),
    [
        ("x.jsonl", '{"txt": "a", "label": "b"}\n', "classification", {},
         "no column 'text' (choose from: label, txt)"),
        ("x.jsonl", '{"text": "a", "entities": []}\n', "tokens", {},
         "no column 'spans' (choose from: entities, text)"),
        ("x.csv", "text,y\na,b\n", "classification", {},
         "no column 'label' (choose from: text, y)"),
        ("x.csv", "text,y\na,b\n", "classification", {"columns": ColumnMapping(label="z")},
         "no column 'z' (choose from: text, y)"),
        ("x.csv", "context,answers\na,\n", "qa", {},
         "no column 'question' (choose from: answers, context)"),
        ("x.csv", "text,label\na,b,c\n", "classification", {},
         "line 2: 3 fields where the header has 2"),
        ("x.csv", "text,text\na,b\n", "classification", {}, "names a column twice"),
        ("x.csv", 'text,label\n"a"b,c\n', "classification", {}, "line 2: the quotes are not"),
        ("x.csv", 'text,label\n"a,c\n', "classification", {}, "the quotes are not"),
        ("x.csv", "text,label\na,\n", "classification", {}, "line 2: there is no 'label'"),
        ("x.csv", "text,label\n", "classification", {}, "there are no rows"),
        ("x.csv", "", "classification", {}, "the file is empty"),
        ("x.csv", "\ufeff", "classification", {}, "there are no rows"),
        ("x.xyz", "a", "classification", {}, "the format cannot be told"),
        ("x.json", "[]", "classification", {}, "the format cannot be told"),
        ("x.csv", "a", "translation", {}, "no task 'translation' (choose from: classification"),
        ("x.csv", "a", "qa", {"format": "xml"}, "no format 'xml' (choose from: arrow, conll"),
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
        read(path, task, **options)
    assert message in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.csv: no such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(UserError, match="neither Parquet files nor"):
        read(tmp_path)
    with pytest.raises(UserError, match="this is a folder"):
        read(tmp_path, format="csv")


def test_unlabelled_input(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {"text": "a"})
    with pytest.raises(UserError, match="no column 'label'"):
        read(path)
    assert read(path, labelled=False)[0].label is None


def test_hard_texts_pass_unchanged(tmp_path: Path) -> None:
    texts = [
        "x" * 100_000,
        "\x00\x01\x7f",
        "👩‍👩‍👧 🇩🇪",
        "مرحبا \u200fبك",
        ">>de<< </s> ▁a",
        "e\u0301 é",
    ]
    path = write(tmp_path / "x.jsonl", *({"text": text, "label": "b"} for text in texts))
    assert [row.text for row in read(path)] == texts
    path = tmp_path / "x.csv"
    path.write_text("text,label\n" + "".join(f'"{t}",b\n' for t in texts), encoding="utf-8")
    assert [row.text for row in read(path)] == texts


def test_a_label_may_be_a_number_or_a_truth_value(tmp_path: Path) -> None:
    rows = [{"id": n, "text": "abc", "label": label} for n, label in enumerate(("x", 3, True, 2.5))]
    found = read(write(tmp_path / "x.jsonl", *rows))
    assert [(row.id, row.label) for row in found] == [
        ("0", "x"),
        ("1", "3"),
        ("2", "true"),
        ("3", "2.5"),
    ]
