"""The predictions for the rows of a shard, and the file `predictions.jsonl` of all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from augmentation.pipeline.shards import checksum, read_rows
from augmentation.translate_test.back_projection import TranslatedRow
from augmentation.translate_test.setup import TranslateTestSetup
from corpora.fingerprint import fingerprint
from corpora.predictions import Prediction, prediction_to_json
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches
from corpora.storage import replacing

READ, ANSWER = "10-ingest", "50-answer"
PREDICTIONS_FILE = "predictions.jsonl"
ANSWER_SCHEMA = pa.schema([pa.field("line", pa.string(), nullable=False)])
"""Predictions as they are written: one JSON object per row."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The prediction for a row, and the translation that it was made on."""

    prediction: Prediction
    translated: TranslatedRow

    def line(self) -> str:
        """One line of `predictions.jsonl`."""
        row, best = self.translated.row, self.translated.texts[0]
        values = prediction_to_json(self.prediction) | {
            "lang": row.lang,
            "text": row.text,
            "translation": best.text,
            "translation_score": round(best.score, 6),
        }
        if row.text_pair is not None:
            values["text_pair"] = row.text_pair
            values["translation_pair"] = self.translated.pairs[0].text
        if len(self.translated.texts) > 1:
            values["translations"] = [text.text for text in self.translated.texts]
        return json.dumps(values, ensure_ascii=False)


def answer(ref: ShardRef, setup: TranslateTestSetup) -> ShardRef:
    """Predict for the rows of the shard `ref`, as `setup` says."""
    out = ref.next(ANSWER)
    made_from = fingerprint(["answer", checksum(ref), setup.fingerprinted()])
    if is_done(out, made_from):
        return out
    predictor, other = setup.load_predictors()
    round_trip = setup.round_trip()
    rows = read_rows(ref)
    with ShardWriter(out, made_from, schema=ANSWER_SCHEMA) as writer:
        translated = round_trip.translate(rows)
        predictions = round_trip.predict(translated, predictor, for_ensemble=other is not None)
        if other is not None:
            weight = setup.config.ensemble_weight
            predictions = round_trip.combine(predictions, other.predict(rows), weight)
        lines = [
            Answer(prediction, row).line()
            for prediction, row in zip(predictions, translated, strict=True)
        ]
        batch = pa.RecordBatch.from_pydict({"line": lines}, schema=ANSWER_SCHEMA)
        writer.write(batch, rows_in=len(rows))
    return out


def write_predictions(answered: Sequence[ShardRef], path: Path) -> None:
    """Write the predictions of all `answered` shards, in order, to the file `path`."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for ref in answered:
            for batch in read_batches(ref):
                for line in batch.column("line").to_pylist():
                    out.write(line + "\n")
