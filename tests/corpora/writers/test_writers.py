"""Writers, and that what is written is read back equal."""

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corpora.batches import rows_to_batch
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Provenance, Row, Span
from corpora.text.words import trim
from corpora.writers import (
    EXPORT_SCHEMA,
    WRITERS,
    write_corpus,
    write_dataset_batches,
    write_dataset_folder,
)
from tests.helpers.row_strategies import rows, unique_by_id

A_FEW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def back(path: Path, task: str = "tokens", **options: object) -> list[Row]:
    return list(open_corpus(path, task=task, **options).rows())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.parquet", "x.arrow", "x.jsonl.zst"])
@given(some=st.lists(rows(), min_size=1, max_size=5).map(unique_by_id))
@A_FEW
def test_these_formats_keep_everything(tmp_path: Path, name: str, some: list[Row]) -> None:
    report = write_corpus(some, tmp_path / name, task="tokens")
    assert (report.rows, report.notes) == (len(some), {})
    assert back(tmp_path / name) == some


@given(some=st.lists(rows(), min_size=1, max_size=3).map(unique_by_id))
@A_FEW
def test_a_data_set_folder_keeps_everything(tmp_path: Path, some: list[Row]) -> None:
    write_dataset_folder(some, tmp_path / "de", rows_per_file=2)
    by_split = sorted(some, key=lambda row: row.split or "train")
    assert sorted(back(tmp_path / "de"), key=lambda r: r.id) == sorted(by_split, key=lambda r: r.id)


@given(some=st.lists(rows(), min_size=1, max_size=5).map(unique_by_id))
@A_FEW
def test_tsv_keeps_what_has_no_tab_or_line_break(tmp_path: Path, some: list[Row]) -> None:
    path = tmp_path / "x.tsv"
    path.unlink(missing_ok=True)  # hypothesis uses one folder for all examples
    try:
        write_corpus(some, path, task="tokens")
    except UserError as error:
        assert "tab or line break" in str(error)
        assert not path.exists()
    else:
        assert back(path, quoting=False) == some


@given(some=st.lists(rows(synthetic=False), min_size=1, max_size=5).map(unique_by_id))
@A_FEW
def test_conll_keeps_texts_spans_labels_and_meta(tmp_path: Path, some: list[Row]) -> None:
    def one_line(text: str) -> str:
        return text.replace("\n", " ").replace("\r", " ")

    expected = []
    for row in some:
        spans = []
        for span in row.spans:
            place = trim(row.text, span.start, span.end)
            if place is not None:
                spans.append(replace(span, start=place[0], end=place[1]))
        text = one_line(row.text)
        meta = {k: one_line(v) for k, v in row.meta.items() if k.isprintable() and k == k.strip()}
        assume(all(not {" ", "=", ":", "\t"} & set(key) for key in meta))
        expected.append(replace(row, lang="de", text=text, spans=tuple(spans), split=None,
                                text_pair=None, target=None, meta=meta))  # fmt: skip
    write_corpus(expected, tmp_path / "x.conll", task="tokens")
    found = back(tmp_path / "x.conll", lang="de")
    assert [replace(r, tokens=None) for r in found] == [replace(r, tokens=None) for r in expected]


KEYS = ["id", "sent_id", "sent-id", "intent", "label", "text", "label_", "user name", "user_name",
        "# x=y", "a:b", "=", " ", "\n", "", "\u2028", "newdoc", "#", "k"]  # fmt: skip


@given(
    row=rows(synthetic=False),
    meta=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), st.text(max_size=6)),
    label=st.none() | st.text("a\t\n\r =_", min_size=1).filter(lambda text: bool(text.strip())),
)
@A_FEW
def test_conll_is_read_back_whatever_a_row_is_called(
    tmp_path: Path, row: Row, meta: dict[str, str], label: str | None
) -> None:
    def one_line(text: str) -> str:
        return text.replace("\n", " ").replace("\r", " ")

    bare = Row("7", "de", row.text, label=label, meta=meta)
    report = write_corpus([bare, replace(bare, id="8")], tmp_path / "x.conll", task="tokens")
    first, second = back(tmp_path / "x.conll", lang="de")
    assert (first.id, second.id) == ("7", "8")
    assert (first.text, first.spans) == (one_line(row.text), ())
    assert first.label == (None if label is None else one_line(label).strip())
    assert sorted(first.meta.values()) == sorted(map(one_line, meta.values()))
    taken = KEYS[:6]
    plain = {key for key in meta if re.fullmatch(r"[^\s=:]+", key) and key not in taken}
    assert {key: first.meta[key] for key in plain} == {key: one_line(meta[key]) for key in plain}
    assert report.notes.get("meta-key-changed", 0) == 2 * (len(meta) - len(plain))


def test_keys_that_conll_takes_for_something_else_are_changed(tmp_path: Path) -> None:
    meta = {"intent": "OTHER", "sent_id": "5", "user name": "Eva", "user_name": "Ida", "# x=y": "z"}
    row = Row("7", "de", "Ulm", label="book", meta=meta)
    report = write_corpus([row], tmp_path / "x.conll")
    assert report.notes == {"meta-key-changed": 4}
    (found,) = back(tmp_path / "x.conll", lang="de")
    assert (found.id, found.label) == ("7", "book")
    assert found.meta == {
        "intent_": "OTHER", "sent_id_": "5", "user_name_": "Eva", "user_name": "Ida", "#_x_y": "z",
    }  # fmt: skip


def test_a_class_that_conll_cannot_write_in_a_column_is_cleaned(tmp_path: Path) -> None:
    row = Row(" 7", "de", "Ulm", label="book\ta\ntrain ", spans=(Span(0, 3, "city"),))
    report = write_corpus([row], tmp_path / "x.conll")
    assert report.notes == {"id-trimmed": 1, "label-trimmed": 1, "line-break-made-space": 1}
    assert "1\tUlm\tbook a train\tB-city\n" in (tmp_path / "x.conll").read_text("utf-8")
    (found,) = back(tmp_path / "x.conll", lang="de")
    assert (found.id, found.label, found.spans) == ("7", "book\ta train", row.spans)


def test_conll_as_xsid_has_it(tmp_path: Path) -> None:
    row = Row("7", "de", "Wecke mich um 7:30!", label="alarm/set", spans=(Span(11, 18, "time"),),
              meta={"text-en": "Wake me at 7:30!"})  # fmt: skip
    write_corpus([row], tmp_path / "x.conll")
    assert (tmp_path / "x.conll").read_text(encoding="utf-8") == (
        "# id = 7\n# text = Wecke mich um 7:30!\n# intent = alarm/set\n"
        "# text-en = Wake me at 7:30!\n"
        "1\tWecke\talarm/set\tO\n2\tmich\talarm/set\tO\n3\tum\talarm/set\tB-time\n"
        "4\t7\talarm/set\tI-time\n5\t:\talarm/set\tI-time\n6\t30\talarm/set\tI-time\n"
        "7\t!\talarm/set\tO\n\n"
    )


def test_conll_of_names_has_two_columns_and_cut_words(tmp_path: Path) -> None:
    row = Row("7", "de", "Berlins Mauer", spans=(Span(0, 6, "LOC"),))
    write_corpus([row], tmp_path / "x.conll")
    lines = (tmp_path / "x.conll").read_text(encoding="utf-8").splitlines()
    assert lines == ["# id = 7", "# text = Berlins Mauer", "Berlin\tB-LOC", "s\tO", "Mauer\tO", ""]


def test_line_breaks_in_conll_are_noted(tmp_path: Path) -> None:
    report = write_corpus([Row("7", "de", "a\nb")], tmp_path / "x.conll")
    assert report.notes == {"line-break-made-space": 1}
    assert back(tmp_path / "x.conll", lang="de")[0].text == "a b"


@given(
    some=st.lists(rows(synthetic=False), min_size=1, max_size=5).map(unique_by_id), data=st.data()
)
@A_FEW
def test_squad_keeps_questions_and_answers(
    tmp_path: Path, some: list[Row], data: st.DataObject
) -> None:
    expected = [
        replace(
            row,
            lang="de",
            label=None,
            text_pair=row.text_pair or "Was?",
            spans=tuple(replace(s, label="answer") for s in row.spans),
            target=None,
            split=None,
            meta=data.draw(st.sampled_from([{}, {"title": "A"}])),
            tokens=None,
        )
        for row in some
    ]
    write_corpus(expected, tmp_path / "x.json", task="qa")
    assert back(tmp_path / "x.json", "qa", lang="de") == expected


def test_squad_groups_questions_of_one_context(tmp_path: Path) -> None:
    made = [Row(str(n), "de", "Kontext", "Frage?", meta={"title": "T"}) for n in range(3)]
    write_corpus(made, tmp_path / "x.json")
    (article,) = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["data"]
    (paragraph,) = article["paragraphs"]
    assert [qa["is_impossible"] for qa in paragraph["qas"]] == [True] * 3


def test_text(tmp_path: Path) -> None:
    write_corpus([Row("1", "de", "eins"), Row("2", "de", "zwei\u2028")], tmp_path / "x.txt.gz")
    assert [r.text for r in back(tmp_path / "x.txt.gz", "text")] == ["eins", "zwei\u2028"]


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("x.conll", Row("9", "de", "a", text_pair="b"), "row 9: CoNLL cannot hold a second text"),
        ("x.conll", Row("9", "de", "a", target="b"), "free-text target"),
        ("x.conll", Row("9", "de", "abc", spans=(Span(0, 2, "X"), Span(1, 3, "Y"))), "overlapping"),
        ("x.conll", Row("9", "de", "a b", spans=(Span(1, 2, "X"),)), "a span of spaces"),
        ("x.conll", Row("9", "de", "a", labels=("x",)), "several labels or a number"),
        ("x.conll", Row("9", "de", "a", value=1.5), "several labels or a number"),
        ("x.conll", Row("9", "de", "# a = b", tokens=((0, 7),)), "reads as a comment"),
        ("x.conll", Row("9", "de", "a -DOCSTART-", tokens=((0, 1), (2, 12))), "reads as a comment"),
        ("x.json", Row("9", "de", "a"), "without a question"),
        ("x.txt", Row("9", "de", "a\nb"), "cannot be one line"),
        ("x.tsv", Row("9", "de", "a\tb"), "row 9: TSV cannot hold a tab"),
        ("x.xyz", Row("9", "de", "a"), "the format cannot be detected"),
    ],
)
def test_what_a_format_cannot_hold_is_an_error_and_leaves_no_file(
    tmp_path: Path, name: str, row: Row, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        write_corpus([Row("8", "de", "ok", text_pair="q" if name == "x.json" else None), row],
                     tmp_path / name)  # fmt: skip
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_unknown_format_and_task(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no format 'xml' to write"):
        write_corpus([], tmp_path / "x", format="xml")
    with pytest.raises(UserError, match="'squad' cannot hold rows for the task 'pair'"):
        write_corpus([], tmp_path / "x", format="squad", task="pair")


@pytest.mark.parametrize(
    "name",
    [
        *(w.suffix for w in WRITERS.values() if w.name not in ("hf", "spacy", "brat")),
        ".jsonl.gz",
        ".csv.zst",
        ".jsonl.gzip",
        ".tsv.zstd",
    ],
)
def test_the_same_rows_make_the_same_bytes(tmp_path: Path, name: str) -> None:
    made = [Row(str(n), "de", f"Satz {n}", text_pair="q" if name == ".json" else None)
            for n in range(50)]  # fmt: skip
    one, two = tmp_path / f"one{name}", tmp_path / f"two{name}"
    write_corpus(made, one)
    write_corpus(iter(made), two)
    assert one.read_bytes() == two.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [one.name, two.name]


def example(number: int) -> Row:
    odd = number % 2 == 1
    made = Provenance(
        source_id=str(number),
        source_lang="en",
        source_text="Sentence",
        method="translate-train",
        model="m@12345678",
        translation_score=-0.5,
        source_spans=(Span(0, 8, "A"),),
        scores={"lid": 0.25},
    )
    return Row(
        id=f"de-{number}",
        lang="de",
        text=f"Satz {number} in Ulm",
        label="x",
        spans=(Span(0, 4, "A", "attention", 0.5),),
        split="test" if number % 3 == 0 else None,
        meta={"n": str(number)} if odd else {},
        tokens=((0, 4),) if odd else None,
        provenance=made,
    )


def test_the_data_set_folder_opens_in_datasets_and_polars(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = [example(n) for n in range(10)]
    paths = write_dataset_folder(made, tmp_path / "de", rows_per_file=4)
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == [
        "de/data/test-00000-of-00001.parquet",
        "de/data/train-00000-of-00002.parquet",
        "de/data/train-00001-of-00002.parquet",
    ]
    assert sorted(p.name for p in (tmp_path / "de").rglob("*")) == sorted(
        ["data", *(p.name for p in paths)]
    )
    loaded = datasets.load_dataset(str(tmp_path / "de"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == {"train": 6, "test": 4}
    first = loaded["train"][0]
    assert first["text"] == "Satz 1 in Ulm"
    assert first["spans"][0]["label"] == "A"
    assert first["meta"] == [{"key": "n", "value": "1"}]
    frame = pl.read_parquet(tmp_path / "de" / "data")
    assert frame.height == 10
    assert set(frame["id"]) == {row.id for row in made}
    assert pq.read_schema(paths[0]).equals(EXPORT_SCHEMA)
    assert back(tmp_path / "de", split="test") == [row for row in made if row.split == "test"]
    with pytest.raises(UserError, match=r"no split 'dev' \(choose from: test, train\)"):
        back(tmp_path / "de", split="dev")


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
def test_columnar_files_open_in_datasets_and_polars(tmp_path: Path, name: str) -> None:
    datasets = pytest.importorskip("datasets")
    made = [example(n) for n in range(4)]
    path = tmp_path / name
    write_corpus(made, path)
    kind, read = ("parquet", pl.read_parquet) if name == "x.parquet" else ("arrow", pl.read_ipc)
    loaded = datasets.load_dataset(kind, data_files=str(path), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"][1]["meta"] == [{"key": "n", "value": "1"}]
    assert loaded["train"]["text"] == [row.text for row in made] == read(path)["text"].to_list()
    assert back(path) == made
    table = pa.Table.from_batches([rows_to_batch(made)])  # as shards have them, with maps
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    assert back(path) == made


def test_slices_of_batches_go_into_a_data_set_folder(tmp_path: Path) -> None:
    made = [example(n) if n % 2 else replace(example(n), provenance=None) for n in range(10)]
    write_dataset_batches([rows_to_batch(made).slice(2, 5)], tmp_path)
    assert sorted(back(tmp_path), key=lambda r: r.id) == made[2:7]


def test_a_data_set_folder_is_replaced_whole(tmp_path: Path) -> None:
    write_dataset_folder([example(n) for n in range(9)], tmp_path, rows_per_file=2)
    paths = write_dataset_folder([], tmp_path)
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["train-00000-of-00001.parquet"]
    assert pl.read_parquet(paths[0]).height == 0
    with pytest.raises(UserError, match="not a name for a split"):
        write_dataset_folder([Row("1", "de", "a", split="../x")], tmp_path)
    assert paths[0].exists()


def test_datasets_saved_to_disk_are_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    labels = datasets.ClassLabel(names=["neg", "pos"])
    features = datasets.Features({"text": datasets.Value("string"), "label": labels})
    one = datasets.Dataset.from_dict({"text": ["gut", "schlecht"], "label": [1, 0]}, features)
    one.save_to_disk(str(tmp_path / "one"), num_shards=2)
    assert [(r.text, r.label) for r in back(tmp_path / "one", "classification")] == [
        ("gut", "pos"),
        ("schlecht", "neg"),
    ]
    both = datasets.DatasetDict({"train": one, "test": one.select([0])})
    both.save_to_disk(str(tmp_path / "both"))
    whole = back(tmp_path / "both", "classification")
    assert [(r.text, r.split) for r in whole] == [
        ("gut", "train"), ("schlecht", "train"), ("gut", "test"),
    ]  # fmt: skip
    assert len(back(tmp_path / "both", "classification", split="test")) == 1
    with pytest.raises(UserError, match="no split 'dev'"):
        back(tmp_path / "both", "classification", split="dev")


def test_tagged_datasets_saved_to_disk_are_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    names = ["O", "B-PER", "I-PER"]
    tags = datasets.Sequence(datasets.ClassLabel(names=names))
    features = datasets.Features(
        {"tokens": datasets.Sequence(datasets.Value("string")), "ner_tags": tags}
    )
    made = datasets.Dataset.from_dict(
        {"tokens": [["Anna", "Berg", "geht", "."]], "ner_tags": [[1, 2, 0, 0]]}, features
    )
    made.save_to_disk(str(tmp_path / "x"))
    (row,) = back(tmp_path / "x", lang="de")
    assert (row.text, row.spans) == ("Anna Berg geht.", (Span(0, 9, "PER"),))


def test_names_in_a_saved_data_set_lead_nowhere_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.arrow"
    write_corpus([example(1)], secret)
    folder = tmp_path / "x"
    folder.mkdir()
    for name in ("../secret.arrow", str(secret), ".."):
        state = {"_data_files": [{"filename": name}]}
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
        with pytest.raises(UserError, match="not a file name"):
            back(folder)


@pytest.mark.parametrize("label", ["departure city", " x ", "a  b", "O", "B-X"])
def test_labels_with_spaces_are_written_to_conll_and_read_back(tmp_path: Path, label: str) -> None:
    row = Row("1", "de", "nach Ulm", spans=(Span(5, 8, label),), tokens=((0, 4), (5, 8)))
    plain = Row("2", "de", "Bonn", spans=(Span(0, 4, "LOC"),), tokens=((0, 4),))
    report = write_corpus([row, plain], tmp_path / "x.conll")
    assert report.notes == {}
    assert list(open_corpus(tmp_path / "x.conll", task="tokens", lang="de").rows()) == [row, plain]
    broken = Row("1", "de", "Ulm", spans=(Span(0, 3, "a\tb\nc"),))
    assert write_corpus([broken], tmp_path / "y.conll").notes == {"label-separator-made-space": 1}
    (back,) = open_corpus(tmp_path / "y.conll", task="tokens", lang="de").rows()
    assert back.spans == (Span(0, 3, "a b c"),)
