"""The weights of a converted model, read so that training can continue from it.

CTranslate2 writes `model.bin` and reads it into memory that Python does not see; the file itself
is plain: counted, named arrays (`ctranslate2.specs.model_spec`, binary version 6).
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.storage import reading

_VERSIONS = range(4, 7)
_FLOAT32, _INT8, _INT16, _INT32, _FLOAT16, _BFLOAT16 = range(6)
_DTYPES: dict[int, np.dtype[Any]] = {
    _FLOAT32: np.dtype("<f4"),
    _INT8: np.dtype("i1"),
    _INT16: np.dtype("<i2"),
    _INT32: np.dtype("<i4"),
    _FLOAT16: np.dtype("<f2"),
    _BFLOAT16: np.dtype("<u2"),
}
_LAYER = re.compile(r"(encoder|decoder)/layer_(\d+)/")
Arrays = dict[str, NDArray[np.float32]]


class _Reader:
    """Reads values from a `model.bin`; raises `UserError` where they do not fit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with reading(path), path.open("rb") as file:
            if not path.stat().st_size:
                raise self.broken("it ends too early")
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0

    def broken(self, problem: str) -> UserError:
        return UserError(f"not a CTranslate2 model: {problem}", file=self._path)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise self.broken("it ends too early")
        self._at += size
        return taken

    def number(self, kind: str) -> int:
        return int(struct.unpack(f"<{kind}", self.take(struct.calcsize(kind)))[0])

    def string(self) -> str:
        try:
            return self.take(self.number("H")).decode("utf-8").rstrip("\0")
        except UnicodeDecodeError as error:
            raise self.broken("a name is not UTF-8") from error

    def header(self) -> tuple[tuple[int, ...], int, int]:
        """The shape of the next array, the kind of its numbers, and its bytes, which follow."""
        shape = tuple(self.number("I") for _ in range(self.number("B")))
        kind = self.number("B")
        if kind not in _DTYPES:
            raise self.broken(f"numbers of an unknown kind ({kind})")
        size = self.number("I")
        if self._at + size > len(self._data):
            raise self.broken("it ends too early")
        if size != math.prod(shape) * _DTYPES[kind].itemsize:
            raise self.broken("an array has another size than its shape")
        return shape, kind, size

    def skip(self, size: int) -> None:
        """Leave out `size` bytes."""
        self._at += size

    def array(self) -> NDArray[Any]:
        """The next array, as it is stored; what nobody looks at is not read from the disk."""
        shape, kind, size = self.header()
        count = math.prod(shape)
        raw: NDArray[Any] = np.empty(0, _DTYPES[kind])
        if count:
            raw = np.frombuffer(self._data, _DTYPES[kind], count, self._at)
        self.skip(size)
        if kind == _BFLOAT16:
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.reshape(shape)

    def begin(self, *, old: bool = False) -> int:
        """Read up to the first array; the number of arrays.

        With `old`, a model of an older layout, which CTranslate2 still reads, has none.
        """
        version = self.number("I")
        if old and 0 < version < _VERSIONS.start:
            return 0
        if version not in _VERSIONS:
            raise self.broken(f"binary version {version}")
        self.string()  # the specification's name
        self.number("I")  # its revision
        return self.number("I")

    def variables(self, count: int) -> Iterator[tuple[str, NDArray[Any]]]:
        """The `count` arrays by name, which come after the beginning."""
        for _ in range(count):
            yield self.string(), self.array()

    def aliases(self) -> Iterator[tuple[str, str]]:
        """Further names of arrays, each with the name that it stands for, after all arrays."""
        for _ in range(self.number("I")):
            yield self.string(), self.string()

    @property
    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at


def check_model_file(path: Path) -> None:
    """Raise `UserError` unless `path` is a whole `model.bin` of finite numbers.

    CTranslate2 would read what it says of sizes without a look at how large it is. The error names
    the array that is not finite. A model of an old layout is left to CTranslate2.
    """
    reader = _Reader(path)
    count = reader.begin(old=True)
    if not count:
        return
    names = set()
    for name, array in reader.variables(count):
        names.add(name)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UserError(f"the array {name!r} has numbers that are NaN or infinite", file=path)
        if name.endswith("num_heads") and (array.size != 1 or array.item() < 1):
            raise reader.broken(f"{name} is {array.tolist()}")
    if missing := {target for _, target in reader.aliases()} - names:
        raise reader.broken(f"it has no {min(missing)!r}")
    if reader.rest:
        raise reader.broken("it goes on after its end")


def read_variables(path: Path) -> Arrays:
    """The arrays of the `model.bin` at `path` by their names, aliases among them, as float32.

    Quantized arrays (int8 by row, int16 as a whole) are multiplied out. Raises `UserError` for a
    file that is no such model.
    """
    reader = _Reader(path)
    stored = dict(reader.variables(reader.begin()))
    for alias, name in reader.aliases():
        for end in ("", "_scale"):
            if f"{name}{end}" in stored:
                stored[f"{alias}{end}"] = stored[f"{name}{end}"]
    return {name: _multiplied_out(name, stored) for name in stored if not name.endswith("_scale")}


def count_layers(path: Path) -> tuple[int, int]:
    """The numbers of layers of the encoder and the decoder of the `model.bin` at `path`.

    Raises `UserError` for a file that is no such model.
    """
    reader = _Reader(path)
    layers: dict[str, set[str]] = {"encoder": set(), "decoder": set()}
    for _ in range(reader.begin(old=True)):
        if match := _LAYER.match(reader.string()):
            layers[match[1]].add(match[2])
        reader.skip(reader.header()[2])
    return len(layers["encoder"]), len(layers["decoder"])


def _multiplied_out(name: str, stored: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    value: NDArray[np.float32] = stored[name].astype(np.float32)
    scale = stored.get(f"{name}_scale")
    if scale is not None:
        value /= scale.reshape(-1, *[1] * (value.ndim - 1)) if scale.ndim else scale
    return value


def marian_weights(path: Path) -> Arrays:
    """The weights of the `model.bin` at `path`, which `train-translator` made, by the names of
    `MarianMTModel`.

    The embedding of `<pad>`, zero and last, is added again. Raises `UserError` for a model that is
    laid out otherwise.
    """
    variables = read_variables(path)
    try:
        if surplus := {"encoder/layer_norm/gamma", "decoder/projection/bias"} & variables.keys():
            raise ValueError(f"it has {min(surplus)}")
        embeddings = variables["decoder/embeddings/weight"]
        pad = np.zeros((1, embeddings.shape[1]), np.float32)
        weights = {"model.shared.weight": np.concatenate([embeddings, pad])}
        for side in ("encoder", "decoder"):
            for index in _layers(variables, side):
                weights |= _layer(variables, side, index)
    except (KeyError, ValueError) as error:
        raise UserError(
            f"not the layout of a model that train-translator made ({error})", file=path
        ) from error
    return weights


def marian_heads(path: Path) -> int | None:
    """The number of attention heads of the `model.bin` at `path`; None where it has no number."""
    heads = read_variables(path).get("encoder/num_heads")
    return None if heads is None else int(heads)


def _layers(variables: Arrays, side: str) -> Iterator[int]:
    index = 0
    while f"{side}/layer_{index}/ffn/linear_0/weight" in variables:
        yield index
        index += 1


def _layer(variables: Arrays, side: str, index: int) -> Arrays:
    """One layer; CTranslate2 keeps the projections that share an input in one matrix."""
    attentions: list[tuple[str, str, tuple[str, ...]]] = [
        ("self_attention", "self_attn", ("q_proj k_proj v_proj", "out_proj"))
    ]
    if side == "decoder":
        attentions.append(("attention", "encoder_attn", ("q_proj", "k_proj v_proj", "out_proj")))
    ct2, marian = f"{side}/layer_{index}", f"model.{side}.layers.{index}"
    weights: Arrays = {}
    for theirs, ours, linears in attentions:
        for number, names in enumerate(linears):
            for kind in ("weight", "bias"):
                joint = variables[f"{ct2}/{theirs}/linear_{number}/{kind}"]
                parts = np.split(joint, len(names.split()))
                for name, part in zip(names.split(), parts, strict=True):
                    weights[f"{marian}.{ours}.{name}.{kind}"] = part
    norms = {f"{theirs}/layer_norm": f"{ours}_layer_norm" for theirs, ours, _ in attentions}
    for theirs, ours in (norms | {"ffn/layer_norm": "final_layer_norm"}).items():
        weights[f"{marian}.{ours}.weight"] = variables[f"{ct2}/{theirs}/gamma"]
        weights[f"{marian}.{ours}.bias"] = variables[f"{ct2}/{theirs}/beta"]
    for number, ours in enumerate(("fc1", "fc2")):
        for kind in ("weight", "bias"):
            weights[f"{marian}.{ours}.{kind}"] = variables[f"{ct2}/ffn/linear_{number}/{kind}"]
    return weights
