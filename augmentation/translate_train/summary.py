"""The counts of a run, added up from the sidecars of its shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from augmentation.pipeline.shards import read_facts
from augmentation.reporting.labels import LabelCounts
from augmentation.translate_train.layout import (
    INGEST,
    SEGMENT,
    filter_step,
    project_step,
    translate_step,
)
from corpora.shards import list_shards, read_sidecar


@dataclass(slots=True)
class TargetSummary:
    """One target language; rows in are the rows kept and the rows dropped."""

    target: str
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Rows by reason, those dropped on reading included."""
    segments: int = 0
    remembered: int = 0
    """Segments found in the translation memory."""
    by_hand: int = 0
    """Segments that a person translated, in a review."""
    spans: Counter[str] = field(default_factory=Counter)
    """Source spans by label, of rows that were read."""
    placed: Counter[str] = field(default_factory=Counter)
    """Spans by label in rows that were kept."""
    lost: dict[str, Counter[str]] = field(default_factory=dict)
    """Label to reason to count."""
    retranslated: int = 0
    """Rows that took another translation because their spans could be placed in it."""

    @property
    def labels(self) -> LabelCounts:
        """Its spans by label."""
        return LabelCounts(self.spans, self.placed, self.lost)


@dataclass(slots=True)
class RunSummary:
    """A whole run."""

    rows_in: int = 0
    shards: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    """What `--on-error repair` repaired."""
    targets: list[TargetSummary] = field(default_factory=list)
    step_seconds: dict[str, float] = field(default_factory=dict)
    """Work by step, added up over shards, which overlap in time."""


def summarize(run: Path, targets: Sequence[str]) -> RunSummary:
    """Add up the sidecars of the run to `targets` in the folder `run`, which is done."""
    summary = RunSummary()
    read_dropped: Counter[str] = Counter()
    for ref in list_shards(run, INGEST):
        sidecar = read_sidecar(ref)
        if sidecar is not None:
            summary.shards += 1
            summary.rows_in += sidecar.rows_in or 0
            read_dropped.update(sidecar.drop_reasons)
            summary.repaired.update(read_facts(ref).get("repaired", {}))
    _add_seconds(summary, run, INGEST, "ingest")
    _add_seconds(summary, run, SEGMENT, "segment")
    for target in targets:
        summary.targets.append(_summarize_target(run, target, read_dropped, summary))
    return summary


def _add_seconds(summary: RunSummary, run: Path, step: str, name: str) -> None:
    sidecars = (read_sidecar(ref) for ref in list_shards(run, step))
    seconds = sum(sidecar.seconds for sidecar in sidecars if sidecar is not None)
    summary.step_seconds[name] = summary.step_seconds.get(name, 0.0) + seconds


def _summarize_target(
    run: Path, target: str, read_dropped: Counter[str], summary: RunSummary
) -> TargetSummary:
    of_target = TargetSummary(target, dropped=Counter(read_dropped))
    for ref in list_shards(run, translate_step(target)):
        facts = read_facts(ref)
        of_target.remembered += facts.get("remembered", 0)
        of_target.by_hand += facts.get("by_hand", 0)
        of_target.segments += sum(
            facts.get(name, 0) for name in ("remembered", "translated", "by_hand")
        )
    for ref in list_shards(run, project_step(target)):
        sidecar, facts = read_sidecar(ref), read_facts(ref)
        of_target.dropped.update({} if sidecar is None else sidecar.drop_reasons)
        of_target.spans.update(facts.get("spans", {}))
        of_target.placed.update(facts.get("placed", {}))
        of_target.retranslated += facts.get("retranslated", 0)
        for label, reasons in facts.get("lost", {}).items():
            of_target.lost.setdefault(label, Counter()).update(reasons)
    for ref in list_shards(run, filter_step(target)):
        sidecar = read_sidecar(ref)
        if sidecar is not None:
            of_target.dropped.update(sidecar.drop_reasons)
            of_target.kept += sidecar.rows_out
        for label, reasons in read_facts(ref).get("lost", {}).items():
            of_target.lost.setdefault(label, Counter()).update(reasons)
            of_target.placed[label] -= sum(reasons.values())
    for name, step in (
        ("translate", translate_step(target)),
        ("project", project_step(target)),
        ("filter", filter_step(target)),
    ):
        _add_seconds(summary, run, step, name)
    return of_target
