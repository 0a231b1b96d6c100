"""The source training set translated to the target languages, and back, by translate-train."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from augmentation.compare.context import VERSION, CompareContext
from augmentation.compare.leakage import rows_fingerprint
from augmentation.compare.strategies import Part
from augmentation.translate_train.run import translate_train
from augmentation.translate_train.runs import final_rows
from augmentation.translate_train.setup import resolve
from corpora.checked_json import write_checked
from corpora.fingerprint import file_hash, fingerprint
from corpora.records import Row
from corpora.shards import ShardWriter, is_done


def run_name(part: Part) -> str:
    """The name of the translate-train run that makes `part`."""
    return f"to-{part.lang}" if part.kind == "translated" else f"back-from-{part.lang}"


def translate_training(context: CompareContext, lang: str) -> None:
    """Translate the source training set of `context` to `lang`."""
    source = context.config.source.lang
    path = context.data_ref("source-train").path
    _translate(context, run_name(Part("translated", lang)), path, source, lang)


def translate_back(context: CompareContext, lang: str) -> None:
    """Translate the training set of `context` in `lang` back to the source language."""
    translated = Part("translated", lang)
    ref = context.data_ref(translated.name)
    rows = translated_rows(context, translated)
    made_from = fingerprint([VERSION, rows_fingerprint(rows)])
    if not is_done(ref, made_from):
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, rows_in=len(rows))
    name = run_name(Part("round-trip", lang))
    _translate(context, name, ref.path, lang, context.config.source.lang)


def _translate(context: CompareContext, name: str, path: Path, source: str, target: str) -> None:
    artifact = context.translation_of(name)
    folder = context.translation_folder(name)
    config = context.config.translate_train(source, target, input=path, out=folder)
    made_from = fingerprint([VERSION, file_hash(path), resolve(config).fingerprinted()])
    if artifact.is_done(made_from):
        return
    if folder.exists() and artifact.facts().get("begun_for") not in (None, made_from):
        shutil.rmtree(folder)  # made from another training set or with another model
    write_checked(artifact.record, {"begun_for": made_from})
    began = time.monotonic()
    result = translate_train(config)
    counts = result.summary.targets[0]
    artifact.note_done(
        made_from,
        begun_for=made_from,
        seconds=round(time.monotonic() - began, 2),
        rows_in=result.summary.rows_in,
        kept=counts.kept,
        dropped=dict(counts.dropped),
    )
    context.cache.drop(("translated", name))


def translated_rows(context: CompareContext, part: Part) -> list[Row]:
    """The rows of `part` of the comparison `context`, a translation that is done."""
    name = run_name(part)
    target = part.lang if part.kind == "translated" else context.config.source.lang
    folder = context.translation_folder(name)
    return context.cache.get(("translated", name), lambda: list(final_rows(folder, target)))


def translation_seconds(context: CompareContext, part: Part) -> float:
    """How long the translations that `part` of the comparison `context` needs took."""
    parts = [part] if part.kind in ("translated", "round-trip") else []
    if part.kind == "round-trip":
        parts.append(Part("translated", part.lang))
    records = (context.translation_of(run_name(translated)).facts() for translated in parts)
    return sum(float(record.get("seconds", 0)) for record in records)
