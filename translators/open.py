"""Opening translators: by name or path, and pivoting where no direct model exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from translators.engine import Engine, shared_engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.pivot import Pivot
from translators.protocol import Translator
from translators.store import resolve


def open_translator(
    model: str | Path | Sequence[str | Path] | None = None,
    *,
    pivot: str | None = None,
    device: str = "auto",
    compute_type: str = "auto",
    threads: tuple[int, int] | None = None,
    batch_tokens: int | None = None,
) -> Translator:
    """A translator for `model`: a name in the store, a folder, or None for the default.

    With `pivot` (a BCP 47 tag) or several models, each pair of languages goes to the first model
    that has it, else through the pivot. `device`, `compute_type`, `threads` and `batch_tokens` say
    where and how it runs; see `Hardware`. A model is loaded once per process. Raises `UserError`
    for a model that does not exist or is broken.
    """
    hardware = Hardware(device, compute_type, threads, batch_tokens)
    names = [model] if model is None or isinstance(model, str | Path) else list(model)
    engines: list[Engine] = [shared_engine(resolve(name), hardware) for name in names]
    if pivot is None and len(engines) == 1:
        return engines[0]
    return Pivot(engines, pivot)


def model_infos(translator: Translator) -> list[ModelInfo]:
    """The models behind a `translator` that `open_translator` made."""
    if isinstance(translator, Pivot):
        return [info for part in translator.translators for info in model_infos(part)]
    return [translator.info] if isinstance(translator, Engine) else []


def model_bytes(translator: Translator) -> int:
    """The size of the weights behind a `translator` that `open_translator` made; 0 of others, and
    on a GPU, which is fast with any of them."""
    if isinstance(translator, Pivot):
        return sum(map(model_bytes, translator.translators))
    if isinstance(translator, Engine) and translator.device == "cpu":
        return translator.weight_bytes
    return 0
