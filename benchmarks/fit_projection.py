"""Fits the weights of the projector `aligned` and the calibration of its confidence.

    python -m benchmarks.fit_projection ../shared/data [--write]

Uses parallel labelled text: Europarl-NER (en-de), opinion targets (en-es) and xSID (en-de). Prints
the F1 of weights fitted without the collection that they are measured on, and the reliability of
the confidence, measured the same way; `--write` stores weights fitted on all of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from alignment.projectors import weights as weights_module
from alignment.projectors.aligned.assignment import assign
from alignment.projectors.aligned.placement import find_source_spans
from alignment.projectors.aligned.projector import AlignedProjector
from alignment.projectors.evidence import AlignerEvidence, row_pairs
from alignment.projectors.features.candidates import Candidates
from alignment.projectors.features.lexicon import Lexicon
from alignment.projectors.features.names import ALIGNMENT_FEATURES, FEATURES
from alignment.projectors.vote import VoteProjector
from alignment.protocol import WordAligner, WordAlignment, WordPair
from alignment.symmetrize import links_from_posteriors
from alignment.words.splitting import split_words
from alignment.words.statistical.aligner import StatisticalAligner
from benchmarks.gold import GoldSet, load_gold_sets, span_f1, token_spans

FIRST = np.array([i for i, name in enumerate(FEATURES) if name in ALIGNMENT_FEATURES])
SECOND = np.array([i for i, name in enumerate(FEATURES) if name != "words"])
PENALTY = 0.0005


class HardLinks:
    """The statistical aligner's links without their weights, as a Pharaoh file gives them."""

    name = "links"

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """Links of weight 1."""
        soft = StatisticalAligner().posteriors(pairs)
        links = [links_from_posteriors(p, method="grow-diag-final-and") for p in soft]
        return [WordAlignment(link.links, np.ones_like(link.weights)) for link in links]


@dataclass
class Problem:
    """A gold set's candidates, and which of them are right (the same span with any label)."""

    gold: GoldSet
    candidates: Candidates
    right: NDArray[np.bool_]
    probability: NDArray[np.float64] | None = None


def build(gold: GoldSet, aligner: WordAligner) -> Problem:
    """Find every candidate, and mark those that are gold."""
    pairs = row_pairs(gold.inputs)
    posteriors = AlignerEvidence(aligner, gold.inputs, pairs).of(slice(None))
    spans = find_source_spans(gold.inputs, pairs)
    candidates = Candidates(spans, posteriors, Lexicon(pairs))
    runs = candidates.runs
    right = np.zeros(len(runs.span), dtype=bool)
    for number, span in enumerate(spans):
        offsets = pairs[span.row].target.offsets
        label = gold.inputs[span.row].spans[span.index].label
        low, high = int(runs.bounds[number]), int(runs.bounds[number + 1]) - 1
        same = {(s, e) for s, e, kind in gold.spans[span.row] if kind == label}
        other = {(s, e) for s, e, _ in gold.spans[span.row]}
        touched = [
            token_spans(gold.tokens[span.row], offsets[a][0], offsets[b - 1][1])
            for a, b in zip(runs.start[low:high].tolist(), runs.end[low:high].tolist(), strict=True)
        ]
        is_gold = [run in same for run in touched]
        if not any(is_gold):
            is_gold = [run in other for run in touched]
        right[low:high] = is_gold
        right[high] = not any(is_gold)
    return Problem(gold, candidates, right)


def fit(problems: list[Problem], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights of greatest conditional likelihood, with every gold set weighted the same."""
    x = np.concatenate([p.candidates.features[:, columns] for p in problems])
    right = np.concatenate([p.right for p in problems])
    sizes = np.concatenate([np.diff(p.candidates.runs.bounds) for p in problems])
    share = np.concatenate(
        [
            np.full(len(spans), 1.0 / len(spans))
            for p in problems
            for spans in [p.candidates.layout.spans]
        ]
    )
    share *= len(share) / share.sum()
    job = np.repeat(np.arange(len(sizes)), sizes)
    at = np.cumsum(sizes) - sizes
    scale = x.std(axis=0) + 1e-9
    z = x / scale

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = z @ w
        raised = np.exp(score - np.maximum.reduceat(score, at)[job])
        everything = np.bincount(job, raised)
        good = np.bincount(job, raised * right)
        value = -(share * np.log(good / everything)).sum()
        pull = raised * right / good[job] - raised / everything[job]
        gradient = -(z.T @ (pull * share[job]))
        weight = PENALTY * len(sizes)
        return value + weight * w @ w, gradient + 2 * weight * w

    optimum = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B")
    result = np.zeros(len(FEATURES))
    result[columns] = optimum.x / scale
    return result


def two_steps(train: list[Problem], everything: list[Problem]) -> tuple[NDArray, NDArray]:
    """First and second weights; every problem's corpus features are filled on the way."""
    first = fit(train, FIRST)
    for problem in everything:
        problem.candidates.learn_corpus(problem.candidates.probabilities(first))
    return first, fit(train, SECOND)


def f1_of(problem: Problem, weights: NDArray[np.float64]) -> float:
    """F1 of the spans placed with `weights`, labels counted."""
    candidates = problem.candidates
    problem.probability = candidates.probabilities(weights)
    predicted: list[list[tuple[int, int, str]]] = [[] for _ in problem.gold.inputs]
    for number, choice in enumerate(assign(candidates, problem.probability)):
        if choice < 0 or not candidates.runs.real[choice]:
            continue
        span = candidates.layout.spans[number]
        row = problem.gold.inputs[span.row]
        offsets = split_words(row.target).offsets
        start = offsets[int(candidates.runs.start[choice])][0]
        end = offsets[int(candidates.runs.end[choice]) - 1][1]
        run = token_spans(problem.gold.tokens[span.row], start, end)
        predicted[span.row].append((*run, row.spans[span.index].label))
    return span_f1(problem.gold.spans, predicted).f1


def outcomes(problem: Problem) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of every placed span, and whether it is right."""
    assert problem.probability is not None
    chosen = np.array(assign(problem.candidates, problem.probability))
    chosen = chosen[chosen >= 0]
    chosen = chosen[problem.candidates.runs.real[chosen]]
    return problem.probability[chosen], problem.right[chosen]


def calibration(p: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, list[float]]:
    """An isotonic curve at a few knots, with every span weighted the same."""
    curve = IsotonicRegression(y_min=0.01, y_max=0.995, out_of_bounds="clip").fit(p, right)
    knots = np.unique(np.quantile(p, np.linspace(0, 1, 21)).round(4))
    values = np.array([curve.predict(p[np.abs(p - k) <= 0.05]).mean() for k in knots])
    values = np.maximum.accumulate(values)
    return {"from": knots.tolist(), "to": values.round(4).tolist()}


def reliability(p: NDArray[np.float64], right: NDArray[np.bool_]) -> str:
    """A table of the share of right spans by confidence."""
    lines = ["| confidence | spans | right |", "|---|---|---|"]
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01)):
        part = (p >= low) & (p < high)
        if part.any():
            lines.append(
                f"| {p[part].mean():.2f} | {part.sum()} | {100 * right[part].mean():.1f}% |"
            )
    return "\n".join(lines)


Held = dict[str, weights_module.Weights]
"""Weights by the group of gold sets that they have not seen."""


def run(kind: str, gold: list[GoldSet], aligner: WordAligner) -> tuple[dict, Held]:
    """Measure on held-out gold sets, then fit on all of them."""
    problems = [build(gold_set, aligner) for gold_set in gold]
    groups = sorted({p.gold.group for p in problems})
    held_p, held_right, held_group = [], [], []
    held: Held = {}
    for group in groups:
        train = [p for p in problems if p.gold.group != group]
        first, weights = two_steps(train, problems)
        straight = np.array([0.0, 1.0])
        held[group] = weights_module.Weights(first, weights, straight, straight)
        for problem in problems:
            if problem.gold.group == group:
                print(
                    f"{kind}: {problem.gold.name}, fitted on the others: "
                    f"{f1_of(problem, weights):.1f} F1"
                )
                p, right = outcomes(problem)
                held_p.append(p)
                held_right.append(right)
                held_group.append(np.full(len(p), group))
    first, second = two_steps(problems, problems)
    for problem in problems:
        print(f"{kind}: {problem.gold.name}, fitted on all: {f1_of(problem, second):.1f} F1")
    p, right = np.concatenate(held_p), np.concatenate(held_right)
    where = np.concatenate(held_group)
    fitted = np.zeros_like(p)
    for group in groups:
        curve = calibration(p[where != group], right[where != group])
        fitted[where == group] = np.interp(p[where == group], curve["from"], curve["to"])
        held[group] = replace(
            held[group],
            calibration_from=np.array(curve["from"]),
            calibration_to=np.array(curve["to"]),
        )
    print(f"\nReliability, {kind}, curve and weights fitted without the collection measured:\n")
    print(reliability(fitted, right), "\n")
    named = [
        {name: round(float(w), 4) for name, w in zip(FEATURES, weights, strict=True) if w}
        for weights in (first, second)
    ]
    table = {"first": named[0], "second": named[1], "calibration": calibration(p, right)}
    return table, held


def run_vote(gold: list[GoldSet], soft: Held, hard: Held) -> dict[str, list[float]]:
    """The curve of the vote of two aligned projectors, of soft and of hard links."""
    shares, right, where = [], [], []
    for gold_set in gold:
        members = (
            AlignedProjector(weights=soft[gold_set.group]),
            AlignedProjector(HardLinks(), weights=hard[gold_set.group]),
        )
        projections = VoteProjector(members, calibrated=False).project(gold_set.inputs)
        rows = zip(projections, gold_set.tokens, gold_set.spans, strict=True)
        for projection, tokens, spans in rows:
            wanted = {(start, end) for start, end, _ in spans}
            for span in projection.spans():
                shares.append(span.confidence or 0.0)
                right.append(token_spans(tokens, span.start, span.end) in wanted)
                where.append(gold_set.group)
    p, good, groups = np.array(shares), np.array(right), np.array(where)
    fitted = np.zeros_like(p)
    for group in set(where):
        curve = calibration(p[groups != group], good[groups != group])
        fitted[groups == group] = np.interp(p[groups == group], curve["from"], curve["to"])
    print("Reliability, vote of soft and hard links, fitted without the collection measured:\n")
    print(reliability(fitted, good), "\n")
    return calibration(p, good)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with absa, europarl-ner and xsid")
    parser.add_argument("--write", action="store_true", help="store the weights in the package")
    args = parser.parse_args()
    gold = load_gold_sets(args.data)
    statistical, soft = run("statistical", gold, StatisticalAligner())
    links, hard = run("links", gold, HardLinks())
    table = {
        "statistical": statistical,
        "attention": statistical,
        "links": links,
        "vote": run_vote(gold, soft, hard),
    }
    if args.write:
        path = Path(weights_module.__file__).with_name("weights.json")
        path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
