"""`report.html`: one file that shows what a run did, with nothing loaded from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from augmentation.reporting.charts import BarChart, Histogram, count_bars, log_histogram
from augmentation.reporting.labels import LABEL_CHARS
from augmentation.reporting.page import grouped, render
from augmentation.reporting.pairs import PairList, pair_list
from augmentation.reporting.palette import Palette
from augmentation.reporting.samples import least_confident, sample_dropped, sample_rows, slowest
from augmentation.reporting.tables import Column, Table
from augmentation.translate_train.layout import (
    all_steps,
    dropping_steps,
    filter_step,
    labels_path,
    report_path,
    translate_step,
)
from augmentation.translate_train.setup import TranslateTrainSetup
from augmentation.translate_train.summary import RunSummary, TargetSummary, summarize
from corpora.readers.inputs import input_name
from corpora.records import DroppedRow
from corpora.shards import ShardRef, list_shards, read_batches, read_sidecar, sidecar_of
from corpora.storage import write_text
from corpora.text.shortened import shortened

PAIRS, LEAST, SLOWEST, DROPPED_PER_REASON = 20, 10, 8, 4
"""How many rows (or shards, of the slowest) each part of the page shows at most."""

BEGINNING = 120
"""Characters shown of the texts of the slowest rows, which may have 100,000."""

_RATIO_BINS = np.geomspace(0.25, 4.0, 33)
_RATIO_TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Card:
    """A number that stands out, and what it counts."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class SpanRow:
    """What was projected of the spans with one label; `hue` is the label's colour in degrees."""

    label: str
    hue: int
    in_source: int
    projected: int
    reasons: str
    """Why the others were lost, with counts."""

    @property
    def share(self) -> str:
        """The share projected, in percent."""
        return f"{100 * self.projected / self.in_source:.1f}"


@dataclass(frozen=True, slots=True)
class TargetView:
    """What the page shows of one target language."""

    heading: str
    cards: tuple[Card, ...]
    dropped: BarChart
    ratios: Histogram
    spans: tuple[SpanRow, ...]
    more_labels: str
    """What is to say of the labels that are not among `spans`."""
    samples: tuple[PairList, ...]
    slowest: Table
    dropped_rows: PairList


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the page shows."""

    title: str
    heading: str
    subtitle: str
    targets: tuple[TargetView, ...]
    work: Table
    slowest_shards: Table


def write_report(setup: TranslateTrainSetup) -> None:
    """Write the report of the run that `setup` describes, once its rows have passed every step."""
    for target in summarize(setup.run, setup.targets).targets:
        target.labels.write(labels_path(setup.run, target.target))
    write_text(report_path(setup.run), render("translate_train.html.j2", report_view(setup)))


def report_view(setup: TranslateTrainSetup) -> ReportView:
    """What the report of the run that `setup` describes shows, read from the run's folder."""
    config, translation = setup.config, setup.translation
    summary = summarize(setup.run, setup.targets)
    projected = f", spans projected by {translation.projector}" if translation.projector else ""
    return ReportView(
        title=f"{config.run_name}: translate-train",
        heading=config.run_name,
        subtitle=f"{input_name(config.input)} ({config.task}), {config.source} to "
        f"{', '.join(config.targets)}, by {translation.models.name}{projected}",
        targets=tuple(_target(setup, target) for target in summary.targets),
        work=_work(summary),
        slowest_shards=_slowest_shards(setup),
    )


def _target(setup: TranslateTrainSetup, target: TargetSummary) -> TargetView:
    refs = list_shards(setup.run, filter_step(target.target))
    palette = Palette(label for label, _ in target.spans.most_common())
    more_labels = target.labels.rest(labels_path(setup.run, target.target).name)
    return TargetView(
        heading=f"{setup.config.source} to {target.target}",
        cards=tuple(_cards(target)),
        dropped=count_bars("Rows dropped, by reason", target.dropped),
        ratios=_length_ratios(refs),
        spans=tuple(_span_rows(target, palette)),
        more_labels=more_labels,
        samples=tuple(_samples(refs, setup.config.seed, palette, with_spans=bool(target.spans))),
        slowest=_slowest_rows(setup, target, refs),
        dropped_rows=_dropped_rows(setup, target, palette),
    )


def _cards(target: TargetSummary) -> list[Card]:
    dropped = target.dropped.total()
    cards = [
        Card(grouped(target.kept + dropped), "rows in"),
        Card(grouped(target.kept), "kept"),
        Card(grouped(dropped), "dropped"),
        Card(grouped(target.segments), "unique segments"),
        Card(grouped(target.remembered), "from translation memory"),
    ]
    if target.spans:
        share = target.placed.total() / target.spans.total()
        cards.append(Card(f"{100 * share:.1f}\u202f%", "spans projected"))
    return cards


def _length_ratios(refs: Sequence[ShardRef]) -> Histogram:
    """Length ratios in characters."""
    counts = np.zeros(len(_RATIO_BINS) - 1, np.int64)
    for ref in refs:
        for batch in read_batches(ref):
            target = pc.utf8_length(batch.column("text")).to_numpy(zero_copy_only=False)
            source = pc.utf8_length(batch.column("source_text")).to_numpy(zero_copy_only=False)
            ratios = target / np.maximum(source, 1)
            inside = np.clip(ratios, _RATIO_BINS[0], _RATIO_BINS[-1] * 0.999)
            counts += np.histogram(inside, _RATIO_BINS)[0]
    title = "Translation length relative to the source (characters)"
    return log_histogram(title, counts.tolist(), _RATIO_BINS.tolist(), _RATIO_TICKS)


def _span_rows(target: TargetSummary, palette: Palette) -> list[SpanRow]:
    """The most frequent labels, those that lose the largest share first."""

    def share_then_count(label: str) -> tuple[float, int]:
        return target.placed[label] / target.spans[label], -target.spans[label]

    rows = []
    for label in sorted(target.labels.most_frequent(), key=share_then_count):
        lost = target.lost.get(label, Counter()).most_common()
        reasons = ", ".join(f"{reason} {count}" for reason, count in lost)
        projected = target.placed[label]
        name = shortened(label, LABEL_CHARS)
        rows.append(SpanRow(name, palette.hue(label), target.spans[label], projected, reasons))
    return rows


def _samples(
    refs: Sequence[ShardRef], seed: int, palette: Palette, *, with_spans: bool
) -> list[PairList]:
    pairs = [(row, "") for row in sample_rows(refs, PAIRS, seed)]
    lists = [pair_list("Pairs picked at random", pairs, palette)]
    if with_spans:
        rows = least_confident(refs, LEAST, by_spans=True)
        pairs = [(row, f"confidence {value:.2f}") for value, row in rows]
        lists.append(pair_list("Rows with the least confident span", pairs, palette))
    rows = least_confident(refs, LEAST, by_spans=False)
    pairs = [(row, f"log-probability {value:.2f} per token") for value, row in rows]
    lists.append(pair_list("Rows with the least confident translation", pairs, palette))
    return lists


def _slowest_rows(
    setup: TranslateTrainSetup, target: TargetSummary, refs: Sequence[ShardRef]
) -> Table:
    step = translate_step(target.target)

    def seconds_of(ref: ShardRef) -> float:
        return sidecar_of(ShardRef(setup.run, step, ref.index)).seconds

    rows = []
    for seconds, row in slowest(refs, seconds_of, SLOWEST):
        text = row.provenance.source_text if row.provenance else ""
        cells = (shortened(text, BEGINNING), shortened(row.id, BEGINNING), f"{seconds:.3f}")
        rows.append(cells)
    columns = (Column("text", "text"), Column("row", "name"), Column("seconds"))
    return Table(f"The slowest rows to {target.target}", columns, tuple(rows))


def _dropped_rows(setup: TranslateTrainSetup, target: TargetSummary, palette: Palette) -> PairList:
    """A few rows for each reason."""
    by_reason: dict[str, list[DroppedRow]] = {}
    for step in dropping_steps(target.target):
        refs = [ref for ref in list_shards(setup.run, step) if ref.dropped_path.is_file()]
        for dropped in sample_dropped(refs, 50 * DROPPED_PER_REASON, setup.config.seed):
            by_reason.setdefault(dropped.reason, []).append(dropped)
    rows = [
        (dropped.row, f"{reason}: {dropped.detail}" if dropped.detail else reason)
        for reason in target.dropped
        for dropped in by_reason.get(reason, [])[:DROPPED_PER_REASON]
    ]
    return pair_list("Examples of dropped rows", rows, palette)


def _work(summary: RunSummary) -> Table:
    rows = ((name, f"{seconds:.1f}") for name, seconds in summary.step_seconds.items())
    caption = "Work by step, over all shards (they overlap in time)"
    return Table(caption, (Column("step", "name"), Column("seconds of work")), tuple(rows))


def _slowest_shards(setup: TranslateTrainSetup) -> Table:
    shards: list[tuple[float, str, int]] = []
    for step in all_steps(setup.config.targets):
        for ref in list_shards(setup.run, step):
            sidecar = read_sidecar(ref)
            if sidecar is not None:
                shards.append((sidecar.seconds, f"{step}/{ref.path.name}", sidecar.rows_out))
    rows = (
        (name, f"{seconds:.1f}", str(count))
        for seconds, name, count in sorted(shards, reverse=True)[:SLOWEST]
    )
    columns = (Column("shard", "name"), Column("seconds"), Column("rows"))
    return Table("The slowest shards", columns, tuple(rows))
