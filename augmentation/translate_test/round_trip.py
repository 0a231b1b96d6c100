"""Rows translated to a predictor's language, and its predictions projected back onto the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alignment.protocol import SpanProjector
from augmentation.translate_test.back_projection import TranslatedRow, back_project
from augmentation.translate_test.merging import average, ensemble
from augmentation.translation.documents import DocumentTranslation, translate_documents
from augmentation.translation.setup import TranslationSetup
from corpora.choices import Task
from corpora.predictions import Prediction
from corpora.records import Row
from trainers.protocol import Predictor
from translators.protection.stretches import Stretches, stretches_of
from translators.protocol import DecodingOptions, Translator


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The way from the rows' language (`source`) to the predictor's (`target`), and back."""

    task: Task
    source: str
    target: str
    translator: Translator
    projector: SpanProjector | None
    """Projects spans back; None where the task has none."""
    options: DecodingOptions
    """How to translate the rows; `num_hypotheses` is how many translations each row gets."""
    protected_labels: tuple[str, ...] = ()
    """Labels of spans of the rows that are kept as they are."""

    @classmethod
    def of(cls, translation: TranslationSetup, target: str, n_best: int = 1) -> RoundTrip:
        """The round trip of rows that `translation` translates to `target`, the language of the
        predictor, with `n_best` translations of each row."""
        return cls(
            translation.task,
            translation.source,
            target,
            translation.translator(),
            translation.span_projector(),
            translation.n_best_options(n_best),
            translation.config.protection.protect,
        )

    def check(self) -> None:
        """Raise `UserError` if the translator lacks a pair of languages that is needed."""
        self.translator.translate([], self.source, self.target, self.options)
        if self.task == "text":
            self.translator.translate([], self.target, self.source, self.options)

    def translate(self, rows: Sequence[Row]) -> list[TranslatedRow]:
        """The n-best translations of `rows`."""
        texts = self._translate(
            [row.text for row in rows],
            [stretches_of(row.spans, self.protected_labels) for row in rows],
        )
        has_pairs = any(row.text_pair is not None for row in rows)
        pairs = (
            self._translate([row.text_pair or "" for row in rows])
            if has_pairs
            else [[] for _ in rows]
        )
        return [
            _translated_row(row, text, pair if row.text_pair is not None else [])
            for row, text, pair in zip(rows, texts, pairs, strict=True)
        ]

    def _translate(
        self, texts: Sequence[str], protected: Sequence[Stretches] = ()
    ) -> list[list[DocumentTranslation]]:
        from translators.sentences import split_sentences

        return translate_documents(
            texts,
            self.source,
            self.target,
            self.translator,
            self.options,
            split_sentences,
            protected,
        )

    def predict(
        self,
        translated: Sequence[TranslatedRow],
        predictor: Predictor,
        *,
        for_ensemble: bool = False,
    ) -> list[Prediction]:
        """What `predictor` predicts on the rows that were `translated`, projected back and
        averaged over the translations of a row; one prediction per row.

        With `for_ensemble`, candidates are projected back too, for `combine` to use.
        """
        variants = [row.variants(self.target) for row in translated]
        flat = iter(predictor.predict([variant for of_row in variants for variant in of_row]))
        back_projected = back_project(
            self.task,
            translated,
            [[next(flat) for _ in of_row] for of_row in variants],
            self.projector,
            source=self.source,
            target=self.target,
            candidates=for_ensemble or self.options.num_hypotheses > 1,
        )
        averaged = (average(self.task, of_row) for of_row in back_projected)
        predictions = [
            replace(prediction, flags=(*prediction.flags, *row.flags))
            for row, prediction in zip(translated, averaged, strict=True)
        ]
        return self._back_translate(predictions) if self.task == "text" else predictions

    def combine(
        self, predictions: Sequence[Prediction], others: Sequence[Prediction], weight: float
    ) -> list[Prediction]:
        """The ensembles of `predictions` and `others` on the same rows, the latter with
        `weight`."""
        return [
            ensemble(self.task, prediction, other, weight)
            for prediction, other in zip(predictions, others, strict=True)
        ]

    def _back_translate(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Predicted text in the rows' language."""
        from translators.sentences import split_sentences

        texts = translate_documents(
            [prediction.target or "" for prediction in predictions],
            self.target,
            self.source,
            self.translator,
            replace(self.options, num_hypotheses=1),
            split_sentences,
        )
        return [
            replace(
                prediction,
                target=best.text,
                flags=(*prediction.flags, *(f"back-translation-{flag}" for flag in best.flags)),
            )
            for prediction, (best, *_) in zip(predictions, texts, strict=True)
        ]


def _translated_row(
    row: Row, texts: list[DocumentTranslation], pairs: list[DocumentTranslation]
) -> TranslatedRow:
    count = max(len(texts), len(pairs))
    return TranslatedRow(
        row,
        tuple(texts[min(k, len(texts) - 1)] for k in range(count)),
        tuple(pairs[min(k, len(pairs) - 1)] for k in range(count)) if pairs else (),
    )
