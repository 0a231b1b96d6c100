"""A finished run as a notebook shows it: counts, and rows with their spans highlighted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from augmentation.reporting.html import SHOWN_ROWS, rows_html, table_html, text_html
from augmentation.translate_train.runs import final_rows
from augmentation.translate_train.summary import RunSummary


def run_html(run: Path, summary: RunSummary) -> str:
    """The counts of `summary` by target language, and the first rows in each of the run folder
    `run`."""
    reasons = sorted({reason for target in summary.targets for reason in target.dropped})
    counts = [
        [
            text_html(target.target),
            str(summary.rows_in),
            str(target.kept),
            str(target.dropped.total()),
            *(str(target.dropped[reason]) for reason in reasons),
            f"{target.placed.total()} of {target.spans.total()}",
        ]
        for target in summary.targets
    ]
    header = ("", "rows in", "kept", "dropped", *reasons, "spans projected")
    parts = [table_html(header, counts)]
    for target in summary.targets:
        parts.append(f"<p><b>{text_html(target.target)}</b></p>")
        parts.append(rows_html(islice(final_rows(run, target.target), SHOWN_ROWS)))
    return "".join(parts)
