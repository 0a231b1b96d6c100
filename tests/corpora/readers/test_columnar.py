"""Parquet and Arrow files, and folders of them, that are damaged or not as they should be."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora.batches import dropped_to_batch, rows_to_batch
from corpora.errors import UserError
from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Provenance, Row, Span
from corpora.schema import ROW_SCHEMA


def batch_of(path: Path, task: str = "text", on_error: str = "skip") -> CorpusBatch:
    corpus = open_corpus(path, task=task, lang="de", on_error=on_error)
    (batch,) = corpus.batches()
    rows_to_batch(batch.rows)
    dropped_to_batch(batch.dropped)
    return batch


def write_arrow(path: Path, batch: pa.RecordBatch) -> Path:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write(batch)
    return path


def with_bytes(texts: list[str], at: int, byte: int) -> pa.Array:
    """Strings of which one byte is exchanged."""
    array = pa.array(texts)
    _, offsets, data = array.buffers()
    changed = bytearray(data.to_pybytes())
    changed[at] = byte
    buffers = [None, offsets, pa.py_buffer(bytes(changed))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


@pytest.mark.parametrize("place", range(5))
def test_a_text_that_is_not_utf8_is_one_bad_row(tmp_path: Path, place: int) -> None:
    texts = [f"{n}" * 3 for n in range(5)]
    batch = pa.record_batch({"text": with_bytes(texts, 3 * place + 1, 0xFF), "id": list("abcde")})
    path = write_arrow(tmp_path / "x.arrow", batch)
    with pytest.raises(UserError, match=f"row {place + 1}: a value cannot be read: .*UTF8"):
        batch_of(path, on_error="error")
    found = batch_of(path)
    assert [row.text for row in found.rows] == texts[:place] + texts[place + 1 :]
    assert [d.reason for d in found.dropped] == ["damaged-value"]
    assert found.dropped[0].detail.startswith(f"row {place + 1}: ")


def test_a_time_beyond_reason_is_one_bad_row(tmp_path: Path) -> None:
    times = pa.array([1, 2**62, 3], pa.timestamp("s"))
    path = write_arrow(tmp_path / "x.arrow", pa.record_batch({"text": list("abc"), "at": times}))
    assert [row.text for row in batch_of(path).rows] == ["a", "c"]


def test_offsets_that_lead_out_of_the_file_are_bad_rows(tmp_path: Path) -> None:
    data = pa.py_buffer(b"onetwoten")
    offsets = pa.py_buffer(pa.array([0, 3, 3_000_000, 9], pa.int32()).buffers()[1].to_pybytes())
    texts = pa.Array.from_buffers(pa.string(), 3, [None, offsets, data])
    path = write_arrow(tmp_path / "x.arrow", pa.record_batch({"text": texts}))
    found = batch_of(path)
    assert [row.text for row in found.rows] == ["one"]
    assert [d.reason for d in found.dropped] == ["damaged-value"] * 2


def test_a_damaged_page_of_parquet_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": [f"Satz {n}" for n in range(5000)]}), path)
    data = bytearray(path.read_bytes())
    data[200:260] = b"\xff" * 60
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"x\.parquet: not a whole Parquet file"):
        batch_of(path)


OURS = [
    Row(
        str(n),
        "de",
        "Ulm",
        spans=(Span(0, 3, "LOC"),),
        meta={"a": "b"},
        tokens=((0, 3),),
        provenance=Provenance(f"s{n}", "en", "Ulm", "hand", "m", scores={"q": 1.0}),
    )
    for n in range(3)
]
WHOLE = rows_to_batch(OURS).to_pylist()
SPAN = {"start": 0, "end": 3, "label": "LOC", "projector": None, "confidence": None}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": None}, "missing-field"),
        ({"spans": [SPAN | {"start": None}]}, "bad-spans"),
        ({"spans": [SPAN | {"label": None}]}, "bad-spans"),
        ({"spans": [None]}, "bad-spans"),
        ({"tokens": [{"start": None, "end": 3}]}, "bad-tokens"),
        ({"source_spans": [SPAN | {"end": None}]}, "bad-spans"),
        ({"id": None}, None),
        ({"lang": None}, None),
        ({"meta": [("a", None)]}, None),
        ({"scores": [("q", None)]}, None),
        ({"source_id": None}, None),
        ({"source_text": None}, None),
        ({"model": None}, None),
    ],
)
def test_nulls_where_our_own_files_have_none(
    tmp_path: Path, changes: dict[str, object], reason: str | None
) -> None:
    schema = pa.schema([field.with_nullable(True) for field in ROW_SCHEMA])
    rows = [WHOLE[0], WHOLE[1] | changes, WHOLE[2]]
    path = write_arrow(tmp_path / "x.arrow", pa.RecordBatch.from_pylist(rows, schema=schema))
    found = batch_of(path, "tokens")
    assert [d.reason for d in found.dropped] == ([] if reason is None else [reason])
    assert len(found.rows) == 3 - len(found.dropped)
    assert found.rows[0] == OURS[0]


@pytest.mark.parametrize(
    "features",
    [[], ["label"], {"label": {"_type": "ClassLabel"}}, {"label": {"_type": "ClassLabel",
     "names": 5}}, {"label": {"_type": "ClassLabel", "names": [1, 2]}}, None, 5],
)  # fmt: skip
def test_class_names_that_are_none_leave_numbers(tmp_path: Path, features: object) -> None:
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    batch = pa.record_batch({"text": ["a"], "label": [1]}, metadata=metadata)
    (row,) = batch_of(write_arrow(tmp_path / "x.arrow", batch), "classification").rows
    assert row.label == "1"


def test_parquet_files_of_one_folder_may_differ_in_their_columns(tmp_path: Path) -> None:
    names = [["neg", "pos"], ["pos", "neg"]]
    for number, class_names in enumerate(names):
        feature = {"label": {"_type": "ClassLabel", "names": class_names}}
        more = {"id": ["7"], "topic": ["t"]} if number else {}
        table = pa.table(
            {"text": [f"Satz {number}"], "label": [0], **more},
            metadata={"huggingface": json.dumps({"info": {"features": feature}})},
        )
        pq.write_table(table, tmp_path / f"{number}.parquet")
    first, second = batch_of(tmp_path, "classification").rows
    assert (first.label, second.label) == ("neg", "pos")
    assert (second.id, second.meta) == ("7", {"topic": "t"})


@pytest.mark.parametrize("name", ["x.arrow", "x.parquet"])
def test_a_name_of_a_column_that_is_not_utf8(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    batch = pa.record_batch({"text": ["a"], "other": ["b"]})
    if name == "x.arrow":
        write_arrow(path, batch)
    else:
        pq.write_table(pa.table(batch), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"other", b"oth\xe4r"))
    with pytest.raises(UserError, match=f"{name}: not a whole"):
        batch_of(path)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    with pytest.raises(UserError, match="two columns have the same name"):
        batch_of(write_arrow(tmp_path / "x.arrow", batch))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("state.json", {"_data_files": 5}, "its '_data_files' is not a list of objects"),
        ("state.json", {"_data_files": [5]}, "its '_data_files' is not a list of objects"),
        ("state.json", {"_data_files": [{"file": "x"}]}, "objects with a 'filename'"),
        ("state.json", {"_data_files": [{"filename": 5}]}, "objects with a 'filename'"),
        ("state.json", {"_data_files": [{"filename": "x" * 300}]}, "this name is too long"),
        ("state.json", [], "its '_data_files' is not a list of objects"),
        ("dataset_dict.json", {"splits": []}, "its 'splits' is not a list of names"),
        ("dataset_dict.json", {"splits": {"train": 1}}, "its 'splits' is not a list of names"),
        ("dataset_dict.json", {"splits": [5]}, "its 'splits' is not a list of names"),
        ("dataset_dict.json", {"splits": ["train"]}, "no state.json"),
    ],
)
def test_saved_data_sets_that_are_none(
    tmp_path: Path, name: str, content: object, message: str
) -> None:
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        batch_of(tmp_path)
    assert message in str(caught.value)


def test_a_saved_data_set_whose_state_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(UserError, match="not JSON"):
        batch_of(tmp_path)
    file = tmp_path / "x.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    with pytest.raises(UserError, match="not a folder that datasets saved"):
        list(open_corpus(file, task="text", format="datasets").rows())


def test_a_corrupt_size_asks_for_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(file: object) -> None:
        raise MemoryError

    path = write_arrow(tmp_path / "x.arrow", pa.record_batch({"text": ["a"]}))
    monkeypatch.setattr(pa.ipc, "open_file", out_of_memory)
    monkeypatch.setattr(pa.ipc, "open_stream", out_of_memory)
    with pytest.raises(UserError, match="not a whole Arrow file"):
        batch_of(path)


def test_a_parquet_file_that_unpacks_to_far_more(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    texts = [f"{number:06}" + " " * 999_994 for number in range(80)]
    table = pa.table({"text": texts, "label": ["a"] * 80})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    with pytest.raises(
        UserError, match=r"row group 0 unpack to 80,\d{3},\d{3}, which is more than"
    ):
        list(open_corpus(path, task="classification", lang="en").rows())
    pq.write_table(table, path, compression="none", use_dictionary=False)
    assert len(list(open_corpus(path, task="classification", lang="en").rows())) == 80
