"""A finished run as a notebook shows it: counts, and rows with their spans highlighted."""

from __future__ import annotations

from pathlib import Path

from augmentation.reporting.notebook import Section, first_rows, notebook_html
from augmentation.reporting.tables import Column, Table
from augmentation.translate_train.runs import final_rows
from augmentation.translate_train.summary import RunSummary


def run_html(run: Path, summary: RunSummary) -> str:
    """The counts of `summary` by target language, and the first rows in each of the run folder
    `run`."""
    reasons = sorted({reason for target in summary.targets for reason in target.dropped})
    counts = tuple(
        (
            target.target,
            str(summary.rows_in),
            str(target.kept),
            str(target.dropped.total()),
            *(str(target.dropped[reason]) for reason in reasons),
            f"{target.placed.total()} of {target.spans.total()}",
        )
        for target in summary.targets
    )
    numbers = ("rows in", "kept", "dropped", *reasons, "spans projected")
    columns = (Column("language", "name"), *map(Column, numbers))
    samples = [
        first_rows(f"First rows in {target.target}", final_rows(run, target.target))
        for target in summary.targets
    ]
    return notebook_html(Section(table=Table("Rows by language", columns, counts)), *samples)
