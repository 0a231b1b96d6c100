"""The rows of a comparison: read, and put into training sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from augmentation.compare.config import CorpusConfig
from augmentation.compare.context import VERSION, CompareContext
from augmentation.compare.strategies import SOURCE, Part, TrainingSet, translates_training
from augmentation.compare.translations import translated_rows
from augmentation.few_shot.sampling import sample_few
from augmentation.translation.ingest import VERSION as INGEST_VERSION
from corpora.choices import Task
from corpora.errors import UserError
from corpora.fingerprint import fingerprint, path_hash
from corpora.readers.folders import saved_splits
from corpora.records import DroppedRow, Row
from corpora.shards import ShardWriter, is_done


def read_corpora(context: CompareContext) -> None:
    """Read every corpus of `context` into a shard; raises `UserError` for what cannot be
    compared."""
    for name, (corpus, lang) in context.corpora().items():
        ref = context.data_ref(name)
        made_from = fingerprint(
            [VERSION, INGEST_VERSION, path_hash(corpus.path),
             corpus.model_dump(mode="json", exclude={"path"}), context.config.task, lang]
        )  # fmt: skip
        if is_done(ref, made_from):
            continue
        rows, dropped = read_corpus(corpus, lang, context.config.task)
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, dropped, rows_in=len(rows) + len(dropped))
        context.cache.drop(("rows", name))


def read_corpus(corpus: CorpusConfig, lang: str, task: Task) -> tuple[list[Row], list[DroppedRow]]:
    """The rows in `lang` of `corpus` for `task`, and those that are bad; rows beyond the limit are
    not read. Raises `UserError` where there is no row."""
    if corpus.split is None and len(splits := saved_splits(corpus.path)) > 1:
        problem = "this data set has several splits; name one, as in split: train"
        raise UserError(problem, file=corpus.path, choices=splits)
    batches = list(corpus.open(corpus.path, task, lang).batches(limit=corpus.limit))
    rows = [row for batch in batches for row in batch.rows]
    if not rows:
        raise UserError("this file has no usable row", file=corpus.path)
    return rows, [row for batch in batches for row in batch.dropped]


def base_parts(context: CompareContext) -> dict[Part, list[Row]]:
    """What the training sets of `context` are put together from, with leaks."""
    parts = {SOURCE: context.rows("source-train")}
    strategies = context.config.strategies
    for lang in context.langs:
        if translates_training(strategies):
            part = Part("translated", lang)
            parts[part] = translated_rows(context, part)
        if "translate-test-round-trip" in strategies:
            part = Part("round-trip", lang)
            parts[part] = translated_rows(context, part)
        if "few-shot" in strategies:
            parts[Part("few", lang)] = context.rows(f"{lang}-train")
    return parts


def roots_of(parts: Mapping[Part, Sequence[Row]]) -> dict[Part, dict[str, str]]:
    """By part of `parts` and row id, the id of the row in the source training set that it was made
    from."""
    roots: dict[Part, dict[str, str]] = {}
    for part, rows in parts.items():
        if part.kind not in ("translated", "round-trip"):
            continue
        first = roots.get(Part("translated", part.lang), {}) if part.kind == "round-trip" else {}
        roots[part] = {
            row.id: first.get(row.provenance.source_id, row.provenance.source_id)
            for row in rows
            if row.provenance is not None
        }
    return roots


def training_rows(
    context: CompareContext,
    training_set: TrainingSet,
    seed: int,
    *,
    leaked: Set[str],
    few_leaked: Mapping[str, Sequence[str]],
) -> list[Row]:
    """The rows of `training_set` of the comparison `context`, without leaks.

    `seed` draws the few-shot examples. `leaked` are ids of source rows, `few_leaked` ids of
    few-shot rows by language, all of which are left out.
    """
    parts = context.cache.get("parts", lambda: base_parts(context))
    roots = context.cache.get("roots", lambda: roots_of(parts))
    config = context.config
    chosen: list[Row] = []
    for part in training_set.parts:
        if part.kind == "few":
            rows = [row for row in parts[part] if row.id not in few_leaked[part.lang]]
            chosen += sample_few(rows, config.task, config.few_shot, seed)
        else:
            of_part = roots.get(part, {})
            chosen += [row for row in parts[part] if of_part.get(row.id, row.id) not in leaked]
    return chosen


def dev_rows(context: CompareContext, training_set: TrainingSet) -> list[Row]:
    """The source's dev rows, for a `training_set` of `context` with rows in that language.

    No labelled data of a target language is used to choose, and a model of translations only is
    not chosen by the source language: it is trained to the end.
    """
    if context.config.source.dev is None or not training_set.has_source:
        return []
    return context.rows("source-dev")
