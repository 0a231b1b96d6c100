"""The export of a run: a folder for trainers, with a data set card; other formats on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import yaml

from augmentation import steps
from augmentation.config import Settings
from augmentation.highlight import visible
from augmentation.summary import RunSummary, TargetSummary, summarize
from corpora.batches import batch_to_rows
from corpora.fingerprint import fingerprint, path_hash
from corpora.records import Row
from corpora.shards import list_shards, read_batches
from corpora.storage import write_text
from corpora.writers import write_dataset_batches

VERSION = 1
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


def export_folder(run: Path, target: str) -> Path:
    """Where the export to `target` lies."""
    return run / "export" / target


def export_run(settings: Settings, target: str) -> Path:
    """Write `export/<target>/`: Parquet files by split, and the card; leave it if it is there."""
    folder = export_folder(settings.run, target)
    summary = summarize(settings)
    own = next(one for one in summary.targets if one.target == target)
    card = dataset_card(settings, summary, own)
    shards = list_shards(settings.run, steps.filter_step(target))
    made_from = fingerprint(["export", VERSION, card, [steps.checksum(ref) for ref in shards]])
    note = folder.parent / f".{target}.json"
    if note.is_file() and note.read_text(encoding="utf-8") == _note(made_from, folder):
        return folder
    note.unlink(missing_ok=True)
    write_dataset_batches(final_batches(settings.run, target), folder)
    write_text(folder / "README.md", card)
    write_text(note, _note(made_from, folder))
    return folder


def _note(made_from: str, folder: Path) -> str:
    """What an export was made from, and what it is."""
    facts = {"fingerprint": made_from, "checksum": path_hash(folder) if folder.is_dir() else ""}
    return json.dumps(facts, indent=1) + "\n"


def final_batches(run: Path, target: str) -> Iterator[pa.RecordBatch]:
    """The rows of a run's last step, shard by shard."""
    for ref in list_shards(run, steps.filter_step(target)):
        yield from read_batches(ref)


def final_rows(run: Path, target: str) -> Iterator[Row]:
    """The rows of a run's last step."""
    for batch in final_batches(run, target):
        yield from batch_to_rows(batch)


def dataset_card(settings: Settings, summary: RunSummary, own: TargetSummary) -> str:
    """A card with the YAML header that dataset hubs and `datasets` read.

    Nothing in it changes from one run of the same thing to the next.
    """
    config = settings.config
    header = yaml.safe_dump(
        {
            "language": [own.target],
            "license": config.licence or "unknown",
            "task_categories": [TASK_CATEGORIES[config.task]],
            "size_categories": [size_category(own.kept)],
            "tags": ["machine-translated", "translate-train"],
            "source_datasets": [config.input.name],
        },
        sort_keys=False,
        allow_unicode=True,
    )
    return f"---\n{header}---\n\n" + "\n".join(_card_lines(settings, summary, own)) + "\n"


def size_category(rows: int) -> str:
    """The size of a data set as hubs write it."""
    return next((name for limit, name in _SIZES if rows < limit), "n>1B")


def _cell(text: str) -> str:
    """`text` where it ends no cell of a Markdown table and no row."""
    return visible(text).replace("|", "\\|")


def _card_lines(settings: Settings, summary: RunSummary, own: TargetSummary) -> list[str]:
    config = settings.config
    dropped = own.dropped.total()
    lines = [
        f"# {config.run_name}: {config.source} to {own.target}",
        "",
        f"{own.kept} rows, made from {summary.rows_in} rows of `{config.input.name}` by machine "
        "translation; the labels were carried over. Each row says in its columns what it came "
        "from.",
        "",
        "## How it was made",
        "",
        f"- Task: {config.task}",
        f"- Languages: {config.source} to {own.target}"
        + (f", by way of {config.pivot} where needed" if config.pivot else ""),
        f"- Beam: {config.decoding.beam_size}; compute type: {config.decoding.compute_type}; "
        f"seed: {config.seed}",
    ]
    for name, digest in settings.model.hashes.items():
        licence = settings.model.licences.get(name)
        lines.append(f"- Model: {name}, SHA-256 {digest}" + (f", {licence}" if licence else ""))
    if settings.projector is not None:
        lines.append(
            f"- Spans projected by: {settings.projector}; a span that cannot be placed: "
            f"{config.projection.unplaced}"
        )
    lines += [f"- Input (BLAKE2b-128): {settings.input_hash}", "", "## Rows", ""]
    lines += [f"{summary.rows_in} in, {own.kept} kept, {dropped} dropped.", ""]
    if dropped:
        lines += ["| dropped because | rows |", "|---|---|"]
        lines += [f"| {reason} | {count} |" for reason, count in sorted(own.dropped.items())]
        lines.append("")
    if own.spans:
        lines += ["## Spans", "", "| label | in the source | carried over |", "|---|---|---|"]
        lines += [
            f"| {_cell(label)} | {count} | {own.placed[label]} |"
            for label, count in sorted(own.spans.items())
        ]
        lines.append("")
    return lines
