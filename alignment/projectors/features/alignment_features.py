"""The features of a candidate from its row alone: `ALIGNMENT_FEATURES`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.features.arrays import (
    Floats,
    RunHashes,
    RunningSums,
    concatenated,
    ranges,
)
from alignment.projectors.features.layout import Layout
from alignment.projectors.features.lexicon import Shape, lower_case
from alignment.projectors.features.links import FLOOR, LinkEvidence
from alignment.projectors.features.names import COLUMN, FEATURES
from alignment.projectors.features.runs import CandidateRuns
from alignment.projectors.features.surface import SurfaceEvidence

Features = NDArray[np.float32]

_HOLE = 0.1


def alignment_features(
    layout: Layout, links: LinkEvidence, surface: SurfaceEvidence, runs: CandidateRuns
) -> Features:
    """The features of the candidates `runs`, shape (candidates, len(FEATURES)).

    `layout`, `links` and `surface` are those that the candidates were made from. The columns of
    `CORPUS_FEATURES` are 0.
    """
    features = np.zeros((len(runs.span), len(FEATURES)), dtype=np.float32)
    _fill_links(features, layout, links, runs)
    if len(layout.cell_type):
        _fill_edges(features, links, surface, runs)
        _fill_punctuation(features, layout, surface, runs)
    _fill_lengths(features, layout, surface, runs)
    if len(layout.cell_type):
        _fill_acronyms(features, layout, surface, runs)
    features[runs.nowhere] = _nowhere(layout, links)
    return features


def _fill_links(
    features: Features, layout: Layout, links: LinkEvidence, runs: CandidateRuns
) -> None:
    start, end, span = runs.cell_start, runs.cell_end, runs.span
    features[:, COLUMN["target_in"]] = links.log_in(start, end)
    features[:, COLUMN["target_out"]] = links.log_out_total[span] - links.log_out(start, end)
    features[:, COLUMN["source_out"]] = RunningSums(links.away)(start, end)
    features[:, COLUMN["unlinked"]] = RunningSums(links.unlinked)(start, end)
    # For each word of the source span: the probability that it is in the candidate.
    count = layout.source_words[span]
    candidate = np.repeat(np.arange(len(span)), count)
    word = layout.source_at[span[candidate]] + ranges(count)
    inside = links.linked_to(word, runs.start[candidate], runs.end[candidate])
    total = links.linked[word]
    score = np.log((np.maximum(inside, 0.0) + FLOOR) / (total + 2 * FLOOR))
    features[:, COLUMN["source_in"]] = np.bincount(candidate, score, len(span))


def _fill_edges(
    features: Features, links: LinkEvidence, surface: SurfaceEvidence, runs: CandidateRuns
) -> None:
    evidence = np.maximum(links.inside, np.minimum(links.into, 1.0))
    against = np.log(1.02 - np.minimum(evidence, 1.0))
    features[:, COLUMN["first"]] = np.log(evidence[runs.first_cell] + FLOOR)
    features[:, COLUMN["last"]] = np.log(evidence[runs.last_cell] + FLOOR)
    features[:, COLUMN["before"]] = runs.before(against, np.log(1.02))
    features[:, COLUMN["after"]] = runs.after(against, np.log(1.02))
    hole = (evidence < _HOLE) & ~surface.punctuation
    features[:, COLUMN["holes"]] = RunningSums(hole.astype(float))(runs.cell_start, runs.cell_end)


def _fill_punctuation(
    features: Features, layout: Layout, surface: SurfaceEvidence, runs: CandidateRuns
) -> None:
    lexicon, span = layout.lexicon, runs.span
    kept = lexicon.shape == Shape.PUNCTUATION
    odd_first = surface.punctuation[runs.first_cell] & ~kept[layout.first_type][span]
    odd_last = surface.punctuation[runs.last_cell] & ~kept[layout.last_type][span]
    features[:, COLUMN["edge_punctuation"]] = odd_first.astype(float) + odd_last
    mark = lexicon.mark[layout.cell_type].astype(float)
    marks = RunningSums(mark)(runs.cell_start, runs.cell_end)
    source_marks = lexicon.mark[layout.source_type].astype(np.float64)
    expected = np.bincount(layout.source_span, source_marks, len(layout.spans))
    features[:, COLUMN["punctuation"]] = np.abs(marks - expected[span])


def _fill_lengths(
    features: Features, layout: Layout, surface: SurfaceEvidence, runs: CandidateRuns
) -> None:
    """Lengths, and how much looks alike or is the same."""
    lexicon, start, end, span = layout.lexicon, runs.cell_start, runs.cell_end, runs.span
    length = lexicon.length[layout.cell_type].astype(float)
    letters = np.maximum(RunningSums(length)(start, end), 1.0)
    source_length = lexicon.length[layout.source_type].astype(np.float64)
    source_letters = np.bincount(layout.source_span, source_length, len(layout.spans))
    source = lexicon.length[concatenated(lexicon.sources, np.int64)].sum() + 200.0
    target = lexicon.length[concatenated(lexicon.targets, np.int64)].sum() + 200.0
    ratio = np.log(letters / np.maximum(source_letters[span], 1.0) * source / target)
    features[:, COLUMN["letters"]] = ratio**2
    words = np.maximum(end - start, 1) / np.maximum(layout.source_words[span], 1)
    features[:, COLUMN["words"]] = np.log(words) ** 2
    features[:, COLUMN["alike"]] = RunningSums(surface.alike * length)(start, end) / letters
    numbers = lexicon.word + 1
    target_hash = RunHashes(numbers[layout.cell_type])(start, end)
    source_hashes = RunHashes(numbers[layout.source_type])
    source_hash = source_hashes(layout.source_at[:-1], layout.source_at[1:])
    features[:, COLUMN["same"]] = (target_hash == source_hash[span]) & runs.real


def _fill_acronyms(
    features: Features, layout: Layout, surface: SurfaceEvidence, runs: CandidateRuns
) -> None:
    """Whether one side is an acronym, made of the initials of the other."""
    lexicon, span = layout.lexicon, runs.span
    single = (runs.end - runs.start) == 1
    score = single * surface.acronym[runs.first_cell]
    is_acronym = (layout.source_words == 1) & (lexicon.shape[layout.first_type] == Shape.CAPITALS)
    if is_acronym.any():
        initial = lexicon.initial[layout.cell_type]
        exponents = np.cumsum(initial > 0) - (initial > 0)
        hashes = RunHashes(initial, exponents)(runs.cell_start, runs.cell_end)
        expected = np.zeros(len(layout.spans), dtype=np.uint64)
        for number in np.flatnonzero(is_acronym).tolist():
            text = lexicon.types[layout.first_type[number]]
            letters = np.array([lower_case(letter) for letter in text], dtype=np.int64)
            whole = np.array([0]), np.array([len(letters)])
            expected[number] = RunHashes(letters)(*whole)[0]
        score = score + (is_acronym[span] & ~single & runs.real & (hashes == expected[span]))
    features[:, COLUMN["acronym"]] = score


def _nowhere(layout: Layout, links: LinkEvidence) -> Features:
    """The features of the candidate "no span at all" of every source span."""
    features = np.zeros((len(layout.spans), len(FEATURES)), dtype=np.float32)
    features[:, COLUMN["target_out"]] = links.log_out_total
    lost: Floats = np.log(FLOOR / (links.linked + 2 * FLOOR))
    features[:, COLUMN["source_in"]] = np.bincount(layout.source_span, lost, len(layout.spans))
    features[:, COLUMN["first"]] = features[:, COLUMN["last"]] = np.log(FLOOR)
    features[:, COLUMN["nowhere"]] = 1.0
    features[:, COLUMN["nowhere_length"]] = np.log(np.maximum(layout.source_words, 1))
    return features
