"""Paired significance tests: is the difference of two systems more than chance?

Both tests compare the systems on the same items. A system may be several runs
(seeds); its value is then the mean of the runs', and all runs of an item are drawn, or swapped,
together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from corpora.choices import SignificanceTest
from corpora.errors import UserError
from scoring.measures import Counts, Measure

Method = SignificanceTest
METHODS: tuple[Method, ...] = get_args(Method)
_CELLS = 4_000_000
"""Most numbers in a block of resamples, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class SignificanceOptions:
    """How a system is tested against a baseline; see `compare_measures`.

    Raises `UserError` for a method that does not exist and for no samples.
    """

    method: Method = "bootstrap"
    samples: int = 1000
    """Resamples of the items."""
    seed: int = 0
    """Of the random numbers; sacreBLEU's tests of texts have SACREBLEU_SEED instead."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UserError(f"no significance test {self.method!r}", choices=METHODS)
        if self.samples < 1:
            raise UserError(f"a significance test needs samples, not {self.samples}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A system against a baseline in one metric, in percent.

    `p_value` is two-sided; `interval` is the 95 % bootstrap interval of the difference, where the
    method gives one.
    """

    name: str
    baseline: float
    value: float
    p_value: float
    interval: tuple[float, float] | None
    signature: str

    @property
    def difference(self) -> float:
        """The system's value less the baseline's."""
        return self.value - self.baseline


def compare_measures(
    baseline: Sequence[Measure],
    system: Sequence[Measure],
    *,
    method: Method = "bootstrap",
    samples: int = 1000,
    seed: int = 0,
    groups: Sequence[str] | None = None,
) -> Comparison:
    """`system` against `baseline`, one measure per run, over the same items in the same order.

    The `method` is one of two, each with `samples` resamples and random numbers from `seed`:
    `bootstrap`: items are drawn with replacement (Koehn, 2004), and p is how often the difference
    is as far from its mean as the observed one is from zero (Riezler and Maxwell, 2005).
    `randomization`: the two systems' answers to an item are swapped at random (Noreen, 1989), and
    p is how often the difference is then at least as large as the observed one.
    `groups` has a name for every item; items of the same group (questions on one paragraph) are
    drawn or swapped together. Raises `ValueError` for measures over different items.
    """
    sizes = {len(measure.counts) for measure in (*baseline, *system)}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"the systems answer different numbers of items: {sorted(sizes)}")
    rng = np.random.default_rng(seed)
    before = _System(baseline, groups)
    after = _System(system, groups)
    old, new = before.value(), after.value()
    interval = None
    if method == "bootstrap":
        differences = _bootstrap(before, after, samples, rng)
        centred = np.abs(differences - differences.mean())
        low, high = np.percentile(differences, [2.5, 97.5])
        interval = (float(low), float(high))
    else:
        centred = np.abs(_randomization(before, after, samples, rng))
    # The tolerance keeps rounding from making equal differences unequal.
    extreme = int((centred >= abs(new - old) - 1e-9).sum())
    options = f"test:{method}|samples:{samples}|seed:{seed}|runs:{len(baseline)}+{len(system)}"
    if groups is not None:
        options += f"|groups:{before.items}"
    return Comparison(
        system[0].name,
        old,
        new,
        (extreme + 1) / (samples + 1),
        interval,
        f"{system[0].signature}|{options}",
    )


def confidence_interval(
    measure: Measure, *, samples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % bootstrap interval (percentiles) of `measure` over its items, in percent.

    It draws `samples` resamples, with random numbers from `seed`.
    """
    system = _System([measure], None)
    rng = np.random.default_rng(seed)
    values = np.concatenate(
        [
            system.value_of(system.totals(draws))
            for draws in _draws(system.items, samples, system.width, rng)
        ]
    )
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


class _System:
    """Runs of one system: counts of shape (groups of items, k) for each run."""

    def __init__(self, runs: Sequence[Measure], groups: Sequence[str] | None) -> None:
        self._runs = runs
        self.counts = [_by_group(run.counts, groups) for run in runs]
        self.items = len(self.counts[0])
        self.width = max(counts.shape[1] for counts in self.counts)

    def value(self) -> float:
        return float(self.value_of([counts.sum(axis=0) for counts in self.counts]))

    def totals(self, weights: Counts) -> list[Counts]:
        """Sums of counts by run, for weights of shape (samples, groups of items)."""
        return [weights @ counts for counts in self.counts]

    def value_of(self, totals: Sequence[Counts]) -> NDArray[np.float64]:
        values = [run.value(sums) for run, sums in zip(self._runs, totals, strict=True)]
        return np.mean(values, axis=0)  # type: ignore[no-any-return]


def _by_group(counts: Counts, groups: Sequence[str] | None) -> Counts:
    if groups is None:
        return counts
    if len(groups) != len(counts):
        raise ValueError(f"{len(groups)} groups for {len(counts)} items")
    index = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    out = np.zeros((len(index), counts.shape[1]))
    np.add.at(out, [index[group] for group in groups], counts)
    return out


def _bootstrap(
    before: _System, after: _System, samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    return np.concatenate(
        [
            after.value_of(after.totals(draws)) - before.value_of(before.totals(draws))
            for draws in _draws(before.items, samples, before.width, rng)
        ]
    )


def _draws(
    items: int, samples: int, width: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """How often each item is drawn, in blocks of shape (some samples, items)."""
    for size in _blocks(items, samples, width):
        chosen = rng.integers(0, items, (size, items))
        rows = np.repeat(np.arange(size), items)
        flat = np.bincount(rows * items + chosen.ravel(), minlength=size * items)
        yield flat.reshape(size, items).astype(np.float64)


def _randomization(
    before: _System, after: _System, samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    if len(before.counts) != len(after.counts):
        raise ValueError("approximate randomization swaps runs: both systems need the same number")
    _check_same_columns(before, after)
    differences = []
    for size in _blocks(before.items, samples, before.width):
        swapped = rng.integers(0, 2, (size, before.items)).astype(np.float64)
        kept = 1 - swapped
        mixed_after, mixed_before = [], []
        for old, new in zip(before.counts, after.counts, strict=True):
            mixed_after.append(kept @ new + swapped @ old)
            mixed_before.append(kept @ old + swapped @ new)
        differences.append(after.value_of(mixed_after) - before.value_of(mixed_before))
    return np.concatenate(differences)


def _check_same_columns(before: _System, after: _System) -> None:
    widths = {c.shape[1] for c in (*before.counts, *after.counts)}
    if len(widths) != 1:
        raise ValueError("the systems are counted in different columns: give both the same labels")


def _blocks(items: int, samples: int, width: int) -> list[int]:
    size = max(1, min(samples, _CELLS // max(items, width)))
    return [min(size, samples - start) for start in range(0, samples, size)]
