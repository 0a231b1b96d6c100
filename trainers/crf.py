"""A linear-chain CRF (Lafferty et al., 2001) over hand-made features, by python-crfsuite."""

from __future__ import annotations

import ctypes
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pycrfsuite

from corpora.errors import UserError
from corpora.fingerprint import file_hash
from corpora.posix import require_posix
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.storage import make_folder, replacing
from trainers.crfsuite_file import check_crfsuite
from trainers.features import sentence_features
from trainers.linear import LinearPredictor, LinearTrainer, load_linear
from trainers.storage import read_facts, write_facts
from trainers.tagging import LEAST_PROBABILITY, WordCutter, candidate_spans, spans_of_tags

MODEL_FILE = "model.crfsuite"
LABEL_FOLDER = "label"


@dataclass(frozen=True, slots=True)
class CrfTrainer:
    """The `Trainer` of a CRF, by the averaged perceptron (Collins, 2002).

    On 43,605 utterances with 71 tags it is four times as quick as L-BFGS and no worse. Where every
    row has a label too (intents beside slots), a linear classifier predicts that.
    """

    max_iterations: int = 10
    min_frequency: int = 2
    """Features seen less often are left out."""
    classifier: LinearTrainer = field(default_factory=LinearTrainer)

    name: ClassVar[str] = "crf"
    seeded: ClassVar[bool] = True
    """The perceptron depends on the order of the examples."""

    def check(self) -> None:
        """It only needs rows, and a system whose C library can be seeded."""
        require_posix("training a CRF")

    def fit(self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0) -> CrfPredictor:
        """Train on the spans of `rows`, in an order by `seed`; `dev` makes no difference.

        Raises `UserError` where no row has a span, for overlapping spans, and on Windows.
        """
        self.check()
        if not any(row.spans for row in rows):
            raise UserError("no row to train on has a span")
        cutter = WordCutter.for_training(rows)
        ordered = list(rows)
        random.Random(seed).shuffle(ordered)
        trainer = pycrfsuite.Trainer(algorithm="ap", verbose=False)
        minimum = self.min_frequency if len(rows) >= 500 else 1
        trainer.set_params({"max_iterations": self.max_iterations, "feature.minfreq": minimum})
        for row in ordered:
            offsets, tags = cutter.tagged(row)
            if tags:
                features = sentence_features([row.text[a:b] for a, b in offsets])
                trainer.append(pycrfsuite.ItemSequence(features), tags)
        # CRFsuite shuffles by C's generator, whose state the last training has changed.
        ctypes.CDLL(None).srand(seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / MODEL_FILE
            trainer.train(str(path))
            model = path.read_bytes()
        classifier = None
        if all(row.label is not None for row in rows) and len({row.label for row in rows}) > 1:
            classifier = self.classifier.fit(rows, seed=seed)
        return CrfPredictor(model, cutter, classifier)


class CrfPredictor:
    """The `Predictor` with a CRF and, where rows had labels, a `classifier` for these.

    `model` is CRFsuite's file; `cutter` cuts rows into words. The confidence of a span is the
    CRF's lowest marginal probability of its words; a perceptron's are far too high, and only useful
    for ranking.
    """

    def __init__(
        self, model: bytes, cutter: WordCutter, classifier: LinearPredictor | None = None
    ) -> None:
        self._model = model  # the tagger reads from this memory
        self._cutter = cutter
        self.classifier = classifier
        self._tagger: Any = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)
        self._tags: list[str] = self._tagger.labels()
        self.labels: tuple[str, ...] = tuple(sorted({tag[2:] for tag in self._tags if tag != "O"}))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Spans (and a label, where there is a classifier) of each of `rows`."""
        predictions = [self._predict(row) for row in rows]
        if self.classifier is None:
            return predictions
        return [
            replace(prediction, label=labelled.label, probabilities=labelled.probabilities)
            for prediction, labelled in zip(predictions, self.classifier.predict(rows), strict=True)
        ]

    def _predict(self, row: Row) -> Prediction:
        offsets = self._cutter.words(row)
        if not offsets:
            return Prediction(row.id)
        features = sentence_features([row.text[a:b] for a, b in offsets])
        self._tagger.set(pycrfsuite.ItemSequence(features))
        tags: list[str] = self._tagger.tag()
        confidences = [self._probability(tag, word) for word, tag in enumerate(tags)]
        spans = spans_of_tags(offsets, tags, confidences)
        by_tag = [
            {tag: confidence} if confidence > 1.0 - LEAST_PROBABILITY else self._by_tag(word)
            for word, (tag, confidence) in enumerate(zip(tags, confidences, strict=True))
        ]
        return Prediction(row.id, spans=spans, candidates=candidate_spans(offsets, by_tag, spans))

    def _probability(self, tag: str, word: int) -> float:
        return min(1.0, float(self._tagger.marginal(tag, word)))

    def _by_tag(self, word: int) -> dict[str, float]:
        """The tags that a word may have, with their marginal probabilities."""
        marginals = {tag: self._probability(tag, word) for tag in self._tags}
        return {tag: value for tag, value in marginals.items() if value >= LEAST_PROBABILITY}

    def save(self, folder: Path) -> None:
        """Write `predictor.json`, CRFsuite's file, and the classifier in `label/`, to `folder`."""
        make_folder(folder)
        with replacing(folder / MODEL_FILE) as temporary:
            temporary.write_bytes(self._model)
        shutil.rmtree(folder / LABEL_FOLDER, ignore_errors=True)
        if self.classifier is not None:
            self.classifier.save(folder / LABEL_FOLDER)
        facts = {
            "labels": self.labels,
            "own_words": self._cutter.use_tokens,
            "checksum": file_hash(folder / MODEL_FILE),
        }
        write_facts(folder, CrfTrainer.name, facts)


def load_crf(folder: Path) -> CrfPredictor:
    """What `CrfPredictor.save` wrote to `folder`; raises `UserError` where it is corrupt."""
    facts = read_facts(folder)
    path = folder / MODEL_FILE
    try:
        model = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    check_crfsuite(model, path)
    if file_hash(path) != facts.get("checksum"):
        raise UserError("damaged: not the file that was saved", file=path)
    classifier = None
    if (folder / LABEL_FOLDER).is_dir():
        classifier = load_linear(folder / LABEL_FOLDER)
    try:
        predictor = CrfPredictor(model, WordCutter(bool(facts.get("own_words"))), classifier)
        predictor.predict([Row("", "und", "a")])
    except (RuntimeError, ValueError) as error:  # labels that are no text, or are not found
        raise UserError(f"damaged: {error}", file=path) from error
    if list(predictor.labels) != facts.get("labels"):
        raise UserError("damaged: the model has other labels than its description", file=path)
    return predictor
