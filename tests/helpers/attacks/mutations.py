"""Files that were valid, changed in ways that files of the world are broken."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NASTY_BYTES = [
    b"\0", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f", b'"', b'""', b"\t", b"\r",
    b"\n\n", b"\r\n", b"\x1b[2J", b"\\", b"\\ud800", b"1e999", b"NaN", b"-1", b"9" * 25,
    b"9" * 5000, b"[" * 2000, b"{", b"}", b"null", b"<tu>", b"</tuv>", b"&x;",
    b"-DOCSTART- O\n", b"# id = x\n", b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
    b"# text = y\n", b"\tI-x\n", b"B-", b"1-2\t_\n", b"0-0:nan",
    b" ", b"PAR1", *(c.encode() for c in ("\u2028", "\u200d\U0001f3fd", "\u0301", "\u0130")),
]  # fmt: skip
NASTY_VALUES: list[Any] = [
    None, True, 0, -1, 2**31, 2**63, 10**400, 1.5, 1e308, float("nan"), "", " ", "\0", "\ud800",
    "e\u0301", "\u0301", "\U0001f468\u200d\U0001f469", "x" * 10_000, "[[0,1", [], {}, [[]], [None],
    {"": None}, [1, 2], [0, 1, "x"], {"start": 0, "end": 1, "label": "x"},
    {"start": [0], "end": [1, 2]},
]  # fmt: skip


def change_bytes(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to three changes that know nothing of its format."""
    for _ in range(rng.randint(1, 3)):
        data = _change(data, rng)
    return data


def _change(data: bytes, rng: random.Random) -> bytes:
    at, length = rng.randint(0, len(data)), rng.choice((1, 1, 2, 8, 50, 400))
    before, after, nasty = data[:at], data[at:], rng.choice(NASTY_BYTES)
    kind = rng.randrange(9)
    if kind < 2:
        return _flip(data, rng)
    if kind == 2:
        return _change_lines(data, rng)
    return (
        before,
        before + after[length:],
        before + data[max(0, at - length) :],
        before + rng.randbytes(length) + after[length:],
        before + nasty + after,
        before + nasty + after[length:],
    )[kind - 3]


def _flip(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _change_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 1:
        lines.insert(one, lines[other])
    elif kind == 2:
        del lines[one]
    return (b"\r\n" if kind == 3 else b"\n").join(lines)


def _change_value(text: str, rng: random.Random) -> str:
    """JSON `text` with one value that is another, or gone, or with another name."""
    value = json.loads(text)
    places: list[tuple[Any, Any]] = []
    _collect(value, places)
    if not places:
        return json.dumps(rng.choice(NASTY_VALUES))
    container, key = rng.choice(places)
    kind = rng.randrange(6)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, dict):
        container[rng.choice(("text", "id", "spans", "meta", "x", ""))] = container.pop(key)
    elif kind == 2 and type(container[key]) is int:
        container[key] += rng.choice((-1, 1, 3))
    elif kind == 3 and isinstance(container[key], str):
        inner = container[key]
        at = rng.randint(0, len(inner))
        container[key] = inner[:at] + str(rng.choice(NASTY_VALUES)) + inner[at:]
    else:
        container[key] = rng.choice(NASTY_VALUES)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    keys = value if isinstance(value, dict) else range(len(value)) if type(value) is list else ()
    for key in keys:
        places.append((value, key))
        _collect(value[key], places)


def change_json(data: bytes, rng: random.Random, *, lines: bool) -> bytes:
    """JSON, or JSON `lines`, with one or two values changed."""
    texts = data.decode().split("\n") if lines else [data.decode()]
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(texts))
        texts[at] = _change_value(texts[at] or "0", rng)
    return "\n".join(texts).encode("utf-8", "surrogatepass")


def change_table(table: pa.Table, rng: random.Random) -> pa.Table:
    """`table` with a column that is gone, or of another type, or has holes, or another name."""
    at = rng.randrange(table.num_columns)
    name, column = table.column_names[at], table.column(at)
    kind = rng.randrange(6)
    if kind == 0:
        return table.remove_column(at)
    if kind == 1:
        holes = np.array([rng.random() < 0.4 for _ in range(len(table))])
        values = pa.array(column.to_pylist(), column.type, mask=holes)
        return table.set_column(at, pa.field(name, column.type), values)
    if kind == 2:
        names = list(table.column_names)
        names[at] = rng.choice(["text", "spans", "x", "", "tokens", "label", "split"])
        return table.rename_columns(names)
    if kind == 3:
        info = {"info": {"features": {name: {"_type": "ClassLabel", "names": ["a", 1]}}}}
        return table.replace_schema_metadata({"huggingface": json.dumps(info)})
    if kind == 4 and "spans" in table.column_names:
        at = table.column_names.index("spans")
        spans = table.column(at).to_pylist()
        for span in rng.choice(spans) or ():
            if isinstance(span, dict):  # the column may have been changed to another type before
                key, change = rng.choice(("start", "end")), rng.choice((-100, -1, 1, 100))
                span[key] = min(span[key] + change, 2**31 - 1)
        return table.set_column(at, "spans", pa.array(spans, table.column(at).type))
    return table.set_column(at, name, _odd_column(len(table), rng))


def _odd_column(rows: int, rng: random.Random) -> pa.Array:
    span = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])
    value, type_ = rng.choice([
        (-1, pa.int64()), (float("nan"), pa.float32()), (None, pa.null()), (b"\xff", pa.binary()),
        ("a", pa.large_string()), ([], pa.list_(pa.null())), (2**62, pa.timestamp("ns")),
        ("a", pa.dictionary(pa.int8(), pa.string())), (2**40, pa.duration("s")),
        (True, pa.bool_()), (2**31 - 1, pa.date32()), ([[0, 1]], pa.list_(pa.list_(pa.int16()))),
        ([("a", None)], pa.map_(pa.string(), pa.string())),
        ([{"start": -5, "end": 2**31 - 1, "label": None}], pa.list_(span)),
    ])  # fmt: skip
    return pa.array([value] * rows, type_)


def write_table(table: pa.Table, kind: str) -> bytes:
    """`table` as a file: `parquet`, `arrow`, or `stream` (Arrow, as `datasets` has it)."""
    out = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, out, row_group_size=5)
    else:
        new = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with new(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=5)
    return out.getvalue().to_pybytes()


def read_table(data: bytes, kind: str) -> pa.Table:
    """What `write_table` wrote."""
    if kind == "parquet":
        return pq.read_table(pa.BufferReader(data))
    opener = pa.ipc.open_file if kind == "arrow" else pa.ipc.open_stream
    return opener(data).read_all()
