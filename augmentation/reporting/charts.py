"""Charts as data: lengths and heights in percent, which a page draws at any width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from augmentation.reporting.page import grouped

Tone = Literal["plain", "bad", "baseline", "best"]


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of an axis, `position` percent along it."""

    position: float
    label: str


@dataclass(frozen=True, slots=True)
class Whisker:
    """A line over a bar's end, from `start` to `end` percent of the axis."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """From end to end, in percent of the axis."""
        return round(self.end - self.start, 2)


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar, `length` percent of the axis long, between its label and its value."""

    label: str
    value: str
    length: float
    tone: Tone = "plain"
    whisker: Whisker | None = None


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars under each other; `ticks` is empty where values alone are enough."""

    title: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """A bin of a histogram, `height` percent of the highest; `note` says what it holds."""

    height: float
    note: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bins of equal width beside each other; `summary` says in words what they show."""

    title: str
    summary: str
    bins: tuple[HistogramBin, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A score to draw, in percent, with its standard deviation where there is one."""

    label: str
    value: str
    """The score as it is written."""
    mean: float
    deviation: float | None


def count_bars(title: str, counts: Counter[str]) -> BarChart:
    """A chart called `title` with a bar for each of `counts`, the highest count first."""
    highest = max(counts.values(), default=1)
    bars = (
        Bar(label, grouped(count), max(1.0, round(100 * count / highest, 2)), "bad")
        for label, count in counts.most_common()
    )
    return BarChart(title, tuple(bars))


def score_bars(title: str, scores: Sequence[Score], *, best: str, baseline: str) -> BarChart:
    """A chart called `title` with a bar for each of `scores` on an axis from 0 to 100.

    The scores labelled `best` and `baseline` stand out, `best` where it is both. A whisker reaches
    one standard deviation to either side of a mean.
    """
    bars = []
    for score in scores:
        tone: Tone = "plain"
        if score.label == best:
            tone = "best"
        elif score.label == baseline:
            tone = "baseline"
        whisker = None
        if score.deviation is not None:
            start, end = score.mean - score.deviation, score.mean + score.deviation
            whisker = Whisker(_on_axis(start), _on_axis(end))
        bars.append(Bar(score.label, score.value, _on_axis(score.mean), tone, whisker))
    ticks = tuple(Tick(value, str(value)) for value in range(0, 101, 20))
    return BarChart(title, tuple(bars), ticks)


def _on_axis(percent: float) -> float:
    return round(min(100.0, max(0.0, percent)), 2)


def log_histogram(
    title: str, counts: Sequence[int], edges: Sequence[float], ticks: Sequence[float]
) -> Histogram:
    """A histogram called `title` on a logarithmic axis.

    `counts` holds the rows of every bin and `edges`, one longer, the limits of the bins, which are
    evenly spaced on that axis; `ticks` are the values to write below it.
    """
    highest = max(1, *counts)
    fullest = int(np.argmax(counts))
    bins = tuple(
        HistogramBin(round(100 * count / highest, 2), f"{low:.2f} to {high:.2f}, rows: {count}")
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    )
    summary = (
        f"Highest bar: {grouped(counts[fullest])} of {grouped(sum(counts))} rows, between "
        f"{edges[fullest]:.2f} and {edges[fullest + 1]:.2f}. The outermost bars include all beyond."
        if any(counts)
        else "There are no rows."
    )
    positions = np.log(np.divide(ticks, edges[0])) / np.log(edges[-1] / edges[0])
    labels = tuple(
        Tick(round(100 * float(position), 2), f"{value:g}")
        for position, value in zip(positions, ticks, strict=True)
    )
    return Histogram(title, summary, bins, labels)
