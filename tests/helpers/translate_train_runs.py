"""Inputs, configurations and checks of translate-train runs with the toy translator."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.run import TranslateTrainResult
from augmentation.translate_train.runs import final_rows
from corpora.shards import list_shards, read_sidecar

WORDS = ["wake", "me", "at", "nine", "play", "some", "jazz", "repetition", "unaligned", "vanish"]


def write_labelled_rows(path: Path, count: int, seed: int = 0, start: int = 0) -> Path:
    """Rows of a few words with a span; some are bound to be dropped, some occur twice."""
    with path.open("w" if not start else "a", encoding="utf-8") as file:
        for number in range(start, count):
            rng = random.Random(seed * 100_000 + number % 80)
            words = rng.choices(WORDS, (9, 9, 9, 9, 9, 9, 9, 1, 6, 1), k=rng.randint(2, 6))
            text = " ".join(words)
            spans = [{"start": 0, "end": len(words[0]), "label": rng.choice("ab")}]
            file.write(json.dumps({"id": f"r{number}", "text": text, "spans": spans}) + "\n")
    return path


def file_hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 hash of every file below a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sidecar_times(run: Path) -> dict[str, int]:
    """When each sidecar of a run was written, by its relative path."""
    return {
        str(path.relative_to(run)): path.stat().st_mtime_ns
        for path in run.glob("*/part-*.json")
        if not path.name.endswith(".facts.json")
    }


def check_row_counts(result: TranslateTrainResult, targets: Sequence[str]) -> None:
    """Rows in = rows out + rows dropped, at every step and in the summary."""
    for step in sorted(path.name for path in result.run.glob("[1-5]0-*")):
        for ref in list_shards(result.run, step):
            sidecar = read_sidecar(ref)
            assert sidecar is not None
            if sidecar.rows_in is not None:
                assert sidecar.rows_in == sidecar.rows_out + sidecar.rows_dropped
    for target, name in zip(result.summary.targets, targets, strict=True):
        assert target.target == name
        assert result.summary.rows_in == target.kept + target.dropped.total()
        made = list(final_rows(result.run, name))
        assert len(made) == target.kept
        assert sum(len(row.spans) for row in made) == target.placed.total()
        for label, count in target.spans.items():
            lost = target.lost.get(label, Counter()).total()
            assert count == target.placed[label] + lost


def translate_train_config(source: Path, out: Path | None, **more: Any) -> TranslateTrainConfig:
    """A configuration for a toy run, without a memory unless told."""
    values: dict[str, Any] = {
        "input": source, "task": "tokens", "source": "en", "targets": ["de"], "out": out,
        "memory": "off", "shard_rows": 10, "projection": {"projector": "attention"},
    }  # fmt: skip
    return TranslateTrainConfig.model_validate(values | more)
