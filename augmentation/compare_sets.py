"""The rows of a comparison: read, translated, searched for leaks, and put into training sets."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from augmentation import steps
from augmentation.compare_config import CorpusConfig
from augmentation.compare_data import (
    check_groups,
    check_labels,
    few_shortages,
    find_leaks,
    rows_fingerprint,
    sample_few,
)
from augmentation.compare_plan import (
    CHECK,
    TRANSLATIONS,
    VERSION,
    CompareRun,
    kind_and_lang,
    needs_translation,
    read_json,
    shard_rows,
)
from augmentation.config import TranslateTrainConfig, asked, resolve_settings
from augmentation.translate_train import translate_train
from corpora.checks import Task
from corpora.errors import UserError
from corpora.fingerprint import file_hash, fingerprint, path_hash
from corpora.records import DroppedRow, Row
from corpora.shards import ShardWriter, is_done, list_shards
from corpora.storage import write_text


def read_corpora(run: CompareRun) -> None:
    """Read every corpus into a shard; raises `UserError` for what cannot be compared."""
    for name, (corpus, lang) in run.corpora().items():
        ref = run.data_ref(name)
        made_from = fingerprint(
            [VERSION, steps.VERSIONS["ingest"], path_hash(corpus.path),
             corpus.model_dump(mode="json", exclude={"path"}), run.config.task, lang]
        )  # fmt: skip
        if is_done(ref, made_from):
            continue
        rows, dropped = read_corpus(corpus, lang, run.config.task)
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, dropped, rows_in=len(rows) + len(dropped))
        run.forget(("rows", name))


def read_corpus(corpus: CorpusConfig, lang: str, task: Task) -> tuple[list[Row], list[DroppedRow]]:
    """The rows of a corpus, and those that are not right; rows beyond the limit are left unread."""
    batches = list(corpus.open(corpus.path, task, lang).batches(limit=corpus.limit))
    rows = [row for batch in batches for row in batch.rows]
    if not rows:
        raise UserError("there is no row to be had from this file", file=corpus.path)
    return rows, [one for batch in batches for one in batch.dropped]


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
        refs = list_shards(run.run / TRANSLATIONS / name, steps.filter_step(lang))
        return [row for ref in refs for row in shard_rows(ref)]

    found: list[Row] = run.once(("translated", name), read)
    return found


def base_sets(run: CompareRun) -> dict[str, list[Row]]:
    """The training sets that others are put together from, leaks and all."""
    sets = {"source": run.rows("source-train")}
    strategies = run.config.strategies
    for lang in run.langs:
        if needs_translation(strategies):
            sets[f"translated-{lang}"] = _translated(run, f"to-{lang}", lang)
        if "translate-test-round-trip" in strategies:
            name = f"back-from-{lang}"
            sets[f"round-trip-{lang}"] = _translated(run, name, run.config.source.lang)
        if "few-shot" in strategies:
            sets[f"few-{lang}"] = run.rows(f"{lang}-train")
    return sets


def roots_of(sets: dict[str, list[Row]]) -> dict[str, dict[str, str]]:
    """By set and row id, the id of the row in the source set that it comes from."""
    roots: dict[str, dict[str, str]] = {}
    for name, rows in sets.items():
        kind, lang = kind_and_lang(name)
        if kind not in ("translated", "round-trip"):
            continue
        before = roots.get(f"translated-{lang}", {}) if kind == "round-trip" else {}
        roots[name] = {
            row.id: before.get(row.provenance.source_id, row.provenance.source_id)
            for row in rows
            if row.provenance is not None
        }
    return roots


def check(run: CompareRun) -> None:
    """Labels fit, no group is split, and no test text is in training.

    Leaks end with a `UserError`, or (`leakage: drop`) are left out: the source row with all that
    was made of it, in all training sets alike, so that strategies stay comparable.
    """
    sets = base_sets(run)
    tests = run.test_sets()
    named = {f"the {lang} test set": rows for lang, rows in tests.items()}
    unknown = {
        lang: check_labels(run.config.task, sets["source"], rows, f"in {lang}")
        for lang, rows in tests.items()
    }
    for name, rows in sets.items():
        kind, lang = kind_and_lang(name)
        check_groups(named, rows, lang if kind == "few" else run.config.source.lang)
        if not rows:
            raise UserError(f"the training set {name} is empty")
    leaks = find_leaks(named, sets, roots_of(sets), run.config.task)
    if leaks and run.config.leakage == "stop":
        shown = "; ".join(
            f"{leak.test_id!r} of {leak.test} is the {leak.where} ({leak.train_id!r}: "
            f"{leak.text[:60]!r})"
            for leak in leaks[:5]
        )
        raise UserError(
            f"{len(leaks)} test texts are among the training texts: {shown}. Take them out, or say "
            "`leakage: drop` to leave these training rows out"
        )
    values = {
        "leaks": dict(Counter(f"{leak.test}: {leak.where}" for leak in leaks)),
        "examples": [asdict(leak) for leak in leaks[:20]],
        "dropped": sorted({leak.root for leak in leaks if not leak.set.startswith("few-")}),
        "few_dropped": {
            name: sorted({leak.train_id for leak in leaks if leak.set == name})
            for name in sets
            if name.startswith("few-")
        },
        "few_shortages": {
            name: few_shortages(rows, run.config.task, run.config.few_shot)
            for name, rows in sets.items()
            if name.startswith("few-")
        },
        "bad_rows": {
            name: count
            for name in run.corpora()
            if (count := steps.rows_dropped(run.data_ref(name)))
        },
        "labels_never_trained": {k: v for k, v in unknown.items() if v},
    }
    write_text(run.run / CHECK, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    run.forget("check")


def checked(run: CompareRun) -> dict[str, Any]:
    """What `check` found."""
    found: dict[str, Any] = run.once("check", lambda: read_json(run.run / CHECK))
    return found


def training_rows(run: CompareRun, name: str, seed: int) -> list[Row]:
    """The training set `name`, without leaks; `seed` draws the few-shot examples."""
    sets: dict[str, list[Row]] = run.once("sets", lambda: base_sets(run))
    roots: dict[str, dict[str, str]] = run.once("roots", lambda: roots_of(sets))
    leaked = set(checked(run)["dropped"])
    few_leaked = checked(run)["few_dropped"]

    def part(one: str) -> list[Row]:
        if one == "translated-all":
            return [row for lang in run.langs for row in part(f"translated-{lang}")]
        if one.startswith("few-"):
            rows = [row for row in sets[one] if row.id not in few_leaked[one]]
            return sample_few(rows, run.config.task, run.config.few_shot, seed)
        own = roots.get(one, {})
        return [row for row in sets[one] if own.get(row.id, row.id) not in leaked]

    return [row for one in name.split("+") for row in part(one)]


def dev_rows(run: CompareRun, name: str) -> list[Row]:
    """The source's dev rows, for training sets with rows in that language.

    No labelled data of a target language is used to choose, and a model of translations only is
    not chosen by the source language: it is trained to the end.
    """
    if run.config.source.dev is None or not name.startswith("source"):
        return []
    return run.rows("source-dev")
