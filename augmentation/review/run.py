"""`review_export` and `review_import`: a finished run's doubtful rows to people, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from augmentation.review.changes import ReviewChanges, summarize_changes
from augmentation.review.corrections import Correction, read_corrections
from augmentation.review.estimate import Estimates, estimate
from augmentation.review.evidence import evidence_of
from augmentation.review.formats import TOOLS
from augmentation.review.queue import Queue, draw_queue
from augmentation.translate_train.finished import check_outside
from augmentation.translate_train.run import TranslateTrainResult
from augmentation.translate_train.runs import FinishedRun, final_rows, open_finished
from augmentation.translation.human import add_records
from corpora.checked_json import write_checked
from corpora.errors import UserError
from corpora.folders import memory_folder
from corpora.readers.inputs import paths_of
from corpora.records import Row
from corpora.storage import check_writable, make_folder
from corpora.writers import write_corpus
from corpora.writers.options import WriteReport

ToolName = Literal["html", "label-studio", "argilla", "doccano", "prodigy"]
RunLike = TranslateTrainResult | str | Path
"""A finished run, as a result or by its folder."""


@dataclass(frozen=True, slots=True)
class ReviewExport:
    """A queue that was written for a tool."""

    files: tuple[Path, ...]
    """The one to open first."""
    queue: Queue

    @property
    def drawn(self) -> Counter[str]:
        """How many rows were drawn in each way."""
        return Counter(item.drawn for item in self.queue.items)


@dataclass(frozen=True, slots=True)
class ReviewImport:
    """What became of a review: `rows_in` = `rows_out` + `dropped`."""

    export: WriteReport
    """Of the corrected rows."""
    rows_in: int
    """Rows of the run, and those it dropped that were reviewed."""
    rows_out: int
    dropped: int
    removed: Path | None
    """Where the rows are that people dropped; None where there are none."""
    report: Path
    changes: ReviewChanges
    estimates: Estimates
    not_reviewed: int
    """Rows of the queue that nobody looked at."""
    memory: Path | None
    """The translation memory that has the corrections; None where there is none."""
    sentences: int
    spans: int
    """Sentences and spans that are new in the memory, or changed."""
    unpaired: int
    """Texts that were changed and could not go to the memory sentence by sentence."""


def review_export(
    run: RunLike,
    tool: ToolName = "html",
    *,
    least_sure: int = 200,
    at_random: int | None = None,
    dropped: bool = False,
    target: str | None = None,
) -> ReviewExport:
    """Write the rows of a finished `run` that people should look at, for one `tool`.

    They are the `least_sure` most doubtful rows, and rows drawn `at_random` from the others, from
    which the error rate of the rest is estimated: by default a quarter as many, 30 at least. With
    `dropped` there are as many rows that the run dropped, which people may take in. `target` is the
    language, by default the run's only one. The files are in `RUN/review/LANG`. The same options
    give the same queue. Raises `UserError` for an unknown tool and a run that is not finished.
    """
    if tool not in TOOLS:
        raise UserError(f"no tool {tool!r} to review with", choices=TOOLS)
    finished, lang = _open(run, target)
    queue = draw_queue(finished, lang, least_sure=least_sure, at_random=at_random, dropped=dropped)
    folder = review_folder(finished, lang)
    make_folder(folder)
    queue.save(folder / "queue.arrow")
    return ReviewExport(tuple(TOOLS[tool].write(queue, folder)), queue)


def review_import(
    run: RunLike,
    corrections: str | Path | Sequence[str | Path],
    *,
    out: str | Path | None = None,
    target: str | None = None,
    memory: str | Path | None = None,
) -> ReviewImport:
    """Take in what people made of the rows that `review_export` wrote of `run`.

    `corrections` are a tool's exports, one or several; every span is checked against its text. The
    rows of the run in the language `target`, corrected, are written to `out`, by default JSON Lines
    in the run's folder `export`: those that people saw have `gold` in their `meta`. Translations
    of sentences that people changed, and the texts of spans, go to the translation memory in the
    folder `memory`, by default that of the run (`off` is none), where later runs find them. Raises
    `UserError`, and writes nothing, for what does not fit, with file and row.
    """
    finished, lang = _open(run, target)
    folder = review_folder(finished, lang)
    queue = Queue.load(folder / "queue.arrow")
    given = [corrections] if isinstance(corrections, str | Path) else list(corrections)
    checked = read_corrections([Path(path) for path in given], queue)
    path = finished.folder / "export" / f"{lang}.reviewed.jsonl" if out is None else Path(out)
    check_outside(path, finished)
    for file in (*paths_of(finished.config.input), *map(Path, given)):
        if path.exists() and file.exists() and path.samefile(file):
            raise UserError("the export would overwrite what is read", file=path)
    check_writable(path)
    _check_run(finished, lang, checked)
    written = write_corpus(_reviewed(finished, lang, checked), path, task=finished.config.task)
    removed = _write_removed(checked, folder / "removed.jsonl")
    records = _remember(finished, lang, checked, _memory(finished, memory))
    changes, estimates = summarize_changes(checked), estimate(queue, checked)
    result = ReviewImport(
        written,
        queue.rows + changes.rescued + changes.left_dropped,
        written.rows,
        changes.dropped + changes.left_dropped,
        removed,
        folder / "report.json",
        changes,
        estimates,
        len(queue.items) - len(checked),
        *records,
    )
    facts = {"changes": asdict(changes), "estimates": asdict(estimates)}
    counts = {"rows_in": result.rows_in, "rows_out": result.rows_out, "dropped": result.dropped}
    write_checked(result.report, {**facts, **counts, "not_reviewed": result.not_reviewed})
    return result


def review_folder(run: FinishedRun, target: str) -> Path:
    """Where a review of `run` in the language `target` is."""
    return run.folder / "review" / target


def _open(run: RunLike, target: str | None) -> tuple[FinishedRun, str]:
    folder = run.run if isinstance(run, TranslateTrainResult) else Path(run)
    finished = open_finished(folder)
    return finished, finished.target(target)


def _check_run(run: FinishedRun, target: str, corrections: Sequence[Correction]) -> None:
    """Raise `UserError` where `run` no longer has the rows that people looked at."""
    waiting = {c.item.row.id: c.item.row for c in corrections if c.item.drawn != "dropped"}
    rescued = {c.item.row.id for c in corrections if c.item.drawn == "dropped"}
    for row in final_rows(run.folder, target):
        old = waiting.pop(row.id, row)
        if row.id in rescued or (old.text, old.spans, old.label) != (
            row.text,
            row.spans,
            row.label,
        ):
            waiting[row.id] = row
            break
    if waiting:
        problem = "the run was made again after the queue was exported: export the queue again"
        raise UserError(problem, file=run.folder, row=next(iter(waiting)))


def _reviewed(run: FinishedRun, target: str, corrections: Sequence[Correction]) -> Iterator[Row]:
    """The rows of `run`, those corrected in their place, and last those that were taken in."""
    by_id = {c.item.row.id: c.row for c in corrections if c.item.drawn != "dropped"}
    for row in final_rows(run.folder, target):
        reviewed = by_id.get(row.id, row)
        if reviewed is not None:
            yield reviewed
    for correction in corrections:
        if correction.item.drawn == "dropped" and correction.row is not None:
            yield correction.row


def _write_removed(corrections: Sequence[Correction], path: Path) -> Path | None:
    removed = [
        replace(row, meta={**row.meta, "drop_reason": "review"})
        for row in (c.item.row for c in corrections if c.row is None)
    ]
    if not removed:
        path.unlink(missing_ok=True)
        return None
    write_corpus(removed, path, format="jsonl")
    return path


def _memory(run: FinishedRun, wanted: str | Path | None) -> Path | None:
    chosen = run.config.memory if wanted is None else wanted
    return None if chosen == "off" else memory_folder() if chosen is None else Path(chosen)


def _remember(
    run: FinishedRun, target: str, corrections: Sequence[Correction], memory: Path | None
) -> tuple[Path | None, int, int, int]:
    """Add to `memory` what `corrections` teach; its folder, how many sentences and spans are new,
    and how many texts could not be cut into pairs of sentences."""
    from translators.sentences import split_sentences

    evidence = evidence_of(run.folder.name, corrections, split_sentences)
    counts = [0, 0]
    if memory is not None:
        for i, kind in enumerate(("sentence", "span")):
            of_kind = [record for record in evidence.records if record.kind == kind]
            counts[i] = add_records(memory, f"{run.config.source}-{target}", of_kind)
    return memory, counts[0], counts[1], evidence.unpaired
