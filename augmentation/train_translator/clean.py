"""The steps that make a training bitext: read, clean, subwords, align, set dev pairs apart."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from augmentation.train_translator.config import BitextSource, CleaningConfig
from augmentation.train_translator.layout import CLEAN_STEP, TrainRun
from corpora.bitext import (
    BITEXT_SCHEMA,
    DIRECTION_COLUMN,
    DROPPED_BITEXT_SCHEMA,
    BitextPair,
    read_bitext,
)
from corpora.errors import UserError
from corpora.manifest import file_hash, fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches, read_dropped, sidecar_of
from filters.cleaning import clean
from filters.language import WrongLanguage
from filters.pairs import (
    AlphabetShare,
    Duplicate,
    Empty,
    LengthRatio,
    NumberMismatch,
    ReservedSymbols,
    TooLong,
    Untranslated,
    expected_ratio,
)
from filters.protocol import Filter
from translators.subwords import MARKERS, language_tag

_BATCH_PAIRS = 20_000


OnProgress = Callable[[str, int], None]
"""Told now and then what is being done and how many pairs are through."""


def read_and_clean(
    sources: Sequence[BitextSource],
    source: str,
    target: str,
    run: Path,
    config: CleaningConfig,
    on_progress: OnProgress = lambda what, count: None,
) -> list[ShardRef]:
    """Read the corpora and clean them: shard i is corpus i, what was dropped beside it.

    `source` and `target` are BCP 47 tags; a corpus may say another target itself. Duplicates are
    looked for across the corpora of a target, so an earlier corpus keeps its pair. Shards that are
    done are left alone.
    """
    duplicates: defaultdict[str, Duplicate] = defaultdict(Duplicate)
    inputs: dict[str, list[object]] = {}
    shards = []
    for index, one in enumerate(sources):
        ref = ShardRef(run, CLEAN_STEP, index)
        own = one.target or target
        duplicate, before = duplicates[own], inputs.setdefault(own, [source, own, config])
        before.append((one, [file_hash(file) for file in one.bitext().files()]))
        made_from = fingerprint(["clean", 2, before])
        if is_done(ref, made_from):
            for batch in itertools.chain(read_batches(ref), _dropped_later(ref)):
                duplicate.score(pl.DataFrame(pl.from_arrow(batch)))
        else:
            _clean_corpus(one, source, own, ref, made_from, config, duplicate, on_progress)
        shards.append(ref)
    return shards


def _dropped_later(ref: ShardRef) -> Iterator[pa.RecordBatch]:
    """What the filter after that for duplicates dropped: it had been seen all the same."""
    for batch in read_dropped(ref):
        yield batch.filter(pc.equal(batch.column("drop_reason"), WrongLanguage.name))


def _clean_corpus(
    one: BitextSource,
    source: str,
    target: str,
    ref: ShardRef,
    made_from: str,
    config: CleaningConfig,
    duplicate: Duplicate,
    on_progress: OnProgress,
) -> None:
    frames = _frames(one, source, target)
    first = next(frames)
    filters, language = make_filters(source, target, config, expected_ratio(first), duplicate)
    rows = refused = machine = 0
    with ShardWriter(
        ref, made_from, schema=BITEXT_SCHEMA, dropped_schema=DROPPED_BITEXT_SCHEMA
    ) as writer:
        for frame in itertools.chain([first], frames):
            result = clean(frame, filters)
            writer.write(
                _table(result.kept, BITEXT_SCHEMA),
                _table(result.dropped, DROPPED_BITEXT_SCHEMA),
                rows_in=len(frame),
            )
            rows += len(frame)
            machine += int(frame["machine"].ne("").sum())
            refused += int(result.dropped["drop_reason"].eq(WrongLanguage.name).sum())
            on_progress(f"clean {one.bitext().name}", rows)
        if language is not None and refused > config.max_wrong_language_share * rows:
            raise _wrong_corpus(one, source, target, language, refused / rows)
        if one.directions == "machine-target" and not machine:
            raise UserError(
                f"directions: machine-target, but no line says {source}-{target} or "
                f"{target}-{source} in a column {DIRECTION_COLUMN!r}",
                file=one.path,
            )


def make_filters(
    source: str, target: str, config: CleaningConfig, ratio: float, duplicate: Duplicate
) -> tuple[list[Filter], WrongLanguage | None]:
    """The filters that `config` asks for, cheap ones first, and the one that knows languages."""
    filters: list[Filter] = [
        Empty(),
        ReservedSymbols(
            [language_tag(source), language_tag(target), *(m for pair in MARKERS for m in pair)]
        ),
    ]
    if config.max_chars is not None:
        filters.append(TooLong(config.max_chars))
    if config.max_length_ratio is not None:
        filters.append(LengthRatio(config.max_length_ratio, ratio))
    if config.min_alphabet_share is not None:
        filters.append(AlphabetShare(source, target, config.min_alphabet_share))
    if config.max_untranslated is not None:
        filters.append(Untranslated(config.max_untranslated))
    if config.max_number_mismatch is not None:
        filters.append(NumberMismatch(config.max_number_mismatch))
    if config.duplicates:
        filters.append(duplicate)
    if config.max_wrong_language is None:
        return filters, None
    language = WrongLanguage(source, target, config.max_wrong_language)
    return [*filters, language], language


def _wrong_corpus(
    one: BitextSource, source: str, target: str, language: WrongLanguage, share: float
) -> UserError:
    seen = [
        f"its {side} side looks like {found.most_common(1)[0][0]!r}, not {wanted!r}"
        for side, wanted in (("source", source), ("target", target))
        if (found := language.found[side]).total()
    ]
    return UserError(
        f"{share:.0%} of the pairs are in another language: {'; '.join(seen)}. "
        "Are the columns or --source and --target the wrong way round?",
        file=one.path,
    )


def _frames(one: BitextSource, source: str, target: str) -> Iterator[pl.DataFrame]:
    pairs = read_bitext(one.bitext(), source, target)
    while batch := list(itertools.islice(pairs, _BATCH_PAIRS)):
        yield pl.DataFrame(
            {
                "source": [p.source for p in batch],
                "target": [p.target for p in batch],
                "origin": [one.name or p.origin for p in batch],
                "line": [p.line for p in batch],
                "machine": [p.machine for p in batch],
                "direction": [_direction(p, one) for p in batch],
                "weight": [one.weight] * len(batch),
                "target_lang": [target] * len(batch),
            }
        )


def _direction(pair: BitextPair, one: BitextSource) -> str:
    if one.directions == "both" or not pair.machine:
        return "both"
    return "forward" if pair.machine == "target" else "backward"


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.select(schema.names).to_arrow().cast(schema)


def clean_step(run: TrainRun) -> str:
    """Read the corpora and clean them."""
    config = run.config
    shards = read_and_clean(
        config.bitext,
        config.source,
        config.targets[0],
        run.work,
        config.cleaning,
        _counter(run.say),
    )
    sidecars = [sidecar_of(shard) for shard in shards]
    kept = sum(sidecar.rows_out for sidecar in sidecars)
    reasons: Counter[str] = Counter()
    for sidecar in sidecars:
        reasons.update(sidecar.drop_reasons)
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    if kept < config.min_pairs:
        raise UserError(
            f"only {kept} clean sentence pairs, at least {config.min_pairs} are needed to train "
            f"(dropped: {dropped or 'none'})",
            file=config.bitext[0].path,
        )
    return f"{kept:,} pairs kept; dropped: {dropped or 'none'}"


def _counter(say: Callable[[str], None]) -> Callable[[str, int], None]:
    """Lines with the number done and how fast, every few seconds."""
    began: dict[str, float] = {}
    last = 0.0

    def count(what: str, done: int) -> None:
        nonlocal last
        now = time.monotonic()
        start = began.setdefault(what, now)
        if now - last > 5 and now > start:
            say(f"{what}: {done:,} pairs, {done / (now - start):,.0f} a second")
            last = now

    return count
