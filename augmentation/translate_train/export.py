"""The export of a run: a folder of Parquet files for trainers, with a data set card."""

from __future__ import annotations

from pathlib import Path

from augmentation.pipeline.shards import checksum
from augmentation.translate_train.card import LABELS_FILE, dataset_card
from augmentation.translate_train.layout import export_folder, export_of, filter_step
from augmentation.translate_train.runs import final_batches
from augmentation.translate_train.setup import TranslateTrainSetup
from augmentation.translate_train.summary import summarize
from corpora.fingerprint import fingerprint
from corpora.shards import list_shards
from corpora.storage import write_text
from corpora.writers import write_dataset_batches

VERSION = 1


def export_run(setup: TranslateTrainSetup, target: str) -> Path:
    """Write the export of the run that `setup` describes to `target`: Parquet files by split, and
    the card. An export that is done is left as it is."""
    export = export_of(setup.run, target)
    folder = export_folder(setup.run, target)
    summary = summarize(setup.run, setup.targets)
    of_target = next(t for t in summary.targets if t.target == target)
    card = dataset_card(setup, summary, of_target)
    shards = list_shards(setup.run, filter_step(target))
    made_from = fingerprint(["export", VERSION, card, list(map(checksum, shards))])
    if export.is_done(made_from):
        return folder
    export.forget()
    write_dataset_batches(final_batches(setup.run, target), folder)
    of_target.labels.write(folder / LABELS_FILE)
    write_text(folder / "README.md", card)
    export.note_done(made_from)
    return folder
