"""JSON lines, CSV, TSV, plain text and SQuAD."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping
from corpora.records import Row, Span
from tests.helpers.json_lines import read_batch, read_rows, write_json_lines
from tests.helpers.paths import shared_data


def test_jsonl_keeps_what_it_does_not_know_as_meta(tmp_path: Path) -> None:
    record = {"id": 7, "text": "Grüße", "label": 1, "source": "web", "n": [1], "meta": {"a": "b"}}
    path = write_json_lines(tmp_path / "x.jsonl", record | {"none": None})
    (row,) = read_rows(path)
    assert row == Row("7", "de", "Grüße", label="1", meta={"a": "b", "source": "web", "n": "[1]"})


def test_spans_in_every_shape(tmp_path: Path) -> None:
    shapes = [
        [{"start": 0, "end": 4, "label": "X", "text": "Anna"}],
        [[0, 4, "X"]],
        {"start": [0], "end": [4], "label": ["X"]},
        '[{"start": 0, "end": 4, "label": "X"}]',
    ]
    path = write_json_lines(
        tmp_path / "x.jsonl", *({"text": "Anna lebt", "spans": s} for s in shapes)
    )
    assert [row.spans for row in read_rows(path, "tokens")] == [(Span(0, 4, "X"),)] * 4


def test_tokens_and_tags_in_a_table(tmp_path: Path) -> None:
    path = write_json_lines(
        tmp_path / "x.jsonl",
        {"tokens": ["Anna", "lebt", "."], "ner_tags": ["I-PER", "O", "O"]},
        {"tokens": ["Ulm", "!"], "ner_tags": ["I-LOC", "O"], "text": "Ulm !"},
    )
    first, second = read_rows(path, "tokens")
    assert (first.text, first.spans) == ("Anna lebt.", (Span(0, 4, "PER"),))
    assert (second.text, second.tokens) == ("Ulm !", ((0, 3), (4, 5)))


def test_csv_and_tsv_with_mapped_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('\ufeffpremise,hypo,y\r\n"a, ""b""\nc",d,no\r\n', encoding="utf-8", newline="")
    columns = ColumnMapping(text="premise", text_pair="hypo", label="y")
    (row,) = read_rows(path, "pair", columns=columns)
    assert (row.text, row.text_pair, row.label) == ('a, "b"\nc', "d", "no")
    path = tmp_path / "x.tsv"
    path.write_text('text\tlabel\n"Ja" sagte er\t1\n', encoding="utf-8")
    assert read_rows(path)[0].text == '"Ja" sagte er'
    path = tmp_path / "semi.csv"
    path.write_text("text;label\na;b\n", encoding="utf-8")
    assert read_rows(path, delimiter=";")[0].label == "b"


def test_quotes_in_tsv_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('text\tlabel\n"er sagte ""ja"""\tb\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 2: a field seems to be quoted"):
        read_rows(path)
    assert read_rows(path, quoting=True)[0].text == 'er sagte "ja"'
    assert read_rows(path, quoting=False)[0].text == '"er sagte ""ja"""'


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
    first, second = read_rows(path, "qa")
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
    found = read_rows(path, "qa", on_error="repair")
    assert [row.id for row in found] == [f"{n}-q{k}" for n in range(300) for k in (1, 2)]
    assert found[0].text[found[0].spans[0].start :].startswith("Ulm")


def test_answers_that_stand_elsewhere(tmp_path: Path) -> None:
    bad = json.loads(json.dumps(SQUAD).replace("13", "14"))
    path = tmp_path / "x.json"
    path.write_text(json.dumps(bad), encoding="utf-8")
    with pytest.raises(UserError, match=r"row 1: at 14:17 the text is 'lm\.', not 'Ulm'"):
        read_rows(path, "qa")
    assert read_rows(path, "qa", on_error="repair")[0].spans[0] == Span(13, 16, "answer")
    assert [d.reason for d in read_batch(path, "qa", on_error="skip").dropped] == [
        "span-text-differs"
    ]


def test_xquad_answers_are_what_the_file_says() -> None:
    path = shared_data("xquad/xquad.de.json")
    answers = {
        qa["id"]: [a["text"] for a in qa["answers"]]
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    }
    found = {r.id: [r.text[s.start : s.end] for s in r.spans] for r in read_rows(path, "qa")}
    assert found == answers
    assert len(found) == 1190


def test_plain_text_ends_lines_at_line_feeds_only(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("eins\u2028und\x85\x0bzwei\r\ndrei".encode())
    assert [row.text for row in read_rows(path, "text")] == ["eins\u2028und\x85\x0bzwei", "drei"]


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
    assert [r.text for r in read_rows(path, format="jsonl")] == [f"Satz {n}" for n in range(5000)]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_cut_short(tmp_path: Path, how: str) -> None:
    lines = "".join(json.dumps({"text": f"Satz {n * n}", "label": "x"}) + "\n" for n in range(9999))
    path = tmp_path / "x.jsonl"
    with pa.CompressedOutputStream(str(path), how) as stream:
        stream.write(lines.encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"x.jsonl: the {how} file is cut short"):
        read_rows(path)


def test_not_utf8_names_the_byte_offset(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = b'{"text": "a", "label": "b"}\n'
    path.write_bytes(b"\xef\xbb\xbf" + good * 60_000 + b'{"text": "\xe4", "label": "b"}\n')
    offset = 3 + len(good) * 60_000 + 10
    with pytest.raises(UserError, match=f"not UTF-8: byte 0xe4 at byte offset {offset}$"):
        read_rows(path)
    path.write_bytes("text,label\nä,b\n".encode("utf-16"))
    with pytest.raises(UserError, match="not UTF-8: byte 0xff at byte offset 0"):
        read_rows(path)


def test_unlabelled_input(tmp_path: Path) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "a"})
    with pytest.raises(UserError, match="no column 'label'"):
        read_rows(path)
    assert read_rows(path, labelled=False)[0].label is None


def test_hard_texts_pass_unchanged(tmp_path: Path) -> None:
    texts = [
        "x" * 100_000,
        "\x00\x01\x7f",
        "👩‍👩‍👧 🇩🇪",
        "مرحبا \u200fبك",
        ">>de<< </s> ▁a",
        "e\u0301 é",
    ]
    path = write_json_lines(tmp_path / "x.jsonl", *({"text": text, "label": "b"} for text in texts))
    assert [row.text for row in read_rows(path)] == texts
    path = tmp_path / "x.csv"
    path.write_text("text,label\n" + "".join(f'"{t}",b\n' for t in texts), encoding="utf-8")
    assert [row.text for row in read_rows(path)] == texts


def test_a_label_may_be_a_number_or_a_truth_value(tmp_path: Path) -> None:
    rows = [{"id": n, "text": "abc", "label": label} for n, label in enumerate(("x", 3, True, 2.5))]
    found = read_rows(write_json_lines(tmp_path / "x.jsonl", *rows))
    assert [(row.id, row.label) for row in found] == [
        ("0", "x"),
        ("1", "3"),
        ("2", "true"),
        ("3", "2.5"),
    ]
