"""The clean step: corpora read and filtered into one shard per corpus, dropped pairs beside it."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import BitextSource, CleaningConfig
from augmentation.train_translator.layout import CLEAN_STEP, TrainSetup
from augmentation.train_translator.read import read_frames
from corpora.bitext import (
    BITEXT_SCHEMA,
    DIRECTION_COLUMN,
    DROPPED_BITEXT_SCHEMA,
)
from corpora.errors import UserError
from corpora.fingerprint import file_hash, fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches, read_dropped, sidecar_of
from filters.alphabet import AlphabetShare
from filters.cleaning import clean
from filters.duplicate import Duplicate
from filters.empty import Empty
from filters.language import WrongLanguage
from filters.length_ratio import LengthRatio, expected_ratio
from filters.numbers import NumberMismatch
from filters.protocol import Filter
from filters.reserved import ReservedSymbols
from filters.too_long import TooLong
from filters.untranslated import Untranslated
from translators.subwords import MARKERS, language_tag

OnProgress = Callable[[str, int], None]
"""Called now and then with what is being done and how many pairs are through."""


def read_and_clean(
    corpora: Sequence[BitextSource],
    source: str,
    target: str,
    run: Path,
    config: CleaningConfig,
    on_progress: OnProgress = lambda activity, count: None,
) -> list[ShardRef]:
    """Read `corpora` and clean them as `config` says, in the run folder `run`: shard i is corpus i,
    what was dropped beside it.

    `source` and `target` are BCP 47 tags; a corpus may state another target itself. Duplicates are
    looked for across the corpora of a target, so an earlier corpus keeps its pair. Shards that are
    done are left alone. `on_progress` is called now and then with what is being done and how many
    pairs are through. Raises `UserError` for a corpus that is mostly in another language.
    """
    duplicates: defaultdict[str, Duplicate] = defaultdict(Duplicate)
    inputs: dict[str, list[object]] = {}
    shards = []
    for index, corpus in enumerate(corpora):
        ref = ShardRef(run, CLEAN_STEP, index)
        lang = corpus.target or target
        duplicate, before = duplicates[lang], inputs.setdefault(lang, [source, lang, config])
        before.append((corpus, [file_hash(file) for file in corpus.bitext().files()]))
        made_from = fingerprint(["clean", 2, before])
        if is_done(ref, made_from):
            for batch in itertools.chain(read_batches(ref), _dropped_later(ref)):
                duplicate.score(pl.DataFrame(pl.from_arrow(batch)))
        else:
            _clean_corpus(corpus, source, lang, ref, made_from, config, duplicate, on_progress)
        shards.append(ref)
    return shards


def _dropped_later(ref: ShardRef) -> Iterator[pa.RecordBatch]:
    """What was dropped after the filter for duplicates had seen it."""
    for batch in read_dropped(ref):
        yield batch.filter(pc.equal(batch.column("drop_reason"), WrongLanguage.name))


def _clean_corpus(
    corpus: BitextSource,
    source: str,
    target: str,
    ref: ShardRef,
    made_from: str,
    config: CleaningConfig,
    duplicate: Duplicate,
    on_progress: OnProgress,
) -> None:
    frames = read_frames(corpus, source, target)
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
            on_progress(f"clean {corpus.bitext().name}", rows)
        if language is not None and refused > config.max_wrong_language_share * rows:
            raise _wrong_corpus(corpus, source, target, language, refused / rows)
        if corpus.directions == "machine-target" and not machine:
            raise UserError(
                f"directions: machine-target, but no line says {source}-{target} or "
                f"{target}-{source} in a column {DIRECTION_COLUMN!r}",
                file=corpus.path,
            )


def make_filters(
    source: str, target: str, config: CleaningConfig, ratio: float, duplicate: Duplicate
) -> tuple[list[Filter], WrongLanguage | None]:
    """The filters that `config` switches on, cheap ones first, and among them the one that
    identifies languages, if it is on.

    `source` and `target` are the languages of the pairs, `ratio` their usual ratio of lengths,
    `duplicate` the filter that has seen earlier corpora.
    """
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
    corpus: BitextSource, source: str, target: str, language: WrongLanguage, share: float
) -> UserError:
    looks = [
        f"its {side} side looks like {counts.most_common(1)[0][0]!r}, not {expected!r}"
        for side, expected in (("source", source), ("target", target))
        if (counts := language.wrong_languages[side]).total()
    ]
    return UserError(
        f"{share:.0%} of the pairs are in another language: {'; '.join(looks)}. "
        "Are the columns or --source and --target the wrong way round?",
        file=corpus.path,
    )


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.select(schema.names).to_arrow().cast(schema)


def clean_step(setup: TrainSetup, listener: Listener) -> str:
    """Read and clean the corpora of `setup`; `listener` is told how many pairs are through."""
    config = setup.config
    shards = read_and_clean(
        config.bitext,
        config.source,
        config.targets[0],
        setup.work,
        config.cleaning,
        _counter(listener),
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


def _counter(listener: Listener) -> OnProgress:
    """Messages with the number done and how fast, every few seconds."""
    began: dict[str, float] = {}
    last = 0.0

    def count(activity: str, done: int) -> None:
        nonlocal last
        now = time.monotonic()
        start = began.setdefault(activity, now)
        if now - last > 5 and now > start:
            rate = f"{done / (now - start):,.0f} per second"
            listener.message(f"{activity}: {done:,} pairs, {rate}")
            last = now

    return count
