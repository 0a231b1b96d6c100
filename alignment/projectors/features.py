"""What speaks for and against every candidate span of a batch, as one array.

A *job* is a source span to place; its *cells* are the target words of its row; a *candidate* is
a contiguous run of cells. All jobs of a batch are laid end to end, and every feature of a
candidate is a difference of two running sums or a look-up at its edges, so that a candidate costs
the same however long it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.distinct import distinct, groups
from alignment.projectors.lexicon import FREQUENCY_BINS, Lexicon, Shape
from alignment.protocol import Posteriors, WordPair

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ALIGNMENT_FEATURES = (
    "target_in",  # log-probabilities that the candidate's words come from the source span
    "target_out",  # ... that the other words do not
    "source_in",  # ... that the source span's words go into the candidate
    "source_out",  # ... that the other source words do not
    "unlinked",  # expected words of the candidate without any partner
    "first",  # evidence for the first word of the candidate, and for the last
    "last",
    "before",  # evidence against the word before the candidate, and against the one after
    "after",
    "holes",  # words of the candidate without evidence
    "edge_punctuation",
    "punctuation",  # difference in punctuation marks
    "words",  # squared log-ratio of the numbers of words
    "letters",  # squared log-ratio of the lengths in letters
    "alike",  # share of letters in words that look like the source's
    "same",  # the same words
    "acronym",
    "nowhere",  # the candidate "no span at all"
    "nowhere_length",
)
CORPUS_FEATURES = (
    "inside",  # how often these words are inside spans elsewhere: all, first, last
    "first_inside",
    "last_inside",
    "before_inside",
    "after_inside",
    "seen",  # the same source words became the same target words elsewhere
    "first_shape",  # how first and last words of spans are written, given the source's
    "last_shape",
    "first_frequency",
    "last_frequency",
    "first_word",  # how often this word is the first or last of spans elsewhere
    "last_word",
    "before_word",  # ... and the one before or after spans
    "after_word",
    "words_ratio",
)
FEATURES = ALIGNMENT_FEATURES + CORPUS_FEATURES
_COLUMN = {name: index for index, name in enumerate(FEATURES)}
_CORPUS_COLUMNS = slice(len(ALIGNMENT_FEATURES), len(FEATURES))

_FLOOR = 0.02
_HOLE = 0.1
_MOST_CANDIDATES = 500
_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Job:
    """A span to place: words [start, end) of row `row`, and its number among the row's spans."""

    row: int
    span: int
    start: int
    end: int


class Running:
    """Sums over runs of a flat array: `sums(start, end)` adds values[start:end]."""

    def __init__(self, values: Floats) -> None:
        self._total = np.zeros(len(values) + 1)
        np.cumsum(values, out=self._total[1:])

    def __call__(self, start: Ints, end: Ints) -> Floats:
        """The sum of every run [start, end)."""
        return self._total[end] - self._total[start]


class Hashes:
    """One number for every run of a flat sequence of numbers, equal for equal runs."""

    def __init__(self, numbers: Ints, places: Ints | None = None) -> None:
        count = len(numbers) + 1
        with np.errstate(over="ignore"):
            inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
            self._powers = _powers(_BASE, count)
            self._inverses = _powers(inverse, count)
            places = np.arange(len(numbers)) if places is None else places
            terms = _scrambled(numbers) * self._powers[places]
            self._total = np.concatenate(
                [np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)]
            )
        self._places = np.append(places, count - 1)

    def __call__(self, start: Ints, end: Ints) -> NDArray[np.uint64]:
        """The hash of every run [start, end)."""
        with np.errstate(over="ignore"):
            difference = self._total[end] - self._total[start]
            return np.asarray(difference * self._inverses[self._places[start]], dtype=np.uint64)


def _powers(base: np.uint64, count: int) -> NDArray[np.uint64]:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _scrambled(numbers: Ints) -> NDArray[np.uint64]:
    """Distinct numbers far apart (the finalizer of splitmix64), 0 for 0."""
    x = numbers.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Candidates:
    """The candidates of a batch of jobs, with their features.

    `job`, `start` and `end` have shape (candidates,), start and end being word indices in the
    row's target; `features` has shape (candidates, len(FEATURES)). Candidates are sorted by job;
    the last of every job is "no span at all", with start = end = 0.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        pairs: Sequence[WordPair],
        posteriors: Sequence[Posteriors],
        lexicon: Lexicon,
    ) -> None:
        self.jobs = jobs
        self.lexicon = lexicon
        self.job_row = np.array([job.row for job in jobs], dtype=np.int64)
        self.source_start = np.array([job.start for job in jobs], dtype=np.int64)
        self.source_end = np.array([job.end for job in jobs], dtype=np.int64)
        self.source_words = self.source_end - self.source_start
        self.width = np.array([len(lexicon.targets[job.row]) for job in jobs], dtype=np.int64)
        self.at = np.concatenate([[0], np.cumsum(self.width)])
        self.cell_job = np.repeat(np.arange(len(jobs)), self.width)
        self.cell_type = _cat([lexicon.targets[job.row] for job in jobs], np.int64)
        self._gather_source()
        self._gather_evidence(posteriors)
        self._gather_likeness()
        self._choose_candidates()
        self._fill()

    def _gather_evidence(self, posteriors: Sequence[Posteriors]) -> None:
        """Per cell, what the soft alignment says: every sum is a difference of running sums over
        the tables of all rows, laid end to end with the source words of a cell side by side."""
        present, row = distinct(self.job_row)
        rows = [posteriors[number] for number in present.tolist()]
        sources = np.array([len(soft.forward) for soft in rows], dtype=np.int64)
        targets = np.array([soft.forward.shape[1] for soft in rows], dtype=np.int64)
        base = np.cumsum(sources * targets) - sources * targets
        reverse = _cat([soft.reverse.T.ravel() for soft in rows])
        forward_sums = Running(_cat([soft.forward.T.ravel() for soft in rows]))
        avoid_sums = Running(np.log(1.0 - np.minimum(reverse, 1.0) + _FLOOR))
        of_job = row[self.cell_job]
        cell = np.arange(len(self.cell_job)) - self.at[self.cell_job]
        low = base[of_job] + cell * sources[of_job]
        high = low + sources[of_job]
        start, end = low + self.source_start[self.cell_job], low + self.source_end[self.cell_job]
        self.inside = np.maximum(forward_sums(start, end), 0.0)
        linked = forward_sums(low, high)
        self.outside = np.maximum(linked - self.inside, 0.0)
        self.unlinked = np.maximum(1.0 - linked, 0.0)
        self.into = np.maximum(Running(reverse)(start, end), 0.0)
        self.away = avoid_sums(low, high) - avoid_sums(start, end)
        # Where each word of the source spans goes: its row of the table, target words side by side.
        self._reverse = Running(_cat([soft.reverse.ravel() for soft in rows]))
        of_word = row[self.source_job]
        word = self.source_start[self.source_job] + _counting(self.source_words)
        self._reverse_low = base[of_word] + word * targets[of_word]
        self._reverse_total = self._reverse(self._reverse_low, self._reverse_low + targets[of_word])

    def _gather_source(self) -> None:
        lexicon, jobs = self.lexicon, self.jobs
        spans = [lexicon.sources[job.row][job.start : job.end] for job in jobs]
        self.source_type = _cat(spans, np.int64)
        self.source_at = np.concatenate([[0], np.cumsum(self.source_words)])
        self.source_job = np.repeat(np.arange(len(jobs)), self.source_words)
        first, last = self.source_at[:-1], self.source_at[1:] - 1
        empty = len(self.source_type) == 0
        self.first_type = self.source_type[first] if not empty else first
        self.last_type = self.source_type[last] if not empty else last
        length = lexicon.length[self.source_type].astype(np.float64)
        marks = lexicon.mark[self.source_type].astype(np.float64)
        self.source_letters = np.bincount(self.source_job, length, len(jobs))
        self.source_marks = np.bincount(self.source_job, marks, len(jobs))

    def _gather_likeness(self) -> None:
        """For every cell, how much it looks like the most similar word of the source span."""
        width = self.width[self.source_job]
        source = np.repeat(self.source_type, width)
        cell = np.repeat(self.at[self.source_job], width) + _counting(width)
        alike = self.lexicon.likeness(source, self.cell_type[cell])
        self.alike = np.zeros(len(self.cell_type))
        np.maximum.at(self.alike, cell, alike)
        self.marks = self.lexicon.shape[self.cell_type] == Shape.PUNCTUATION
        self.alike[self.marks] = 0.0
        self.acronym = np.zeros(len(self.cell_type))
        self._shortened = np.full(len(self.jobs), -1, dtype=np.int64)
        for number, (start, end) in enumerate(
            zip(self.source_at[:-1].tolist(), self.source_at[1:].tolist(), strict=True)
        ):
            initials = self.lexicon.initial[self.source_type[start:end]]
            letters = "".join(map(chr, initials[initials > 0].tolist()))
            if len(letters) > 1:
                self._shortened[number] = self.lexicon.word_index.get(letters, -1)
        word = self.lexicon.word[self.cell_type]
        self.acronym = (word == self._shortened[self.cell_job]).astype(np.float64)

    def _choose_candidates(self) -> None:
        """Runs of limited length that hold a fair part of the evidence."""
        longest = np.maximum(3 * self.source_words + 5, 8)[self.cell_job]
        place = np.arange(len(self.cell_job)) - self.at[self.cell_job]
        count = np.minimum(longest, self.width[self.cell_job] - place)
        cell = np.repeat(np.arange(len(count)), count)
        job = self.cell_job[cell]
        end = cell + _counting(count) + 1
        evidence = self.inside + self.into + 0.3 * (self.alike > 0.6) + self.acronym
        self._evidence_in = Running(evidence)
        total = np.bincount(self.cell_job, evidence, len(self.jobs))
        keep = self._evidence_in(cell, end) > 0.2 * total[job]
        cell, end, job = cell[keep], end[keep], job[keep]
        sure = self.inside + self.outside + 2 * _FLOOR
        self._log_in = Running(np.log((self.inside + _FLOOR) / sure))
        log_out = np.log((self.outside + _FLOOR) / sure)
        self._log_out = Running(log_out)
        self._all_out = np.bincount(self.cell_job, log_out, len(self.jobs))
        many = np.bincount(job, minlength=len(self.jobs)) > _MOST_CANDIDATES
        if many.any():
            quick = self._log_in(cell, end) - self._log_out(cell, end)
            quick -= 0.3 * np.abs((end - cell) - self.source_words[job])
            order = np.lexsort((-quick, job))
            rank = _counting(np.bincount(job, minlength=len(self.jobs)))
            best = np.sort(order[rank < _MOST_CANDIDATES])
            cell, end, job = cell[best], end[best], job[best]
        # The candidate "no span" closes every job.
        size = np.bincount(job, minlength=len(self.jobs)) + 1
        self.bounds = np.concatenate([[0], np.cumsum(size)])
        self.none = self.bounds[1:] - 1
        slot = np.arange(len(job)) + job
        total_count = int(self.bounds[-1])
        self.job = np.repeat(np.arange(len(self.jobs)), size)
        self.cell_start = np.repeat(self.at[:-1], size)
        self.cell_end = self.cell_start.copy()
        self.cell_start[slot], self.cell_end[slot] = cell, end
        self.real = np.zeros(total_count, dtype=bool)
        self.real[slot] = True
        self.start = self.cell_start - self.at[self.job]
        self.end = self.cell_end - self.at[self.job]

    def _fill(self) -> None:
        self.features = np.zeros((len(self.job), len(FEATURES)), dtype=np.float32)
        self._fill_links()
        self._fill_edges()
        self._fill_surface()
        self.features[self.none] = 0.0
        self._set_none()

    def _column(self, name: str) -> NDArray[np.float32]:
        return self.features[:, _COLUMN[name]]

    def _fill_links(self) -> None:
        start, end, job = self.cell_start, self.cell_end, self.job
        self._column("target_in")[:] = self._log_in(start, end)
        self._column("target_out")[:] = self._all_out[job] - self._log_out(start, end)
        self._column("source_out")[:] = Running(self.away)(start, end)
        self._column("unlinked")[:] = Running(self.unlinked)(start, end)
        # Each word of the source span looks where in the candidate it may be.
        count = self.source_words[job]
        candidate = np.repeat(np.arange(len(job)), count)
        word = self.source_at[job[candidate]] + _counting(count)
        low = self._reverse_low[word]
        inside = self._reverse(low + self.start[candidate], low + self.end[candidate])
        total = self._reverse_total[word]
        score = np.log((np.maximum(inside, 0.0) + _FLOOR) / (total + 2 * _FLOOR))
        self._column("source_in")[:] = np.bincount(candidate, score, len(job))

    def _fill_edges(self) -> None:
        if len(self.cell_type) == 0:
            return
        start, last, job = self._first_cell(), self._last_cell(), self.job
        evidence = np.maximum(self.inside, np.minimum(self.into, 1.0))
        against = np.log(1.02 - np.minimum(evidence, 1.0))
        self._column("first")[:] = np.log(evidence[start] + _FLOOR)
        self._column("last")[:] = np.log(evidence[last] + _FLOOR)
        self._column("before")[:] = self.before(against, np.log(1.02))
        self._column("after")[:] = self.after(against, np.log(1.02))
        hole = (evidence < _HOLE) & ~self.marks
        self._column("holes")[:] = Running(hole.astype(float))(self.cell_start, self.cell_end)
        kept = self.lexicon.shape == Shape.PUNCTUATION
        odd_first = self.marks[start] & ~kept[self.first_type][job]
        odd_last = self.marks[last] & ~kept[self.last_type][job]
        self._column("edge_punctuation")[:] = odd_first.astype(float) + odd_last
        mark = self.lexicon.mark[self.cell_type].astype(float)
        marks = Running(mark)(self.cell_start, self.cell_end)
        self._column("punctuation")[:] = np.abs(marks - self.source_marks[job])

    def _first_cell(self) -> Ints:
        return np.asarray(np.minimum(self.cell_start, max(len(self.cell_type) - 1, 0)))

    def _last_cell(self) -> Ints:
        return np.asarray(np.maximum(self.cell_end - 1, 0))

    def before(self, values: Floats, edge: float) -> Floats:
        """Of every candidate, the value of the cell before it, or `edge` at the text's start."""
        found = values[np.maximum(self.cell_start - 1, 0)]
        return np.asarray(np.where(self.start > 0, found, edge))

    def after(self, values: Floats, edge: float) -> Floats:
        """Of every candidate, the value of the cell after it, or `edge` at the text's end."""
        inside = self.end < self.width[self.job]
        found = values[np.minimum(self.cell_end, len(values) - 1)]
        return np.asarray(np.where(inside, found, edge))

    def _fill_surface(self) -> None:
        start, end, job = self.cell_start, self.cell_end, self.job
        length = self.lexicon.length[self.cell_type].astype(float)
        letters = np.maximum(Running(length)(start, end), 1.0)
        source = self.lexicon.length[_cat(self.lexicon.sources, np.int64)].sum() + 200.0
        target = self.lexicon.length[_cat(self.lexicon.targets, np.int64)].sum() + 200.0
        ratio = np.log(letters / np.maximum(self.source_letters[job], 1.0) * source / target)
        self._column("letters")[:] = ratio**2
        words = np.maximum(end - start, 1) / np.maximum(self.source_words[job], 1)
        self._column("words")[:] = np.log(words) ** 2
        self._column("alike")[:] = Running(self.alike * length)(start, end) / letters
        numbers = self.lexicon.word + 1
        here = Hashes(numbers[self.cell_type])(start, end)
        source_hash = Hashes(numbers[self.source_type])
        own = source_hash(self.source_at[:-1], self.source_at[1:])
        self._column("same")[:] = (here == own[job]) & self.real
        self._fill_acronyms()

    def _fill_acronyms(self) -> None:
        """One side is made of the initials of the other."""
        lexicon, job = self.lexicon, self.job
        if len(self.cell_type) == 0:
            return
        one = (self.end - self.start) == 1
        score = one * self.acronym[self._first_cell()]
        single = (self.source_words == 1) & (lexicon.shape[self.first_type] == Shape.CAPITALS)
        if single.any():
            initial = lexicon.initial[self.cell_type]
            places = np.cumsum(initial > 0) - (initial > 0)
            hashes = Hashes(initial, places)(self.cell_start, self.cell_end)
            wanted = np.zeros(len(self.jobs), dtype=np.uint64)
            for number in np.flatnonzero(single).tolist():
                text = lexicon.types[self.first_type[number]].lower()
                letters = np.array([ord(char) for char in text], dtype=np.int64)
                whole = np.array([0]), np.array([len(letters)])
                wanted[number] = Hashes(letters)(*whole)[0]
            score = score + (single[job] & ~one & self.real & (hashes == wanted[job]))
        self._column("acronym")[:] = score

    def _set_none(self) -> None:
        none = self.features[self.none]
        none[:, _COLUMN["target_out"]] = self._all_out
        lost = np.log(_FLOOR / (self._reverse_total + 2 * _FLOOR))
        none[:, _COLUMN["source_in"]] = np.bincount(self.source_job, lost, len(self.jobs))
        none[:, _COLUMN["first"]] = none[:, _COLUMN["last"]] = np.log(_FLOOR)
        none[:, _COLUMN["nowhere"]] = 1.0
        none[:, _COLUMN["nowhere_length"]] = np.log(np.maximum(self.source_words, 1))
        self.features[self.none] = none

    def probabilities(self, weights: Floats) -> Floats:
        """The probability of every candidate of its job under log-linear `weights`."""
        score = (self.features @ weights.astype(np.float32)).astype(np.float64)
        best = np.maximum.reduceat(score, self.bounds[:-1]) if len(self.jobs) else score
        raised = np.exp(score - best[self.job])
        return np.asarray(raised / np.bincount(self.job, raised, len(self.jobs))[self.job])

    def learn_corpus(self, probability: Floats) -> None:
        """Fill the features that the other rows of the batch speak to.

        They come from the candidates' first probabilities: what is inside spans elsewhere, and
        how the first and last words of spans are written. A row's own part is taken out, lest it
        confirm itself.
        """
        if len(self.cell_type) == 0:
            return
        weight = np.where(self.real, probability, 0.0)
        self._learn_insides(weight)
        self._learn_edges(weight)
        self._learn_shapes(weight)
        self._learn_memory(weight)
        self.features[self.none, _CORPUS_COLUMNS] = 0.0

    def _learn_insides(self, weight: Floats) -> None:
        size = len(self.cell_type) + 1
        opened = np.bincount(self.cell_start, weight, size)
        closed = np.bincount(self.cell_end, weight, size)
        covered = np.clip(np.cumsum(opened - closed)[:-1], 0.0, None)
        stems = self.lexicon.stem[self.cell_type]
        inside = np.bincount(stems, covered, self.lexicon.stems)
        total = self.lexicon.target_stem_count
        key = self.job_row[self.cell_job] * self.lexicon.stems + stems
        group = groups(key)
        own: Floats = np.bincount(group, covered)[group].astype(np.float64)
        first = np.concatenate([[True], np.diff(self.job_row) != 0])
        in_row = np.bincount(group, first[self.cell_job].astype(float))[group]
        rate = _log_rate(inside[stems] - own, total[stems] - in_row, inside.sum() / total.sum())
        rate[self.marks] = 0.0
        self._column("inside")[:] = Running(rate)(self.cell_start, self.cell_end)
        self._column("first_inside")[:] = rate[self._first_cell()]
        self._column("last_inside")[:] = rate[self._last_cell()]
        self._column("before_inside")[:] = self.before(rate, 0.0)
        self._column("after_inside")[:] = self.after(rate, 0.0)

    def _learn_edges(self, weight: Floats) -> None:
        """How often each word is first, last, before or after a span; 2 words stand for edges."""
        words = self.lexicon.words
        word = self.lexicon.word[self.cell_type]
        count = np.append(self.lexicon.target_count, [len(self.lexicon.targets)] * 2)
        before = self.before(word.astype(float), words).astype(np.int64)
        after = self.after(word.astype(float), words + 1).astype(np.int64)
        rate = weight.sum() / max(count.sum(), 1.0)
        for name, number in (
            ("first_word", word[self._first_cell()]),
            ("last_word", word[self._last_cell()]),
            ("before_word", before),
            ("after_word", after),
        ):
            seen: Floats = np.bincount(number, weight, words + 2).astype(np.float64)
            group = groups(self.job * (words + 2) + number)
            own: Floats = np.bincount(group, weight)[group].astype(np.float64)
            self._column(name)[:] = _log_rate(seen[number] - own, count[number] - 1.0, rate)

    def _learn_shapes(self, weight: Floats) -> None:
        lexicon, job = self.lexicon, self.job
        targets = _cat(lexicon.targets, np.int64)
        shapes = np.bincount(lexicon.shape[targets], minlength=len(Shape)).astype(float)
        bins = lexicon.frequency_bin(targets, lexicon.target_count)
        common = np.bincount(bins, minlength=FREQUENCY_BINS).astype(float)
        for side, own, cell in (
            ("first", self.first_type, self._first_cell()),
            ("last", self.last_type, self._last_cell()),
        ):
            given, shape = lexicon.shape[own][job], lexicon.shape[self.cell_type[cell]]
            table = _log_ratio(given, shape, weight, shapes)
            self._column(f"{side}_shape")[:] = table[given, shape]
            given = lexicon.frequency_bin(own, lexicon.source_count)[job]
            often = lexicon.frequency_bin(self.cell_type[cell], lexicon.target_count)
            table = _log_ratio(given, often, weight, common)
            self._column(f"{side}_frequency")[:] = table[given, often]
        given = np.minimum(self.source_words, 6)[job] - 1
        words = np.clip(self.end - self.start, 1, 8) - 1
        counts = np.bincount(given * 8 + words, weight, 48).reshape(6, 8)
        table = np.log((counts + 0.3) / (counts.sum(axis=1, keepdims=True) + 2.4))
        self._column("words_ratio")[:] = table[given, words]

    def _learn_memory(self, weight: Floats) -> None:
        """What else the same source words became."""
        stems = self.lexicon.stem + 1
        here = Hashes(stems[self.cell_type])(self.cell_start, self.cell_end)
        source = Hashes(stems[self.source_type])(self.source_at[:-1], self.source_at[1:])
        kind = groups(source)
        with np.errstate(over="ignore"):
            key = here ^ (_scrambled(kind[self.job] + 1) * np.uint64(0x9E3779B97F4A7C15))
        group = groups(key)
        seen = np.bincount(group, weight)[group] - weight
        others = np.bincount(kind).astype(float)[kind][self.job] - 1.0
        share = 3.0 * np.maximum(seen, 0.0) / (np.maximum(others - seen, 0.0) + 1.0)
        self._column("seen")[:] = np.where(seen > 0.05, np.log1p(share), 0.0)


def _log_rate(seen: Floats, total: Floats, rate: float) -> Floats:
    """Smoothed log-odds of `seen` out of `total`, relative to `rate`; 0 where nothing is known."""
    rate = min(max(rate, 1e-6), 1.0 - 1e-6)
    seen = np.maximum(seen, 0.0)
    rest = np.maximum(total - seen, 0.0)
    odds = (seen + 2.0 * rate) / (rest + 2.0 * (1.0 - rate))
    return np.asarray(np.log(odds) - np.log(rate / (1.0 - rate)))


def _log_ratio(given: Ints, value: Ints, weight: Floats, background: Floats) -> Floats:
    """log P(value | given, inside) / P(value), smoothed; shape (values, values)."""
    size = len(background)
    counts = np.bincount(given * size + value, weight, size * size).reshape(size, size)
    share = (background + 0.5) / (background + 0.5).sum()
    smooth = (counts + 2.0 * share) / (counts.sum(axis=1, keepdims=True) + 2.0)
    return np.asarray(np.log(smooth) - np.log(share))


def _cat(parts: Sequence[NDArray[Any]], kind: type = np.float64) -> NDArray[Any]:
    return np.concatenate([*parts, np.zeros(0, kind)]).astype(kind, copy=False)


def _counting(counts: Ints) -> Ints:
    """0, 1, ... up to each count, one after the other."""
    total = int(counts.sum())
    starts = np.cumsum(counts) - counts
    return np.arange(total) - np.repeat(starts, counts)
