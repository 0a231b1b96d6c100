"""The layout of a translate-train run's folder: where each step writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augmentation.pipeline.artifacts import Artifact

INGEST, SEGMENT = "10-ingest", "20-segment"


def translate_step(target: str) -> str:
    """The folder of the translations to `target`."""
    return f"30-translate-{target}"


def project_step(target: str) -> str:
    """The folder of the rows with spans projected onto their translations to `target`."""
    return f"40-project-{target}"


def filter_step(target: str) -> str:
    """The folder of the rows in `target` that passed the filters."""
    return f"50-filter-{target}"


def steps_to(target: str) -> list[str]:
    """The folders of the steps that are made for `target` alone, in order."""
    return [translate_step(target), project_step(target), filter_step(target)]


def all_steps(targets: Sequence[str]) -> list[str]:
    """The folders of all steps of a run to `targets`, in order."""
    return [INGEST, SEGMENT, *(step for target in targets for step in steps_to(target))]


def dropping_steps(target: str) -> list[str]:
    """The folders of the steps that may drop rows on the way to `target`."""
    return [INGEST, project_step(target), filter_step(target)]


def report_path(run: Path) -> Path:
    """The report of the run in the folder `run`, which is written last."""
    return run / "report.html"


def labels_path(run: Path, target: str) -> Path:
    """The counts of all labels of a run to `target` in the folder `run`, beside its report."""
    return run / f"labels-{target}.parquet"


def export_of(run: Path, target: str) -> Artifact:
    """The export to `target` of the run in the folder `run`."""
    folder = run / "export" / target
    return Artifact(folder, folder.with_name(f".{target}.json"))


def export_folder(run: Path, target: str) -> Path:
    """The folder of the export to `target` of the run in the folder `run`."""
    return run / "export" / target


def whole_input_of(run: Path) -> Artifact:
    """The record that the run in the folder `run` read its whole input, and how many shards."""
    return Artifact(None, run / INGEST / "all.json")
