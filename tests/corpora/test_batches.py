"""Rows to Arrow and back."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.batches import batch_to_dropped, batch_to_rows, dropped_to_batch, rows_to_batch
from corpora.records import DroppedRow, Row
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA, is_row_schema
from tests.helpers.row_strategies import rows


@given(st.lists(rows(), max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_rows_are_read_back_equal_also_from_slices(some: list[Row], data: st.DataObject) -> None:
    batch = rows_to_batch(some)
    batch.validate(full=True)
    assert batch.schema.equals(ROW_SCHEMA)
    assert batch_to_rows(batch) == some
    start = data.draw(st.integers(0, len(some)))
    length = data.draw(st.integers(0, len(some)))
    assert batch_to_rows(batch.slice(start, length)) == some[start : start + length]


@given(st.lists(rows(), max_size=4))
@settings(max_examples=20, deadline=None)
def test_dropped_rows_are_read_back_equal(some: list[Row]) -> None:
    dropped = [DroppedRow(row, "empty-text", f"row {i}") for i, row in enumerate(some)]
    batch = dropped_to_batch(dropped)
    batch.validate(full=True)
    assert batch.schema.equals(DROPPED_SCHEMA)
    assert batch_to_dropped(batch) == dropped


def test_a_table_of_several_batches_and_a_taken_batch_read_alike() -> None:
    some = [Row(str(i), "de", f"text {i}", meta={"n": str(i)} if i % 2 else {}) for i in range(9)]
    parts = pa.Table.from_batches([rows_to_batch(some[:4]), rows_to_batch(some[4:])])
    assert batch_to_rows(parts) == some
    assert batch_to_rows(rows_to_batch(some).take(pa.array([8, 1]))) == [some[8], some[1]]


def test_the_columns_of_the_design_are_there() -> None:
    assert ROW_SCHEMA.names[:11] == [
        "id", "lang", "text", "text_pair", "label", "labels", "value", "spans", "target",
        "split", "meta",
    ]  # fmt: skip
    assert is_row_schema(DROPPED_SCHEMA)
    assert not is_row_schema(pa.schema([("text", pa.string())]))


def test_batches_of_before_there_were_labels_and_values_are_read() -> None:
    rows = [Row("1", "de", "a", label="x"), Row("2", "de", "b")]
    old = rows_to_batch(rows).drop_columns(["labels", "value"])
    assert batch_to_rows(old) == rows
    rows = [Row("1", "de", "a", labels=()), Row("2", "de", "b", labels=("x", "y"))]
    rows += [Row("3", "de", "c", value=0.1), Row("4", "de", "d")]
    assert batch_to_rows(rows_to_batch(rows)) == rows
