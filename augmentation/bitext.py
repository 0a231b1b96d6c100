"""The steps that make a training bitext: read, clean, subwords, align, set dev pairs apart."""

from __future__ import annotations

import importlib.util
import itertools
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator
from sentencepiece import SentencePieceProcessor

from alignment.protocol import WordAlignment, WordPair
from alignment.words.eflomal import EflomalAligner
from alignment.words.splitting import split_pair, split_words
from alignment.words.statistical.corpus import align_corpus
from augmentation.settings import Language, Strict
from corpora.bitext import (
    ALIGNED_BITEXT_SCHEMA,
    BITEXT_SCHEMA,
    DIRECTION_COLUMN,
    DROPPED_BITEXT_SCHEMA,
    Bitext,
    BitextPair,
    read_bitext,
)
from corpora.errors import UserError
from corpora.manifest import file_hash, fingerprint, path_hash
from corpora.schema import content_id
from corpora.shards import (
    ShardRef,
    ShardWriter,
    is_done,
    read_batches,
    read_dropped,
    sidecar_of,
)
from corpora.storage import write_text
from filters.cleaning import clean
from filters.language import WrongLanguage
from filters.normalisation import normalise
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
from translators.subwords import (
    MARKERS,
    SubwordConfig,
    language_tag,
    take_subwords,
    train_subwords,
)

CLEAN_STEP, SUBWORDS_STEP = "10-clean", "20-subwords"
ALIGN_STEP, EXAMPLES_STEP = "30-align", "40-examples"
_BATCH_PAIRS = 20_000

OnProgress = Callable[[str, int], None]
"""Told now and then what is being done and how many pairs are through."""


class BitextSource(Strict):
    """One parallel corpus: a TSV or TMX file, or `path` and `target_path` line by line."""

    path: Path
    target_path: Path | None = None
    target: Language | None = None
    """Of its second side, where a model of several target languages is trained."""
    columns: tuple[str, str] | None = None
    weight: float = Field(1.0, gt=0.0, le=10_000.0)
    """How often a pair of it is seen in an epoch."""
    directions: Literal["both", "machine-target"] = "both"
    """`machine-target` trains a machine-translated pair only towards its machine-made side."""
    name: str | None = None
    """As in the card; the file's name when not given."""
    terms: str = "not stated"
    """Licence or terms of use, for the card."""

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> BitextSource:
        if self.columns is not None and not self.bitext().is_table:
            raise ValueError(f"{self.path}: only a tab-separated file has columns")
        return self

    def bitext(self) -> Bitext:
        """What `corpora.bitext` reads."""
        return Bitext(self.path, self.target_path, self.columns, self.weight)


class CleaningConfig(Strict):
    """Limits of the filters; null switches one off."""

    max_chars: int | None = Field(500, ge=1)
    max_length_ratio: float | None = Field(2.2, ge=1.0)
    min_alphabet_share: float | None = Field(0.5, ge=0.0, le=1.0)
    max_untranslated: float | None = Field(0.75, ge=0.0, le=1.0)
    max_number_mismatch: float | None = Field(0.5, ge=0.0, le=1.0)
    max_wrong_language: float | None = Field(0.95, ge=0.0, le=1.0)
    duplicates: bool = True
    max_wrong_language_share: float = Field(0.3, ge=0.0, le=1.0)
    """More of a corpus than this in another language is a mistake, not noise."""


class AlignmentConfig(Strict):
    """Word alignment of the training bitext."""

    aligner: Literal["auto", "eflomal", "statistical"] = "auto"
    """eflomal (Östling and Tiedemann, 2016) needs an extra and a C compiler; `statistical` is that
    of `alignment/`; `auto` is eflomal where it is installed."""
    symmetrization: Literal["intersection", "union", "grow-diag", "grow-diag-final-and"] = (
        "intersection"
    )
    """Of eflomal's two directions; the statistical aligner trains them to agree."""
    relative_iterations: float = Field(1.0, gt=0.0)
    """Of eflomal, times its own choice."""

    def chosen(self) -> Literal["eflomal", "statistical"]:
        """The aligner that `auto` stands for on this machine."""
        if self.aligner != "auto":
            return self.aligner
        return "eflomal" if importlib.util.find_spec("eflomal") else "statistical"

    def identity(self) -> dict[str, object]:
        """What decides the links, for a fingerprint."""
        if self.chosen() == "statistical":
            return {"aligner": "statistical"}
        return self.model_dump(include={"symmetrization", "relative_iterations"})


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


def make_subwords(
    shards: Sequence[ShardRef],
    tags: Sequence[str],
    run: Path,
    config: SubwordConfig,
    taken: Path | None = None,
) -> Path:
    """A joint SentencePiece model of the clean bitext, or a copy of `taken`, in the run's folder.

    `tags` are the languages (BCP 47) that have a tag among its pieces.
    """
    path = run / SUBWORDS_STEP / "subwords.model"
    source = _checksums(shards) if taken is None else ["taken", file_hash(taken)]
    made_from = fingerprint(["subwords", 1, tags, config, source])
    if not is_made(path, made_from):
        if taken is None:
            train_subwords(_texts(shards), tags, path, config)
        else:
            take_subwords(taken, tags, path, config)
        note_made(path, made_from)
    return path


def is_made(path: Path, made_from: str) -> bool:
    """Whether the file or folder `path` was made under this fingerprint and is unchanged."""
    try:
        record = json.loads(_record(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return (
        isinstance(record, dict)
        and record.get("fingerprint") == made_from
        and path.exists()
        and record.get("checksum") == path_hash(path)
    )


def note_made(path: Path, made_from: str) -> None:
    """Put on record beside `path` what it was made from."""
    record = {"fingerprint": made_from, "checksum": path_hash(path)}
    write_text(_record(path), json.dumps(record, indent=1) + "\n")


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _checksums(shards: Sequence[ShardRef]) -> list[str]:
    return [sidecar_of(shard).checksum for shard in shards]


def _texts(shards: Sequence[ShardRef]) -> Iterator[str]:
    for shard in shards:
        for batch in read_batches(shard):
            for column in ("source", "target"):
                yield from batch.column(column).to_pylist()


def word_offsets(text: str) -> tuple[tuple[int, int], ...]:
    """Half-open code point offsets of the words that links count."""
    return split_words(text).offsets


def align_bitext(
    shards: Sequence[ShardRef], run: Path, config: AlignmentConfig | None
) -> list[ShardRef]:
    """Add word links: shard i of the next step is shard i aligned.

    The shards of a target language are aligned together. Without a configuration no pair gets any
    links.
    """
    together: dict[str, list[ShardRef]] = {}
    for shard in shards:
        together.setdefault(_target_of(shard), []).append(shard)
    for group in together.values():
        _align_together(group, run, config)
    return [shard.next(ALIGN_STEP) for shard in shards]


def _target_of(shard: ShardRef) -> str:
    """The target language of a shard; empty for an empty one."""
    first = next(iter(read_batches(shard)), None)
    return "" if first is None or not first.num_rows else first.column("target_lang")[0].as_py()


def _align_together(shards: Sequence[ShardRef], run: Path, config: AlignmentConfig | None) -> None:
    identity = None if config is None else config.identity()
    made_from = [
        fingerprint(["align", 1, identity, _checksums(shards), index])
        for index, _ in enumerate(shards)
    ]
    aligned = [shard.next(ALIGN_STEP) for shard in shards]
    if all(is_done(ref, mark) for ref, mark in zip(aligned, made_from, strict=True)):
        return
    with tempfile.TemporaryDirectory(dir=run, prefix=".align-") as folder:
        links: Iterator[list[int]] = itertools.repeat([])
        if config is not None:
            alignments = _align_words(_WordPairs(shards), Path(folder), config)
            links = (alignment.links.ravel().tolist() for alignment in alignments)
        for shard, ref, mark in zip(shards, aligned, made_from, strict=True):
            with ShardWriter(ref, mark, schema=ALIGNED_BITEXT_SCHEMA) as writer:
                for batch in read_batches(shard):
                    column = pa.array(
                        list(itertools.islice(links, batch.num_rows)), pa.list_(pa.int16())
                    )
                    writer.write(
                        pa.RecordBatch.from_arrays(
                            [*batch.columns, column], schema=ALIGNED_BITEXT_SCHEMA
                        ),
                        rows_in=batch.num_rows,
                    )


def _align_words(
    pairs: Iterable[WordPair], folder: Path, config: AlignmentConfig
) -> Iterator[WordAlignment]:
    """The links of all `pairs`, in order; `folder` is for working files."""
    if config.chosen() == "statistical":
        return align_corpus(pairs)
    aligner = EflomalAligner(config.symmetrization, config.relative_iterations)
    return aligner.align_corpus(pairs, folder)


class _WordPairs:
    """The pairs of all shards, in order, cut into words; to be gone through any number of times."""

    def __init__(self, shards: Sequence[ShardRef]) -> None:
        self._shards = shards

    def __iter__(self) -> Iterator[WordPair]:
        for shard in self._shards:
            for batch in read_batches(shard):
                sides = (batch.column(side).to_pylist() for side in ("source", "target"))
                for source, target in zip(*sides, strict=True):
                    yield split_pair(source, target)


HELD_OUT, IN_DEV, TOO_MANY_PIECES = "held-out", "in-dev", "too-many-pieces"
_HELD_OUT_SCHEMA = ALIGNED_BITEXT_SCHEMA.append(
    pa.field("drop_reason", pa.string(), nullable=False)
)


@dataclass(frozen=True, slots=True)
class DevPairs:
    """Sentence pairs to measure on while training; `name` is that of their corpus, `target` the
    language of `targets`."""

    name: str
    target: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


def read_dev(one: BitextSource, source: str, target: str, limit: int) -> DevPairs:
    """The dev corpus `one`, normalised as the training bitext is.

    Of a corpus with more than `limit` pairs, those are taken whose content hash is lowest: an
    even draw that another order of lines does not change.
    """
    target = one.target or target
    frames = [
        frame.select(normalise(pl.col("source")), normalise(pl.col("target")))
        for frame in _frames(one, source, target)
    ]
    rows = [row for row in pl.concat(frames).rows() if all(row)]
    if len(rows) > limit:
        rows = sorted(rows, key=lambda row: content_id(*row))[:limit]
    sources, targets = zip(*rows, strict=True) if rows else ((), ())
    return DevPairs(one.name or one.bitext().name, target, sources, targets)


def set_apart(
    shards: Sequence[ShardRef],
    run: Path,
    dev: Sequence[DevPairs],
    held_out: int,
    subwords: Path,
    max_pieces: int,
) -> tuple[ShardRef, list[DevPairs]]:
    """One shard of all pairs to train on, and the dev sets.

    Pairs with a sentence of a dev set, on either side, are not trained on, nor are those that
    `subwords`, a SentencePiece model, splits into more than `max_pieces` on either side, with a
    language tag and the end of the sentence. Without a dev set, about `held_out` pairs (at most a
    tenth) are taken from the bitext, with all pairs that share their source. What is left out is
    in `dropped/`, with the reason.
    """
    ref = ShardRef(run, EXAMPLES_STEP, 0)
    made_from = fingerprint(
        ["examples", 2, _checksums(shards), list(dev), held_out, file_hash(subwords), max_pieces]
    )
    if not is_done(ref, made_from):
        pieces = SentencePieceProcessor(model_file=str(subwords))
        total = sum(sidecar_of(shard).rows_out for shard in shards)
        share = 0.0 if dev else min(0.1, held_out / max(1, total))
        known = {text for one in dev for text in (*one.sources, *one.targets)}
        with ShardWriter(
            ref, made_from, schema=ALIGNED_BITEXT_SCHEMA, dropped_schema=_HELD_OUT_SCHEMA
        ) as writer:
            for shard in shards:
                for batch in read_batches(shard):
                    sides = [batch.column(side).to_pylist() for side in ("source", "target")]
                    longest = [
                        max(map(len, pair)) + 2  # a tag and the end of the sentence
                        for pair in zip(*map(pieces.encode, sides), strict=True)
                    ]
                    reasons = [
                        _left_out(source, target, known, share)
                        or (TOO_MANY_PIECES if length > max_pieces else "")
                        for source, target, length in zip(*sides, longest, strict=True)
                    ]
                    _write_examples(batch, writer, reasons)
    return ref, list(dev) or _held_out(ref, held_out)


def _left_out(source: str, target: str, known: Set[str], share: float) -> str:
    """Why a pair is measured on, or must not be trained on for what is measured."""
    if source in known or target in known:
        return IN_DEV
    return HELD_OUT if int(content_id(source), 16) < share * 2**64 else ""


def _write_examples(batch: pa.RecordBatch, writer: ShardWriter, reasons: Sequence[str]) -> None:
    out = pa.array([bool(r) for r in reasons])
    dropped = batch.append_column("drop_reason", pa.array(reasons, pa.string())).filter(out)
    writer.write(
        batch.filter(pc.invert(out)),
        dropped.cast(_HELD_OUT_SCHEMA),
        rows_in=batch.num_rows,
    )


def _held_out(ref: ShardRef, limit: int) -> list[DevPairs]:
    """What was held out, at most `limit` pairs of each target language."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for batch in read_dropped(ref):
        for row in batch.to_pylist():
            if row["drop_reason"] == HELD_OUT:
                pairs.setdefault(row["target_lang"], []).append((row["source"], row["target"]))
    return [
        DevPairs(HELD_OUT, language, *zip(*rows[:limit], strict=True))
        for language, rows in sorted(pairs.items())
    ]
