"""Whether the weights of a `transformers` folder are those of a whole model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from corpora.storage import refuse_links
from corpora.weights import INDEX, check_weights, read_json_object, tensor_names, weight_files
from translators.files import refuse_pointers

_ADAPTER_CONFIG = "adapter_config.json"
_LORA = (".lora_A.", ".lora_B.", ".lora_embedding_")


def refuse_adapter(folder: Path) -> None:
    """Raise `UserError` where `folder` holds an adapter (LoRA), which is not a model."""
    if (folder / _ADAPTER_CONFIG).is_file():
        raise UserError(
            "an adapter (LoRA), not a model: merge it into the model it was trained on "
            "(`merge_and_unload` of peft, then `save_pretrained`), and add that folder",
            file=folder / _ADAPTER_CONFIG,
        )


def check_safetensors(folder: Path) -> None:
    """Raise `UserError` unless the weights in `folder` are whole safetensors of a whole model.

    An adapter (LoRA) is not one, nor is a pointer of Git LFS in the place of a file.
    """
    refuse_adapter(folder)
    refuse_pointers(folder)
    refuse_links(folder, of_model=True)
    names = _names_by_file(folder)
    for path, tensors in names.items():
        for tensor in tensors:
            if any(part in f".{tensor}." for part in _LORA):
                raise UserError(
                    f"the weights of an adapter (LoRA), not of a model, such as {tensor!r}: merge "
                    "it into the model it was trained on first",
                    file=path,
                )
    check_weights(folder)
    _check_index(folder, names)


def check_loaded(folder: Path, loading_info: dict[str, Any]) -> None:
    """Raise `UserError` unless a model has all its weights from the files of `folder`.

    `loading_info` is what `transformers` says of loading it. The error names the first tensor that
    is missing, of another shape than the configuration says, or left over.
    """
    names = _names_by_file(folder)
    for tensor, stored, expected in sorted(loading_info["mismatched_keys"]):
        raise UserError(
            f"the tensor {tensor!r} has the shape {_shape(stored)}, where config.json asks for "
            f"{_shape(expected)}",
            file=_file_of(tensor, names, folder),
        )
    stored_names = [name for tensors in names.values() for name in tensors]
    missing = [(_similar(tensor, stored_names), tensor) for tensor in loading_info["missing_keys"]]
    for similar, tensor in sorted(missing, key=lambda pair: (pair[0] is None, pair[1])):
        but = f", only {similar!r}: rename the tensors" if similar else ""
        raise UserError(f"the weights lack the tensor {tensor!r}{but}", file=_weights_file(folder))
    for tensor in sorted(loading_info["unexpected_keys"]):
        if any(part.isdecimal() for part in tensor.split(".")):
            raise UserError(
                f"the tensor {tensor!r} is of a layer that config.json does not have",
                file=_file_of(tensor, names, folder),
            )


def _names_by_file(folder: Path) -> dict[Path, list[str]]:
    """The tensors' names in every file of weights in `folder`."""
    return {path: tensor_names(path) for path in weight_files(folder)}


def _check_index(folder: Path, names: dict[Path, list[str]]) -> None:
    """Raise `UserError` where a tensor that the index of a model in several files names is not
    there."""
    path = folder / INDEX
    if not path.is_file() or (folder / "model.safetensors").is_file():
        return
    files = read_json_object(path, "not an index of weights")["weight_map"]
    for tensor, name in sorted(files.items()):
        if tensor not in names[folder / name]:
            raise UserError(f"it has no tensor {tensor!r}, as the index says", file=folder / name)


def _weights_file(folder: Path) -> Path:
    index = folder / INDEX
    return min(folder.glob("*.safetensors")) if not index.is_file() else index


def _file_of(tensor: str, names: dict[Path, list[str]], folder: Path) -> Path:
    """The file that has the `tensor`, perhaps under a longer or a shorter name."""
    for path, tensors in names.items():
        if tensor in tensors:
            return path
    for path, tensors in names.items():
        if _similar(tensor, tensors) is not None:
            return path
    return _weights_file(folder)


def _similar(tensor: str, names: Iterable[str]) -> str | None:
    """A name among `names` that is `tensor` with a prefix more or less."""
    return next((n for n in names if n.endswith(f".{tensor}") or tensor.endswith(f".{n}")), None)


def _shape(sizes: Iterable[int]) -> str:
    return " × ".join(map(str, sizes)) or "a single number"
