"""The features of a candidate from the other rows of the batch: `CORPUS_FEATURES`.

They come from the candidates' first probabilities: which words are inside spans elsewhere, and how
the first and last words of spans are written. The row's own contribution is left out, so that it
does not confirm itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.features.arrays import (
    Floats,
    Ints,
    RunHashes,
    RunningSums,
    concatenated,
    scrambled,
)
from alignment.projectors.features.layout import Layout
from alignment.projectors.features.lexicon import FREQUENCY_BINS, Shape
from alignment.projectors.features.names import COLUMN, CORPUS_COLUMNS
from alignment.projectors.features.runs import CandidateRuns
from alignment.projectors.features.surface import SurfaceEvidence
from alignment.unique import unique_inverse

Features = NDArray[np.float32]


def fill_corpus_features(
    features: Features,
    layout: Layout,
    surface: SurfaceEvidence,
    runs: CandidateRuns,
    probability: Floats,
) -> None:
    """Fill the columns of `CORPUS_FEATURES` in `features`, shape (candidates, len(FEATURES)).

    `layout`, `surface` and `runs` are those that the other columns were made from; `probability`,
    of shape (candidates,), is each candidate's probability by those columns.
    """
    if len(layout.cell_type) == 0:
        return
    weight = np.where(runs.real, probability, 0.0)
    _fill_insides(features, layout, surface, runs, weight)
    _fill_edges(features, layout, runs, weight)
    _fill_shapes(features, layout, runs, weight)
    _fill_word_counts(features, layout, runs, weight)
    _fill_seen(features, layout, runs, weight)
    features[runs.nowhere, CORPUS_COLUMNS] = 0.0


def _fill_insides(
    features: Features,
    layout: Layout,
    surface: SurfaceEvidence,
    runs: CandidateRuns,
    weight: Floats,
) -> None:
    """How often the words are inside spans elsewhere."""
    lexicon = layout.lexicon
    size = len(layout.cell_type) + 1
    opened = np.bincount(runs.cell_start, weight, size)
    closed = np.bincount(runs.cell_end, weight, size)
    covered = np.clip(np.cumsum(opened - closed)[:-1], 0.0, None)
    stems = lexicon.stem[layout.cell_type]
    inside = np.bincount(stems, covered, lexicon.stems)
    total = lexicon.target_stem_count
    group = unique_inverse(layout.row[layout.cell_span] * lexicon.stems + stems)
    inside_in_row: Floats = np.bincount(group, covered)[group].astype(np.float64)
    first_of_row = np.concatenate([[True], np.diff(layout.row) != 0])
    total_in_row = np.bincount(group, first_of_row[layout.cell_span].astype(float))[group]
    rate = _log_rate(
        inside[stems] - inside_in_row, total[stems] - total_in_row, inside.sum() / total.sum()
    )
    rate[surface.punctuation] = 0.0
    features[:, COLUMN["inside"]] = RunningSums(rate)(runs.cell_start, runs.cell_end)
    features[:, COLUMN["first_inside"]] = rate[runs.first_cell]
    features[:, COLUMN["last_inside"]] = rate[runs.last_cell]
    features[:, COLUMN["before_inside"]] = runs.before(rate, 0.0)
    features[:, COLUMN["after_inside"]] = runs.after(rate, 0.0)


def _fill_edges(features: Features, layout: Layout, runs: CandidateRuns, weight: Floats) -> None:
    """How often each word is first, last, before or after a span; 2 word numbers are for edges."""
    words = layout.lexicon.words
    word = layout.lexicon.word[layout.cell_type]
    count = np.append(layout.lexicon.target_count, [len(layout.lexicon.targets)] * 2)
    before = runs.before(word.astype(float), words).astype(np.int64)
    after = runs.after(word.astype(float), words + 1).astype(np.int64)
    rate = weight.sum() / max(count.sum(), 1.0)
    for name, number in (
        ("first_word", word[runs.first_cell]),
        ("last_word", word[runs.last_cell]),
        ("before_word", before),
        ("after_word", after),
    ):
        seen: Floats = np.bincount(number, weight, words + 2).astype(np.float64)
        group = unique_inverse(runs.span * (words + 2) + number)
        by_this_span: Floats = np.bincount(group, weight)[group].astype(np.float64)
        features[:, COLUMN[name]] = _log_rate(
            seen[number] - by_this_span, count[number] - 1.0, rate
        )


def _fill_shapes(features: Features, layout: Layout, runs: CandidateRuns, weight: Floats) -> None:
    """How the first and last words are written, and how frequent they are, given the source's."""
    lexicon, span = layout.lexicon, runs.span
    targets = concatenated(lexicon.targets, np.int64)
    shapes = np.bincount(lexicon.shape[targets], minlength=len(Shape)).astype(float)
    bins = lexicon.frequency_bin(targets, lexicon.target_count)
    frequencies = np.bincount(bins, minlength=FREQUENCY_BINS).astype(float)
    for edge, source_type, cell in (
        ("first", layout.first_type, runs.first_cell),
        ("last", layout.last_type, runs.last_cell),
    ):
        target_type = layout.cell_type[cell]
        given, shape = lexicon.shape[source_type][span], lexicon.shape[target_type]
        table = _log_ratio(given, shape, weight, shapes)
        features[:, COLUMN[f"{edge}_shape"]] = table[given, shape]
        given = lexicon.frequency_bin(source_type, lexicon.source_count)[span]
        frequency = lexicon.frequency_bin(target_type, lexicon.target_count)
        table = _log_ratio(given, frequency, weight, frequencies)
        features[:, COLUMN[f"{edge}_frequency"]] = table[given, frequency]


def _fill_word_counts(
    features: Features, layout: Layout, runs: CandidateRuns, weight: Floats
) -> None:
    """How many words spans have, given the number of the source's."""
    given = np.minimum(layout.source_words, 6)[runs.span] - 1
    words = np.clip(runs.end - runs.start, 1, 8) - 1
    counts = np.bincount(given * 8 + words, weight, 48).reshape(6, 8)
    table = np.log((counts + 0.3) / (counts.sum(axis=1, keepdims=True) + 2.4))
    features[:, COLUMN["words_ratio"]] = table[given, words]


def _fill_seen(features: Features, layout: Layout, runs: CandidateRuns, weight: Floats) -> None:
    """How often the same source words became the same target words elsewhere."""
    stems = layout.lexicon.stem + 1
    target_hash = RunHashes(stems[layout.cell_type])(runs.cell_start, runs.cell_end)
    source_hashes = RunHashes(stems[layout.source_type])
    source = unique_inverse(source_hashes(layout.source_at[:-1], layout.source_at[1:]))
    with np.errstate(over="ignore"):
        key = target_hash ^ (scrambled(source[runs.span] + 1) * np.uint64(0x9E3779B97F4A7C15))
    group = unique_inverse(key)
    seen = np.bincount(group, weight)[group] - weight
    others = np.bincount(source).astype(float)[source][runs.span] - 1.0
    share = 3.0 * np.maximum(seen, 0.0) / (np.maximum(others - seen, 0.0) + 1.0)
    features[:, COLUMN["seen"]] = np.where(seen > 0.05, np.log1p(share), 0.0)


def _log_rate(seen: Floats, total: Floats, rate: float) -> Floats:
    """Smoothed log-odds of `seen` out of `total`, relative to `rate`; 0 without observations."""
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
