"""The queue of a review: which rows people are to look at, in which order, and how each was drawn.

Two ways of drawing are joined: the most doubtful rows, all of them, and a share of the others at
random. The random rows are spread evenly among the doubtful ones, in random order, so that those
seen by a reviewer who stops early are a random sample still.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augmentation.review.doubt import doubts
from augmentation.translate_train.runs import FinishedRun
from corpora.batches import batch_to_rows, rows_to_batch
from corpora.choices import Task
from corpora.errors import UserError
from corpora.records import Row
from corpora.schema import ROW_SCHEMA, SCORES_TYPE
from corpora.shards import ShardRef, read_batches, read_dropped
from corpora.storage import refuse_links, replacing

Draw = Literal["least-sure", "random", "dropped"]
"""How a row came into the queue."""
_FIELDS = (
    pa.field("drawn", pa.string(), nullable=False),
    pa.field("probability", pa.float64(), nullable=False),
    pa.field("doubt", pa.float64(), nullable=False),
    pa.field("signals", SCORES_TYPE, nullable=False),
    pa.field("reason", pa.string(), nullable=False),
)
QUEUE_SCHEMA = pa.schema([*ROW_SCHEMA, *_FIELDS])
_AGAIN = "export the queue again"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A row to be reviewed."""

    row: Row
    drawn: Draw
    probability: float
    """With which the row was drawn, of those that could be drawn like it; it counts for
    1 / probability rows."""
    doubt: float
    signals: Mapping[str, float]
    """What the doubt comes from; see `augmentation.review.doubt`."""
    reason: str = ""
    """Why the row was dropped, where it was."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A review of a run: its items in the order to look at them."""

    run: str
    target: str
    task: Task
    rows: int
    """Rows of the run."""
    dropped: int
    """Dropped rows that could be drawn: those with a translation."""
    span_labels: tuple[str, ...]
    labels: tuple[str, ...]
    """Every label that rows of the run have."""
    seed: int
    items: tuple[QueueItem, ...]

    def drawn(self, how: Draw) -> list[QueueItem]:
        """The items that were drawn as `how` says."""
        return [item for item in self.items if item.drawn == how]

    def save(self, path: Path) -> None:
        """Write the queue to `path`, an Arrow file."""
        table = pa.Table.from_batches([rows_to_batch([item.row for item in self.items])])
        for field in _FIELDS:
            values: list[Any] = [getattr(item, field.name) for item in self.items]
            if field.name == "signals":
                values = [list(value.items()) for value in values]
            table = table.append_column(field, pa.array(values, field.type))
        facts = {k: v for k, v in asdict(replace(self, items=())).items() if k != "items"}
        table = table.replace_schema_metadata({"queue": json.dumps(facts)})
        with (
            replacing(path) as temporary,
            pa.OSFile(str(temporary), "wb") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)

    @classmethod
    def load(cls, path: Path) -> Queue:
        """The queue in the file `path`; raises `UserError` where there is none or it is damaged."""
        if not path.is_file():
            raise UserError(
                "nothing of this run was exported for review in this language", file=path
            )
        refuse_links(path.parent)
        try:
            with pa.memory_map(str(path)) as file:
                table = pa.ipc.open_file(file).read_all()
            table.validate(full=True)
            if not table.schema.equals(QUEUE_SCHEMA):
                raise ValueError("another schema")
            facts = json.loads((table.schema.metadata or {})[b"queue"])
            columns = [table.column(field.name).to_pylist() for field in _FIELDS]
            facts |= {name: tuple(facts[name]) for name in ("span_labels", "labels")}
            items = tuple(
                QueueItem(row, drawn, probability, doubt, dict(signals), reason)
                for row, drawn, probability, doubt, signals, reason in zip(
                    batch_to_rows(table.select(ROW_SCHEMA.names)), *columns, strict=True
                )
            )
            return cls(**facts, items=items)
        except (pa.ArrowInvalid, OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"damaged; {_AGAIN}", file=path) from error


def draw_queue(
    run: FinishedRun, target: str, *, least_sure: int, at_random: int | None, dropped: bool
) -> Queue:
    """The queue of the `least_sure` most doubtful rows of `run` in `target` and of rows drawn
    `at_random` from the others (None is a quarter as many, and no fewer than 30).

    With `dropped` there are also as many rows that the run dropped, drawn at random, if they have a
    translation. The run's seed decides. Raises `UserError` for a shard that is missing or damaged.
    """
    shards, seed = run.shards(target), run.config.seed
    task = run.config.task
    doubt = _all_doubts(shards, lost_spans=task == "tokens")
    order = np.argsort(-doubt, kind="stable").tolist()
    doubtful, others = order[:least_sure], sorted(order[least_sure:])
    wanted = max(30, least_sure // 4) if at_random is None else at_random
    rng = random.Random(seed)
    sample = rng.sample(others, min(wanted, len(others)))
    share = len(sample) / len(others) if others else 1.0
    picked = _take(shards, read_batches, {*doubtful, *sample}, task)
    spread = _spread(
        [replace(picked[number], drawn="least-sure") for number in doubtful],
        [replace(picked[number], drawn="random", probability=share) for number in sample],
    )
    refs = run.dropping_shards(target) if dropped else []
    translated = _translated(refs)
    chosen = rng.sample(translated, min(least_sure, len(translated)))
    rejected = _take(refs, read_dropped, set(chosen), task)
    share = len(chosen) / len(translated) if translated else 1.0
    spread += [replace(rejected[number], drawn="dropped", probability=share) for number in chosen]
    span_labels, labels = _labels(shards, refs)
    return Queue(
        *(run.folder.name, target, task, len(doubt), len(translated)),
        *(tuple(span_labels), tuple(labels), seed, tuple(spread)),
    )


Read = Callable[[ShardRef], Iterator[pa.RecordBatch]]


def _all_doubts(shards: Sequence[ShardRef], *, lost_spans: bool) -> Any:
    parts = [
        doubts(batch, lost_spans=lost_spans)[0] for ref in shards for batch in read_batches(ref)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _translated(refs: Sequence[ShardRef]) -> list[int]:
    """The numbers of the dropped rows of `refs` that have a translation, not all of it blank."""
    numbers: list[int] = []
    at = 0
    for ref in refs:
        for batch in read_dropped(ref):
            some = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(batch.column("text"))), 0)
            usable = pc.and_(batch.column("source_id").is_valid(), some)
            numbers += (np.flatnonzero(usable.to_numpy(zero_copy_only=False)) + at).tolist()
            at += batch.num_rows
    return numbers


def _take(
    refs: Sequence[ShardRef], read: Read, numbers: set[int], task: Task
) -> dict[int, QueueItem]:
    """The rows with `numbers`, which count the rows of all shards, as items drawn for certain."""
    taken: dict[int, QueueItem] = {}
    wanted, at = np.array(sorted(numbers), np.int64), 0
    for ref in refs:
        for batch in read(ref):
            here = wanted[(wanted >= at) & (wanted < at + batch.num_rows)]
            part = batch.take(pa.array(here - at))
            if len(here):
                doubt, signals = doubts(part, lost_spans=task == "tokens")
                reasons = _reasons(part)
                for i, row in enumerate(batch_to_rows(part)):
                    values = {name: float(signal[i]) for name, signal in signals.items()}
                    taken[int(here[i])] = QueueItem(
                        row, "least-sure", 1.0, float(doubt[i]), values, reasons[i]
                    )
            at += batch.num_rows
    return taken


def _reasons(batch: pa.RecordBatch) -> list[str]:
    if "drop_reason" not in batch.schema.names:
        return [""] * batch.num_rows
    names = ("drop_reason", "drop_detail")
    pairs = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
    return [f"{reason} {detail}".strip() for reason, detail in pairs]


def _spread(doubtful: list[QueueItem], sample: list[QueueItem]) -> list[QueueItem]:
    """Both in their order, the rows of `sample` at even distances."""
    places = [((i + 1) / (len(doubtful) + 1), 0, i, item) for i, item in enumerate(doubtful)]
    places += [((i + 1) / (len(sample) + 1), 1, i, item) for i, item in enumerate(sample)]
    return [item for *_, item in sorted(places, key=lambda place: place[:3])]


def _labels(
    shards: Sequence[ShardRef], dropping: Sequence[ShardRef]
) -> tuple[list[str], list[str]]:
    """The labels of spans and of rows in `shards`, in what they were made from, and in the rows
    that the shards `dropping` dropped."""
    of_spans: set[str] = set()
    of_rows: set[str] = set()
    batches = chain(
        (batch for ref in shards for batch in read_batches(ref)),
        (batch for ref in dropping for batch in read_dropped(ref)),
    )
    for batch in batches:
        for name in ("spans", "source_spans"):
            of_spans.update(batch.column(name).flatten().field("label").unique().to_pylist())
        of_rows.update(batch.column("label").unique().drop_null().to_pylist())
    return sorted(of_spans), sorted(of_rows)
