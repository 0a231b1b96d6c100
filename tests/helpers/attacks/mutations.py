"""Files that were valid, changed in ways that files of the world are broken."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NASTY_BYTES = [
    b"\0", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f", b'"', b'""', b"\t", b"\r", b"\n\n",
    b"\r\n", b"\x1b[2J", "\u2028".encode(), "\u200d\U0001f3fd".encode(), "\u0301".encode(), b"\\",
    b"\\ud800", b"1e999", b"NaN", b"-1", b"9" * 25, b"9" * 5000, b"[" * 2000, b"{", b"}", b"null",
    b"<tu>", b"</tuv>", b"&x;", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"-DOCSTART- O\n", b"# id = x\n",
    b"# text = y\n", b"\tI-x\n", b"B-", b"1-2\t_\n", b"0-0:nan", b" ", "\u0130".encode(), b"PAR1",
]  # fmt: skip
NASTY_VALUES: list[Any] = [
    None, True, 0, -1, 2**31, 2**63, 10**400, 1.5, 1e308, float("nan"), "", " ", "\0", "\ud800",
    "e\u0301", "\u0301", "\U0001f468\u200d\U0001f469", "x" * 10_000, [], {}, [[]], [None], {"": None},
    [1, 2], [0, 1, "x"], {"start": 0, "end": 1, "label": "x"}, {"start": [0], "end": [1, 2]}, "[[0,1",
]  # fmt: skip


def change_bytes(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to three changes that know nothing of its format."""
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randint(0, len(data)), rng.choice((1, 1, 2, 8, 50, 400))
        changes: list[Callable[[], bytes]] = [
            lambda: _flip(data, rng),
            lambda: _flip(data, rng),
            lambda: data[:at] + rng.randbytes(length) + data[at + length :],
            lambda: data[:at] + rng.choice(NASTY_BYTES) + data[at:],
            lambda: data[:at] + rng.choice(NASTY_BYTES) + data[at + length :],
            lambda: data[:at] + data[at + length :],
            lambda: data[:at] + data[max(0, at - length) :],
            lambda: data[:at],
            lambda: _change_lines(data, rng),
        ]
        data = rng.choice(changes)()
    return data


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
    kind = rng.randrange(5)
    if kind == 0:
        return table.remove_column(at)
    if kind == 1:
        holes = pa.array([rng.random() < 0.4 for _ in range(len(table))])
        values = pa.array(column.to_pylist(), column.type, mask=holes.to_numpy(zero_copy_only=False))
        return table.set_column(at, pa.field(name, column.type), values)
    if kind == 2:
        names = list(table.column_names)
        names[at] = rng.choice(["text", "spans", "x", "", "tokens", "label", "split"])
        return table.rename_columns(names)
    if kind == 3:
        info = {"info": {"features": {name: {"_type": "ClassLabel", "names": ["a", 1]}}}}
        return table.replace_schema_metadata({"huggingface": json.dumps(info)})
    return table.set_column(at, name, _odd_column(len(table), rng))


def _odd_column(rows: int, rng: random.Random) -> pa.Array:
    values, type_ = rng.choice([
        ([-1] * rows, pa.int64()), ([float("nan")] * rows, pa.float32()), ([None] * rows, pa.null()),
        ([b"\xff"] * rows, pa.binary()), (["a"] * rows, pa.large_string()), ([[]] * rows, pa.list_(pa.null())),
        (["a"] * rows, pa.dictionary(pa.int8(), pa.string())), ([2**62] * rows, pa.timestamp("ns")),
        ([2**40] * rows, pa.duration("s")), ([True] * rows, pa.bool_()), ([2**31 - 1] * rows, pa.date32()),
        ([[[0, 1]]] * rows, pa.list_(pa.list_(pa.int16()))), ([[("a", None)]] * rows, pa.map_(pa.string(), pa.string())),
        ([[{"start": -5, "end": 2**31 - 1, "label": None}]] * rows,
         pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))),
    ])  # fmt: skip
    return pa.array(values, type_)


def write_table(table: pa.Table, kind: str) -> bytes:
    """`table` as the bytes of a file: `parquet`, `arrow`, or `stream` (Arrow, as `datasets` has)."""
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
