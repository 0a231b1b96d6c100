"""CRFsuite's model file, checked before CRFsuite reads it.

CRFsuite follows the offsets in a file without looking where they lead, so a damaged file, or one
that was made for it, would crash the process or worse. Here every offset, number and string that
it can reach is checked, which is simpler to rely on than another process or a list of trusted
files. The format is that of `crf1d_model.c` and `cqdb.c`: a header, the features, two databases of
strings (labels, attributes), and for each label and attribute the features that it has.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError

_HEADER = struct.Struct("<4sI4sIIIIIIIII")
"""Magic, size, type, version, numbers of features, labels, attributes; offsets of features,
labels, attributes, the labels' features, the attributes' features."""
_CHUNK = struct.Struct("<4sII")
_FEATURE = np.dtype([("type", "<u4"), ("from", "<u4"), ("to", "<u4"), ("weight", "<f8")])
_STRINGS = struct.Struct("<4sIIIII")
_STRINGS_MAGIC, _BYTE_ORDER, _TABLES = b"CQDB", 0x62445371, 256
_MOST_LABELS = 10_000
"""CRFsuite allocates their square."""
_LARGEST_WEIGHT = 1e9
"""Sums of larger weights may overflow, and the best sequence of tags is then undefined."""
Numbers = NDArray[np.int64]


def check_crfsuite(content: bytes, path: Path) -> None:
    """Raise `UserError` unless `content`, that of the file `path`, is a model that CRFsuite can
    read and use without leaving it."""
    try:
        _check(_File(content))
    except _UnsoundError as error:
        raise UserError(f"not a CRFsuite model, or a damaged one: {error}", file=path) from error


class _UnsoundError(Exception):
    """What is wrong with the file."""


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise _UnsoundError(problem)


class _File:
    """Reads little-endian numbers; raises `_UnsoundError` for what is not within the file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bytes = np.frombuffer(content, np.uint8)

    def unpack(self, form: struct.Struct, at: int) -> tuple[Any, ...]:
        _require(0 <= at <= len(self.content) - form.size, "it ends too early")
        return form.unpack_from(self.content, at)

    def array(self, dtype: np.dtype[Any] | str, at: int, count: int) -> NDArray[Any]:
        """`count` values from the byte `at`."""
        size = np.dtype(dtype).itemsize * count
        _require(0 <= at <= len(self.content) - size, "it ends too early")
        return np.frombuffer(self.content, dtype, count, at)

    def numbers(self, at: Numbers) -> Numbers:
        """The number at each of the bytes `at`, which need not be multiples of four."""
        _require(not len(at) or (at.min() >= 0 and at.max() <= len(self.bytes) - 4),
                 "an offset leads out of it")  # fmt: skip
        parts = [self.bytes[at + byte].astype(np.int64) << 8 * byte for byte in range(4)]
        total: Numbers = parts[0] + parts[1] + parts[2] + parts[3]
        return total


def _check(file: _File) -> None:
    (magic, size, kind, _, _, labels, attributes, *offsets) = file.unpack(_HEADER, 0)
    _require(
        (magic, kind, size) == (b"lCRF", b"FOMC", len(file.content)), "its header is another's"
    )
    _require(0 < labels <= _MOST_LABELS, f"{labels} labels")
    at_features, at_labels, at_attributes, of_labels, of_attributes = offsets
    count = _check_features(file, at_features, labels)
    _check_strings(file, at_labels, labels, named=True)
    _check_strings(file, at_attributes, attributes, named=False)
    used = _check_references(file, of_labels, labels, count)
    used += _check_references(file, of_attributes, attributes, count)
    _require(used <= count, "a feature is used twice")


def _check_features(file: _File, at: int, labels: int) -> int:
    """Check all features, which lead to one of so many `labels`; their number."""
    magic, _, count = file.unpack(_CHUNK, at)
    _require(magic == b"FEAT", "it has no features")
    features = file.array(_FEATURE, at + _CHUNK.size, count)
    _require((features["to"] < labels).all(), "a feature leads to a label that is not there")
    weights = features["weight"]
    _require((np.abs(weights) <= _LARGEST_WEIGHT).all(), "a weight is not finite or too large")
    return int(count)


def _check_references(file: _File, at: int, owners: int, features: int) -> int:
    """Check the lists of features that labels or attributes have; how many features are in them."""
    magic, _, count = file.unpack(_CHUNK, at)
    _require(magic in (b"LFRF", b"AFRF") and count >= owners, "it lacks the features of a label")
    starts = file.array("<u4", at + _CHUNK.size, owners).astype(np.int64)
    lengths = file.numbers(starts)
    total = int(lengths.sum())
    _require(total <= features, "a feature is used twice")
    # The positions of all features in all lists: 0, 1, 2, ... within each, after its length.
    within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    numbers = file.numbers(np.repeat(starts + 4, lengths) + 4 * within)
    _require((numbers < features).all(), "a list names a feature that is not there")
    return total


def _check_strings(file: _File, at: int, count: int, *, named: bool) -> None:
    """Check a database that gives each of `count` strings its number, from the byte `at`; with
    `named` every number must have a string, too."""
    magic, size, _, order, backward, at_backward = file.unpack(_STRINGS, at)
    _require((magic, order) == (_STRINGS_MAGIC, _BYTE_ORDER), "it has no table of strings")
    _require(size <= len(file.content) - at, "a table of strings leads out of it")
    tables = file.array("<u4", at + _STRINGS.size, 2 * _TABLES).astype(np.int64).reshape(-1, 2)
    _require((tables[:, 1] == 0)[tables[:, 0] == 0].all(), "a table of strings is nowhere")
    tables = tables[tables[:, 0] != 0]
    entries: list[Numbers] = []
    _require(tables[:, 1].sum() <= len(file.content) // 8, "a table of strings leads out of it")
    for start, length in tables.tolist():
        buckets = file.array("<u4", at + start, 2 * length).astype(np.int64).reshape(-1, 2)
        full = buckets[:, 1] != 0
        # A search goes on to the next free bucket, for ever where there is none.
        _require(not length or not full.all(), "a table of strings has no end")
        entries.append(buckets[full, 1])
    found = np.concatenate(entries) if entries else np.zeros(0, np.int64)
    if at_backward:
        names = file.array("<u4", at + at_backward, backward).astype(np.int64)
        found = np.concatenate([found, names[names != 0]])
        _require(not named or (len(names) >= count and (names[:count] != 0).all()),
                 "a label has no name")  # fmt: skip
    else:
        _require(not named, "a label has no name")
    _check_entries(file, at + found, count)


def _check_entries(file: _File, at: Numbers, count: int) -> None:
    """Check entries of a database: a number below `count`, the length of a string, the string."""
    _require((file.numbers(at) < count).all(), "a string has a number that is not there")
    lengths = file.numbers(at + 4)
    ends = at + 8 + lengths - 1
    _require((lengths > 0).all() and (ends < len(file.bytes)).all(), "a string has no end")
    _require((file.bytes[ends] == 0).all(), "a string has no end")
