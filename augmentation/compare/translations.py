"""Training sets translated, and back."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from augmentation.compare.context import TRANSLATIONS, VERSION, CompareRun, read_json, shard_rows
from augmentation.compare.leakage import rows_fingerprint
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.layout import filter_step
from augmentation.translate_train.run import translate_train
from augmentation.translate_train.setup import asked, resolve_settings
from corpora.manifest import file_hash, fingerprint
from corpora.records import Row
from corpora.shards import ShardWriter, is_done, list_shards
from corpora.storage import write_text


def translate_training(run: CompareRun, lang: str) -> None:
    """The source training set in `lang`, by translate-train."""
    source = run.config.source.lang
    _translate(run, f"to-{lang}", run.data_ref("source-train").path, source, lang)


def translate_back(run: CompareRun, lang: str) -> None:
    """The translated training set back in the source language."""
    ref = run.data_ref(f"translated-{lang}")
    rows = _translated(run, f"to-{lang}", lang)
    made_from = fingerprint([VERSION, rows_fingerprint(rows)])
    if not is_done(ref, made_from):
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, rows_in=len(rows))
    _translate(run, f"back-from-{lang}", ref.path, lang, run.config.source.lang)


def _translate(run: CompareRun, name: str, path: Path, source: str, target: str) -> None:
    folder = run.run / TRANSLATIONS / name
    config = run.config.translation(source, target, input=path, out=folder)
    facts = folder.with_name(f"{name}.json")
    made_from = fingerprint([VERSION, file_hash(path), _translation_identity(config)])
    before = read_json(facts)
    if before.get("fingerprint") == made_from:
        return
    if folder.exists() and before.get("asked") not in (None, made_from):
        shutil.rmtree(folder)  # made from another training set or with another model
    write_text(facts, json.dumps({"asked": made_from}) + "\n")
    began = time.monotonic()
    result = translate_train(config)
    summary = result.summary.targets[0]
    values = {
        "fingerprint": made_from,
        "asked": made_from,
        "seconds": round(time.monotonic() - began, 2),
        "rows_in": result.summary.rows_in,
        "kept": summary.kept,
        "dropped": dict(summary.dropped),
    }
    write_text(facts, json.dumps(values, indent=1) + "\n")
    run.forget(("translated", name))


def _translation_identity(config: TranslateTrainConfig) -> Any:
    return asked(resolve_settings(config))


def _translated(run: CompareRun, name: str, lang: str) -> list[Row]:
    def read() -> list[Row]:
        refs = list_shards(run.run / TRANSLATIONS / name, filter_step(lang))
        return [row for ref in refs for row in shard_rows(ref)]

    found: list[Row] = run.once(("translated", name), read)
    return found
