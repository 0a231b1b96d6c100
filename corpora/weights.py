"""The weights of `transformers` models: safetensors alone, checked before anything loads them.

A pickle can run code when it is read, and `transformers` follows an index to whatever file it
names. So translators, encoders and predictors alike call `check_weights` first.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from corpora.errors import UserError
from corpora.storage import reading, refuse_links

INDEX = "model.safetensors.index.json"
_SUFFIX = ".safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
_BLOCK = 1 << 22
"""Numbers that are checked at a time."""
_SIZES = re.compile(
    r"(?:.*_)?(?:vocab_size|d_model|d_ff|d_kv|ffn_dim|hidden_size|hidden_dim|intermediate_size"
    r"|embedding_size|heads|layers|max_position_embeddings|n_positions)"
)
"""Settings of a configuration that say how large the network is."""
_POSITIONS = 1 << 17
"""Positions need no weights in some models; no translator or encoder has more."""


def check_weights(model: str | Path, revision: str | None = None) -> None:
    """Raise `UserError` unless the weights of `model`, a folder or a hub id (pinned by `revision`),
    can be loaded as they are: whole safetensors in the model's own folder, of finite numbers, that
    are as many as its configuration says. What `transformers` would read instead is named.
    """
    folder = Path(model)
    if not folder.is_dir():
        index = _index_on_hub(str(model), revision)
        if index is not None:
            _shards(index)
        return
    refuse_links(folder, of_model=True)
    config = read_json_object(folder / "config.json", "not a configuration")
    if "transformers_weights" in config:
        raise UserError("it names a file of weights, which is not followed: delete "
                        "'transformers_weights'", file=folder / "config.json")  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {}
    for path in weight_files(folder):
        shapes |= _check_tensors(path)
    _check_sizes(config, shapes, folder / "config.json")


def read_json_object(path: Path, problem: str) -> dict[str, Any]:
    """The JSON object in the file `path`; raises `UserError` with `problem` for anything else."""
    try:
        with reading(path):
            values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{problem}: {error}", file=path) from error
    if not isinstance(values, dict):
        raise UserError(f"{problem}: it is no JSON object", file=path)
    return values


def _index_on_hub(model: str, revision: str | None) -> Path | None:
    """The index of the weights of a hub id; None where it has none or cannot be reached, which is
    for the loader to say."""
    import huggingface_hub

    try:
        return Path(huggingface_hub.hf_hub_download(model, INDEX, revision=revision))
    except (OSError, ValueError):
        return None


def weight_files(folder: Path) -> list[Path]:
    """The files of weights that `transformers` would load from `folder`.

    Raises `UserError` where it has no safetensors, or not all that its index names.
    """
    single, index = folder / f"model{_SUFFIX}", folder / INDEX
    if single.is_file():
        return [single]
    if index.is_file():
        paths = [folder / name for name in _shards(index)]
        for path in paths:
            if not path.is_file():
                raise UserError(f"names a file that is not there: {path.name}", file=index)
        return paths
    # Under other names they are found by nothing, or belong to an adapter.
    pickles = sorted(p.name for p in folder.iterdir() if p.suffix in _PICKLES)
    present = f"only pickled weights ({', '.join(pickles)})" if pickles else "no weights"
    raise UserError(
        f"{present}: model{_SUFFIX} is needed, because a pickle can run code. Save the model "
        "with `save_pretrained` of a current `transformers`, or take a revision that has it",
        file=folder,
    )


def _shards(index: Path) -> list[str]:
    """The names of the files that `index` maps tensors to."""
    names = read_json_object(index, "not an index of weights").get("weight_map")
    if not isinstance(names, dict) or not names:
        raise UserError("not an index of weights: it has no 'weight_map'", file=index)
    for name in names.values():
        if not isinstance(name, str) or not name.endswith(_SUFFIX):
            raise UserError(f"maps to {name!r}: weights must be {_SUFFIX} files", file=index)
        if not re.fullmatch(r"[\w-][\w.-]*", name):
            raise UserError(f"maps to {name!r}, which is not in the model's folder", file=index)
    return sorted(set(names.values()))


def tensor_names(path: Path) -> list[str]:
    """The tensors' names in the file `path`; raises `UserError` unless it is whole safetensors."""
    from safetensors import SafetensorError, safe_open

    try:
        with reading(path), safe_open(path, "numpy") as file:  # checks header, offsets and length
            return list(file.keys())
    except (SafetensorError, ValueError) as error:
        raise UserError(f"not whole safetensors ({error})", file=path) from error


def _check_tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in `path`, which are whole and finite."""
    tensor_names(path)
    shapes = {}
    for name, tensor in _tensors(path):
        shapes[name] = tuple(tensor["shape"])
        for numbers in _blocks(path, tensor):
            if not numbers.all():
                raise UserError(
                    f"the tensor {name!r} has numbers that are NaN or infinite", file=path
                )
    return shapes


def _tensors(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name, type, shape and place in the file of each tensor in the safetensors file `path`."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    for name, tensor in header.items():
        if name != "__metadata__":
            start, end = tensor["data_offsets"]
            yield name, tensor | {"start": 8 + size + start, "bytes": end - start}


def _blocks(path: Path, tensor: Mapping[str, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Which numbers of a tensor are finite, some at a time; nothing for whole numbers."""
    kind, bfloat = _DTYPES.get(tensor["dtype"]), tensor["dtype"] == "BF16"
    dtype = np.dtype("<u2" if bfloat else kind or "u1")
    count = tensor["bytes"] // dtype.itemsize
    if not count or not (kind or bfloat):
        return
    numbers: np.ndarray[Any, Any] = np.memmap(path, dtype, "r", tensor["start"], (count,))
    for at in range(0, count, _BLOCK):
        block = numbers[at : at + _BLOCK]
        # All bits of bfloat16's exponent are set in what is not finite.
        yield (block & 0x7F80) != 0x7F80 if bfloat else np.isfinite(block)


def _check_sizes(
    config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], file: Path
) -> None:
    """Refuse a network larger than its weights, which would be made before anything is missed."""
    largest = max((size for shape in shapes.values() for size in shape), default=0)
    for key, value in config.items():
        if isinstance(value, Mapping):
            _check_sizes(value, shapes, file)
        elif _SIZES.fullmatch(str(key)) and value is not None:
            limit = len(shapes) if str(key).endswith("layers") else largest
            if "position" in key:
                limit = max(limit, _POSITIONS)
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise UserError(f"{key} must be a number, not {str(value)[:80]!r}", file=file)
            if not 0 <= value <= limit:
                raise UserError(
                    f"{key} is {value}, but the weights have room for {limit}", file=file
                )
