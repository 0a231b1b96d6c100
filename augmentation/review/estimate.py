"""How many rows are wrong among those that nobody reviewed, estimated from the random share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from augmentation.review.corrections import Correction
from augmentation.review.queue import Draw, Queue

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its 95 % confidence interval."""

    rate: float
    low: float
    high: float
    reviewed: int
    """Rows that it comes from."""
    rows: int
    """Rows that it is about."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a review says of a run; None where too little was reviewed to say it."""

    rest: Estimate | None
    """Rows that are wrong among those that were not drawn as doubtful."""
    rest_labels: Estimate | None
    """Rows with a wrong label or span among them."""
    run: Estimate | None
    """Rows that were wrong in the whole run, before the review."""
    rescued: Estimate | None
    """Dropped rows that people took in, among all that have a translation."""
    open: int
    """Doubtful rows that nobody reviewed; none of the estimates is about them."""


def proportion(wrong: int, reviewed: int, rows: int) -> Estimate | None:
    """How many of `rows` are wrong, if `wrong` are of the `reviewed` ones, which are a random
    sample of them; None without any.

    Each row reviewed counts for `rows` / `reviewed` rows, the inverse of the probability with which
    it was drawn (Horvitz and Thompson 1952, "A Generalization of Sampling Without Replacement from
    a Finite Universe"). The interval is that of Clopper and Pearson (1934, "The Use of Confidence
    or Fiducial Limits"), which holds for few errors, or none, too; it does not use that the rows
    are finite, so it is a little wide, but where all were reviewed nothing is uncertain.
    """
    if not reviewed:
        return None
    rate = wrong / reviewed
    if reviewed >= rows:
        return Estimate(rate, rate, rate, reviewed, rows)
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, wrong, reviewed - wrong + 1)) if wrong else 0.0
    high = 1.0
    if wrong < reviewed:
        high = float(beta.ppf(1 - tail, wrong + 1, reviewed - wrong))
    return Estimate(rate, low, high, reviewed, rows)


def estimate(queue: Queue, corrections: Sequence[Correction]) -> Estimates:
    """What `corrections`, all those of `queue`, say of the rows that nobody reviewed.

    The queue shows random rows in random order, so those reviewed are a random sample even where a
    reviewer stopped early. Who picks rows to review by what is in them makes it untrue.
    """

    def count(how: Draw, wrong: Callable[[Correction], bool]) -> tuple[int, int]:
        reviewed = [c for c in corrections if c.item.drawn == how]
        return sum(map(wrong, reviewed)), len(reviewed)

    doubtful = len(queue.drawn("least-sure"))
    others = queue.rows - doubtful
    wrong_doubtful, seen = count("least-sure", lambda c: c.is_error)
    rest = proportion(*count("random", lambda c: c.is_error), others)
    labels = proportion(*count("random", lambda c: c.relabelled), others)
    rescued = proportion(*count("dropped", lambda c: c.row is not None), queue.dropped)
    whole = None
    if seen == doubtful and (rest is not None or not others):
        shares = [0.0] * 3 if rest is None else [rest.rate, rest.low, rest.high]
        rates = [(wrong_doubtful + share * others) / max(1, queue.rows) for share in shares]
        reviewed = seen + (0 if rest is None else rest.reviewed)
        whole = Estimate(rates[0], rates[1], rates[2], reviewed, queue.rows)
    return Estimates(rest, labels, whole, rescued, doubtful - seen)
