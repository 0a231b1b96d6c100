"""`train_translator` for programs: a bitext in memory or in files, settings by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from augmentation.pipeline.configuration import validate
from augmentation.pipeline.inputs import saved_pairs
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import BitextSource, TrainTranslatorConfig
from augmentation.train_translator.run import train_translator as run_train_translator

BitextData = str | Path | BitextSource | Mapping[str, Any] | Iterable[tuple[str, str]]
"""A parallel corpus: a file, the settings of one, or pairs of sentences (source, target)."""


def train_translator(
    bitext: BitextData | Sequence[BitextSource | Mapping[str, Any]],
    *,
    source: str,
    targets: str | Sequence[str],
    out: str | Path,
    work: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_seconds: float | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> Path:
    """Train a translator from `source` to `targets` (BCP 47 tags) and put it into the folder `out`,
    which is returned: it can be the `model` of any pipeline.

    `bitext` is a file (TSV or TMX), a list of corpora with the settings of `BitextSource`, or an
    iterable of sentence pairs, which are written to a file named for their content first. `work`
    is the folder of the steps. `device` is `auto`, `cpu` or `cuda`; `threads` are those of the CPU,
    and training stops after `max_seconds`. `settings` are those of `TrainTranslatorConfig`;
    `listener` is told how training goes. Raises `UserError` for what is wrong with data or
    settings.
    """
    config = validate(
        TrainTranslatorConfig,
        {"source": source, "targets": targets, "bitext": _bitext(bitext), **settings},
    )
    return run_train_translator(
        config,
        Path(out),
        work=None if work is None else Path(work),
        device=device,
        threads=threads,
        max_seconds=max_seconds,
        listener=listener,
    )


def _bitext(data: Any) -> list[Any]:
    """`data` as settings of corpora."""
    if isinstance(data, str | Path):
        return [{"path": data}]
    if isinstance(data, BitextSource | Mapping):
        return [data]
    items = list(data)
    if items and all(isinstance(item, BitextSource | Mapping) for item in items):
        return items
    for number, item in enumerate(items, 1):
        if isinstance(item, str) or len(item) != 2:
            raise TypeError(f"item {number} of the bitext is no pair of sentences")
    return [{"path": saved_pairs((source, target) for source, target in items)}]
