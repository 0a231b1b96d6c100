"""Rows to the predictor's language and predictions back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alignment.protocol import SpanProjector
from augmentation.translate_test.back_projection import TranslatedRow, bring_back
from augmentation.translate_test.merging import average
from augmentation.translate_train.setup import Settings
from augmentation.translation.documents import WholeTranslation, translate_whole
from augmentation.translation.setup import open_projector, translator_of
from corpora.checks import Task
from corpora.predictions import Prediction
from corpora.records import Row
from trainers.protocol import Predictor
from translators.protocol import DecodingOptions, Translator


@dataclass(frozen=True, slots=True)
class Bridge:
    """The way between the rows' language (`source`) and the predictor's (`target`)."""

    task: Task
    source: str
    target: str
    translator: Translator
    projector: SpanProjector | None
    options: DecodingOptions

    def check(self) -> None:
        """Raise `UserError` if the translator lacks a pair of languages that is needed."""
        self.translator.translate([], self.source, self.target, self.options)
        if self.task == "text":
            self.translator.translate([], self.target, self.source, self.options)

    def over(self, rows: Sequence[Row]) -> list[TranslatedRow]:
        """The rows' n-best translations."""
        from translators.sentences import split_sentences

        def translate(texts: Sequence[str]) -> list[list[WholeTranslation]]:
            return translate_whole(
                texts, self.source, self.target, self.translator, self.options, split_sentences
            )

        texts = translate([row.text for row in rows])
        paired = any(row.text_pair is not None for row in rows)
        pairs = translate([row.text_pair or "" for row in rows]) if paired else [[] for _ in rows]
        return [
            _translated(row, own, other if row.text_pair is not None else [])
            for row, own, other in zip(rows, texts, pairs, strict=True)
        ]

    def predict(
        self, translated: Sequence[TranslatedRow], predictor: Predictor, ensemble: bool = False
    ) -> list[Prediction]:
        """The predictor's word on the translations, brought back and averaged; one a row.

        For an `ensemble` with another predictor, what was weighed besides is brought back too.
        """
        variants = [one.variants(self.target) for one in translated]
        said = iter(predictor.predict([row for own in variants for row in own]))
        predictions = [[next(said) for _ in own] for own in variants]
        back = bring_back(
            self.task,
            translated,
            predictions,
            self.projector,
            source=self.source,
            target=self.target,
            candidates=ensemble or self.options.num_hypotheses > 1,
        )
        out = [
            replace(one, flags=(*one.flags, *t.flags))
            for t, one in zip(translated, (average(self.task, own) for own in back), strict=True)
        ]
        return self._home(out) if self.task == "text" else out

    def _home(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Free text in the rows' language."""
        from translators.sentences import split_sentences

        texts = translate_whole(
            [one.target or "" for one in predictions],
            self.target,
            self.source,
            self.translator,
            replace(self.options, num_hypotheses=1),
            split_sentences,
        )
        return [
            replace(
                one,
                target=own[0].text,
                flags=(*one.flags, *(f"back-translation-{flag}" for flag in own[0].flags)),
            )
            for one, own in zip(predictions, texts, strict=True)
        ]


def _translated(
    row: Row, texts: list[WholeTranslation], pairs: list[WholeTranslation]
) -> TranslatedRow:
    count = max(len(texts), len(pairs))
    return TranslatedRow(
        row,
        tuple(texts[min(k, len(texts) - 1)] for k in range(count)),
        tuple(pairs[min(k, len(pairs) - 1)] for k in range(count)) if pairs else (),
    )


def bridge_of(
    settings: Settings, target: str, n_best: int = 1, *, source: str | None = None
) -> Bridge:
    """The bridge of a run that is set up as translate-train from `source` to `target` is."""
    options = settings.options()
    options = replace(options, num_hypotheses=n_best, beam_size=max(options.beam_size, n_best))
    return Bridge(
        settings.config.task,
        source or settings.config.source,
        target,
        translator_of(settings),
        open_projector(settings),
        options,
    )
