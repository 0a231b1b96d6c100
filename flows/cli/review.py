"""`labelferry review`: rows of a run that people look at, and their corrections."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App

from flows.cli.arguments import Number, option
from flows.cli.messages import say

if TYPE_CHECKING:
    from augmentation.review.estimate import Estimate
    from augmentation.review.run import ReviewImport

review = App(
    name="review",
    help_epilogue="""\
Export the rows that are most likely wrong, with some at random; correct them in the page or in your
tool for labelling; import what it exports. The corrected rows are written with `gold` in their
meta, and later runs of the same languages use what people corrected.""",
)
_Run = Annotated[Path, option("Run folder.", metavar="RUN")]
_Target = Annotated[
    str | None, option("Which language.", default="the run's only one", metavar="LANG")
]


@review.command(help="write the rows that people should look at")
def export(
    run: _Run,
    /,
    *,
    for_: Annotated[
        Literal["html", "label-studio", "argilla", "doccano", "prodigy"],
        option("Tool to review with; html is a page that needs nothing else.", "--for"),
    ] = "html",
    least_sure: Annotated[
        int, option("How many of the most doubtful rows.", number=Number(0))
    ] = 200,
    random: Annotated[
        int | None,
        option(
            "How many rows at random from the others, to estimate how many of those are wrong.",
            number=Number(0),
            default="a quarter of --least-sure, 30 at least",
        ),
    ] = None,
    dropped: Annotated[
        bool,
        option(
            "As many rows, at random, that the run dropped: people may take them in.", negative=()
        ),
    ] = False,
    target: _Target = None,
) -> int:
    """Write the rows of a finished run that people should look at, the most doubtful first. The
    same options give the same rows."""
    from augmentation.review.run import review_export

    exported = review_export(
        run, for_, least_sure=least_sure, at_random=random, dropped=dropped, target=target
    )
    for path in exported.files:
        say(str(path))
    queue, drawn = exported.queue, exported.drawn
    others = queue.rows - drawn["least-sure"]
    say(f"{drawn['least-sure']} least sure rows of {queue.rows}")
    say(f"{drawn['random']} at random of the other {others}")
    if dropped:
        say(f"{drawn['dropped']} at random of {queue.dropped} that were dropped")
    return 0


@review.command(name="import", help="take in what people corrected")
def import_(
    run: _Run,
    corrections: Annotated[
        list[Path], option("What the tool exported; may be repeated.", metavar="CORRECTIONS")
    ],
    /,
    *,
    out: Annotated[
        Path | None,
        option(
            "File for the corrected rows; its name says the format.",
            default="RUN/export/LANG.reviewed.jsonl",
            metavar="FILE",
        ),
    ] = None,
    target: _Target = None,
    memory: Annotated[
        str | None,
        option(
            "Folder of the translation memory that learns the corrections, or off.",
            default="that of the run",
            metavar="FOLDER",
        ),
    ] = None,
) -> int:
    """Take in what people corrected: write the rows again, and teach later runs. Every span is
    checked against its text; where something does not fit, nothing is written."""
    from augmentation.review.run import review_import

    result = review_import(run, corrections, out=out, target=target, memory=memory)
    for path, count in result.export.files.items():
        say(f"{count} rows to {path}")
    say(
        f"{result.rows_in} rows in, {result.rows_out} out, {result.dropped} dropped"
        + (f" (in {result.removed})" if result.removed else "")
    )
    _say_changes(result)
    _say_estimates(result)
    if result.memory is None:
        say("note: the run has no translation memory, so later runs learn nothing", sys.stderr)
    else:
        say(f"{result.sentences} sentences and {result.spans} spans are new in {result.memory}")
    if result.unpaired:
        say(
            f"note: {result.unpaired} changed texts are in the rows alone, because their sentences "
            "are not as many as those of the source",
            sys.stderr,
        )
    return 0


def _say_changes(result: ReviewImport) -> None:
    changes = result.changes
    say(
        f"reviewed: {changes.accepted} right, {changes.corrected} corrected, {changes.dropped} "
        f"dropped, {changes.rescued} rescued; {changes.translations} translations changed; "
        f"{result.not_reviewed} not reviewed"
    )
    names = ("kept", "moved", "relabelled", "removed", "added")
    for labels in (changes.spans, changes.labels):
        for label, of_label in sorted(labels.items()):
            counts = [f"{getattr(of_label, n)} {n}" for n in names if getattr(of_label, n)]
            say(f"  {label}: {', '.join(counts)}")
    for pair, count in changes.relabelled.most_common():
        say(f"  {pair}: {count}")


def _say_estimates(result: ReviewImport) -> None:
    estimates = result.estimates
    _say_rate("wrong among the rows that were not least sure", estimates.rest)
    _say_rate("with a wrong label among them", estimates.rest_labels)
    _say_rate("wrong in the whole run, before the review", estimates.run)
    _say_rate("right among the rows that were dropped", estimates.rescued)
    if estimates.open:
        say(f"note: {estimates.open} of the least sure rows were not reviewed; no estimate is "
            "about them", sys.stderr)  # fmt: skip
    if estimates.rest is None:
        say(
            "note: no row drawn at random was reviewed, so nothing is known of the rest", sys.stderr
        )


def _say_rate(what: str, rate: Estimate | None) -> None:
    if rate is not None:
        say(f"{what}: {rate.rate:.1%} (95% interval {rate.low:.1%} to {rate.high:.1%}, "
            f"{rate.reviewed} of {rate.rows} reviewed)")  # fmt: skip
