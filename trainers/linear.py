"""Linear models over n-grams of characters and words: small, quick, no GPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from corpora.choices import LABEL_KINDS, LabelKind
from corpora.errors import UserError
from corpora.labels import common_kind
from corpora.predictions import Prediction, prediction_of_labels
from corpora.records import Row
from corpora.text.words import words
from trainers.storage import FACTS_FILE, read_arrays, read_facts, write_arrays, write_facts

_CHARACTERS = (2, 4)
_WORDS = (1, 2)
_CERTAIN = 10.0
"""The logit of a label that all rows have."""


@dataclass(frozen=True, slots=True)
class LinearTrainer:
    """The `Trainer` of logistic regression over TF-IDF of word and character n-grams.

    Where rows have several labels, there is a regression for each label; where they have a number,
    the model is ridge regression (Hoerl and Kennard, 1970).

    The n-grams are words, pairs of words, and 2 to 4 characters. Each text of a pair has its
    features, and so have the words that both share and those that only one has. `strength` is the
    inverse of the regularization of classifiers (scikit-learn's C), `ridge` the regularization of
    numbers (its alpha).
    """

    pair: bool = False
    strength: float = 10.0
    max_iterations: int = 100
    ridge: float = 1.0

    name: ClassVar[str] = "linear"
    seeded: ClassVar[bool] = False
    """The seed changes nothing: there is a single optimum."""

    def check(self) -> None:
        """It only needs rows."""

    def fit(
        self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0
    ) -> LinearPredictor:
        """Train on the labels of `rows`; `dev` and `seed` make no difference.

        Raises `UserError` for a row without label, for rows with labels of several kinds, and where
        all rows have the same label.
        """
        kind = common_kind(rows, "a row to train on has no label")
        # Equal examples become one with a greater weight: commands to assistants repeat a lot.
        counted = Counter((row.text, row.text_pair or "", getattr(row, kind)) for row in rows)
        texts = [(text, pair) for text, pair, _ in counted]
        gold = [label for _, _, label in counted]
        labels = () if kind == "value" else _classes(gold, kind)
        if len(set(gold)) < 2 or (kind == "labels" and not labels):
            raise UserError(
                f"training needs at least two labels, and there is only {gold[0] if gold else ''!r}"
            )
        views = [
            _View.fit(documents, analyzer) for documents, analyzer in _documents(texts, self.pair)
        ]
        features = _features(views, texts, self.pair)
        counts = list(counted.values())
        if kind == "value":
            ridge = Ridge(alpha=self.ridge).fit(features, gold, sample_weight=counts)
            weights = np.asarray(ridge.coef_, np.float32).reshape(1, -1)
            parameters = weights, np.asarray([ridge.intercept_], np.float32)
        elif kind == "labels":
            parameters = self._one_each(features, gold, counts, labels)
        else:
            parameters = _two_sided(self._classifier().fit(features, gold, sample_weight=counts))
        return LinearPredictor(labels, self.pair, tuple(views), *parameters, kind)

    def _classifier(self) -> Any:
        return LogisticRegression(C=self.strength, max_iter=self.max_iterations, tol=1e-3)

    def _one_each(
        self,
        features: Any,
        gold: Sequence[tuple[str, ...]],
        counts: Sequence[int],
        labels: Sequence[str],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (labels, features) and intercepts of a classifier for each of `labels`."""
        weights = np.zeros((len(labels), features.shape[1]), np.float32)
        intercepts = np.full(len(labels), _CERTAIN, np.float32)
        for number, label in enumerate(labels):
            has = [label in of_row for of_row in gold]
            if not all(has):
                model = self._classifier().fit(features, has, sample_weight=counts)
                weights[number], intercepts[number] = model.coef_[0], model.intercept_[0]
        return weights, intercepts


def _classes(gold: Sequence[Any], kind: LabelKind) -> tuple[str, ...]:
    if kind == "label":
        return tuple(sorted(set(gold)))
    return tuple(sorted({label for of_row in gold for label in of_row}))


def _two_sided(model: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (labels, features) and intercepts; with two labels scikit-learn keeps one row."""
    weights, intercepts = model.coef_, model.intercept_
    if len(weights) == 1:
        weights = np.concatenate([np.zeros_like(weights), weights])
        intercepts = np.concatenate([[0.0], intercepts])
    return weights.astype(np.float32), intercepts.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _View:
    """TF-IDF over one kind of n-gram: `terms` in the order of the columns, and their weights."""

    analyzer: str
    terms: tuple[str, ...]
    idf: NDArray[np.float32]

    @classmethod
    def fit(cls, documents: Sequence[str], analyzer: str) -> _View:
        # Rare n-grams are noise, but a handful of examples has only rare ones.
        minimum = 2 if len(documents) >= 500 else 1
        vectorizer = TfidfVectorizer(**_settings(analyzer), min_df=minimum)
        try:
            vectorizer.fit(documents)
        except ValueError:  # no term at all
            return cls(analyzer, (), np.zeros(0, np.float32))
        terms = tuple(vectorizer.get_feature_names_out().tolist())
        return cls(analyzer, terms, vectorizer.idf_.astype(np.float32))

    def transform(self, documents: Sequence[str]) -> Any:
        """A matrix (documents, terms) of log-frequencies times IDF, rows of length 1."""
        if not self.terms:
            return sp.csr_matrix((len(documents), 0), dtype=np.float32)
        vectorizer = TfidfVectorizer(**_settings(self.analyzer), vocabulary=self.terms)
        vectorizer.idf_ = self.idf
        return vectorizer.transform(documents)


_COMMON: dict[str, Any] = {"lowercase": True, "sublinear_tf": True, "dtype": np.float32}


def _settings(analyzer: str) -> dict[str, Any]:
    if analyzer == "char":
        return {"analyzer": "char_wb", "ngram_range": _CHARACTERS, **_COMMON}
    return {"token_pattern": r"\S+", "ngram_range": _WORDS, **_COMMON}


def _documents(texts: Sequence[tuple[str, str]], pair: bool) -> Iterator[tuple[list[str], str]]:
    """The documents of each view, in their order, and how they are split into terms."""
    first = [_spaced(text) for text, _ in texts]
    yield first, "word"
    yield [text for text, _ in texts], "char"
    if pair:
        second = [_spaced(other) for _, other in texts]
        yield second, "word"
        yield [other for _, other in texts], "char"
        yield [_crossed(a, b) for a, b in zip(first, second, strict=True)], "word"


def _spaced(text: str) -> str:
    return " ".join(text[a:b] for a, b in words(text))


def _crossed(first: str, second: str) -> str:
    """The words of both texts marked by whether the other has them, and how many it lacks."""
    left, right = first.casefold().split(), second.casefold().split()
    shared = set(left) & set(right)
    marked = [f"={w}" for w in right if w in shared] + [f">{w}" for w in right if w not in shared]
    marked += [f"<{w}" for w in left if w not in shared]
    return " ".join([*marked, f"#{min(9, sum(w not in shared for w in right))}"])


def _features(views: Sequence[_View], texts: Sequence[tuple[str, str]], pair: bool) -> Any:
    parts = [
        view.transform(documents)
        for view, (documents, _) in zip(views, _documents(texts, pair), strict=True)
    ]
    return sp.hstack(parts, format="csr", dtype=np.float32)


@dataclass(frozen=True, slots=True)
class LinearPredictor:
    """The `Predictor` with weights of shape (labels, features) over the concatenated views.

    `kind` is what it predicts: a label, several labels, or a number (one line of weights).
    """

    labels: tuple[str, ...]
    pair: bool
    views: tuple[_View, ...]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    kind: LabelKind = "label"

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """The most probable label of each of `rows`, with the probabilities of all; the labels with
        a probability of one half or more; or a number."""
        if not rows:
            return []
        texts = [(row.text, row.text_pair or "") for row in rows]
        logits = _features(self.views, texts, self.pair) @ self.weights.T + self.intercepts
        if self.kind == "value":
            return [
                Prediction(row.id, value=float(of_row[0]))
                for row, of_row in zip(rows, logits, strict=True)
            ]
        if self.kind == "labels":
            return [
                prediction_of_labels(row.id, self.labels, of_row)
                for row, of_row in zip(rows, expit(logits), strict=True)
            ]
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return [
            Prediction(
                row.id,
                self.labels[int(of_row.argmax())],
                dict(zip(self.labels, of_row.tolist(), strict=True)),
            )
            for row, of_row in zip(rows, probabilities, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write `predictor.json` and `arrays.npz` to `folder`."""
        arrays = {"weights": self.weights, "intercepts": self.intercepts}
        arrays |= {f"idf{i}": view.idf for i, view in enumerate(self.views)}
        write_arrays(folder, arrays)
        facts: Mapping[str, Any] = {
            "labels": self.labels,
            "pair": self.pair,
            "label_kind": self.kind,
            "views": [{"analyzer": view.analyzer, "terms": view.terms} for view in self.views],
        }
        write_facts(folder, LinearTrainer.name, facts)


def load_linear(folder: Path) -> LinearPredictor:
    """What `LinearPredictor.save` wrote to `folder`; raises `UserError` where it is corrupt."""
    facts = read_facts(folder)
    try:
        labels, pair, kind, terms = _described(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"damaged: {error!r}", file=folder / FACTS_FILE) from error
    width = sum(map(len, terms))
    shapes: dict[str, tuple[int, ...]] = {
        "weights": (len(labels) or 1, width),
        "intercepts": (len(labels) or 1,),
        **{f"idf{i}": (len(of_view),) for i, of_view in enumerate(terms)},
    }
    weights, intercepts, *idfs = read_arrays(folder, shapes)
    views = tuple(map(_View, _ANALYZERS[pair], terms, idfs))
    return LinearPredictor(labels, pair, views, weights, intercepts, kind)


_ANALYZERS = {False: ("word", "char"), True: ("word", "char", "word", "char", "word")}
"""How the documents of each view are split into terms, by whether there are pairs."""


def _described(
    facts: Mapping[str, Any],
) -> tuple[tuple[str, ...], bool, LabelKind, list[tuple[str, ...]]]:
    """Labels, whether they are of pairs, their kind, and the terms of each view; raises
    `ValueError` and what other types raise."""
    labels, pair, views = facts["labels"], facts["pair"], facts["views"]
    kind = facts.get("label_kind", "label")
    if kind not in LABEL_KINDS:
        raise ValueError(f"no kind of label {kind!r}")
    least = {"label": 2, "labels": 1, "value": 0}[kind]
    terms = [tuple(view["terms"]) for view in views]
    for texts in (labels, *terms):
        if not all(isinstance(text, str) for text in texts) or len(set(texts)) < len(texts):
            raise ValueError("labels and terms must be texts, each once")
    if tuple(view["analyzer"] for view in views) != _ANALYZERS[pair]:
        raise ValueError("not the views of a linear classifier")
    if len(labels) < least or (kind == "value" and labels):
        raise ValueError(f"not the labels of a linear model that predicts a {kind}")
    return tuple(labels), pair, kind, terms
