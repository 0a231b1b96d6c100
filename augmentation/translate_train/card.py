"""The data set card of an export."""

from __future__ import annotations

import yaml

from augmentation.reporting.labels import LABEL_CHARS
from augmentation.translate_train.setup import TranslateTrainSetup
from augmentation.translate_train.summary import RunSummary, TargetSummary
from corpora.readers.inputs import input_name
from corpora.text.markdown import escape_markdown
from corpora.text.shortened import shortened

LABELS_FILE = "labels/spans.parquet"
"""The counts of all labels in the folder of an export, where the card does not show them all; in a
folder of its own, so that it is not taken for rows."""
TASK_CATEGORIES = {
    "classification": "text-classification",
    "pair": "text-classification",
    "tokens": "token-classification",
    "qa": "question-answering",
    "text": "text-generation",
}
"""Tasks as dataset hubs call them."""
_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
)  # fmt: skip


def dataset_card(setup: TranslateTrainSetup, summary: RunSummary, of_target: TargetSummary) -> str:
    """The card of the export `of_target` of the run that `setup` describes and `summary` counts.

    It has the YAML header that dataset hubs and `datasets` read. The same run gives the same card,
    byte for byte.
    """
    config = setup.config
    header = yaml.safe_dump(
        {
            "language": [of_target.target],
            "license": config.licence or "unknown",
            "task_categories": [TASK_CATEGORIES[config.task]],
            "size_categories": [size_category(of_target.kept)],
            "tags": ["machine-translated", "translate-train"],
            "source_datasets": [input_name(config.input)],
        },
        sort_keys=False,
        allow_unicode=True,
    )
    return f"---\n{header}---\n\n" + "\n".join(_card_lines(setup, summary, of_target)) + "\n"


def size_category(rows: int) -> str:
    """The size category of a data set of `rows` rows, as hubs write it."""
    return next((name for limit, name in _SIZES if rows < limit), "n>1B")


def _card_lines(
    setup: TranslateTrainSetup, summary: RunSummary, of_target: TargetSummary
) -> list[str]:
    config = setup.config
    dropped = of_target.dropped.total()
    lines = [
        f"# {config.run_name}: {config.source} to {of_target.target}",
        "",
        f"{of_target.kept} rows, made from {summary.rows_in} rows of "
        f"{escape_markdown(input_name(config.input))} by machine translation; the labels were "
        "projected onto the translations. The columns of a "
        "row say what it was made from.",
        "",
        "## How it was made",
        "",
        f"- Task: {config.task}",
        f"- Languages: {config.source} to {of_target.target}"
        + (f", through {config.pivot} where no model is direct" if config.pivot else ""),
        f"- Beam: {config.decoding.beam_size}; compute type: {config.decoding.compute_type}; "
        f"seed: {config.seed}",
    ]
    for name, digest in setup.translation.models.hashes.items():
        licence = setup.translation.models.licences.get(name)
        terms = f", licence: {escape_markdown(licence)}" if licence else ""
        lines.append(f"- Model: {name}, SHA-256 {digest}{terms}")
    if setup.translation.projector is not None:
        lines.append(
            f"- Spans projected by: {setup.translation.projector}; a span that cannot be placed: "
            f"{config.projection.unplaced}"
        )
    lines += [f"- Input (BLAKE2b-128): {setup.input.content_hash}", "", "## Rows", ""]
    lines += [f"{summary.rows_in} in, {of_target.kept} kept, {dropped} dropped.", ""]
    if dropped:
        lines += ["| dropped because | rows |", "|---|---|"]
        lines += [f"| {reason} | {count} |" for reason, count in sorted(of_target.dropped.items())]
        lines.append("")
    if of_target.spans:
        shown = of_target.labels.most_frequent()
        lines += ["## Spans", "", "| label | in the source | projected |", "|---|---|---|"]
        lines += [
            f"| {escape_markdown(shortened(label, LABEL_CHARS))} | {count} "
            f"| {of_target.placed[label]} |"
            for label, count in sorted((label, of_target.spans[label]) for label in shown)
        ]
        lines.append("")
        if more := of_target.labels.rest(f"`{LABELS_FILE}`"):
            lines += [more, ""]
    return lines
