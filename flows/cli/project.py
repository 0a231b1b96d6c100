"""`labelferry project`: labels projected onto translations that exist already."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from augmentation.projection.config import ProjectConfig
from corpora.choices import Task
from flows.cli.arguments import (
    Columns,
    Delimiter,
    Encoding,
    Offsets,
    OnBadRows,
    Quoting,
    check_outputs,
    option,
    parse_columns,
    quoted,
    stream,
)
from flows.cli.messages import say
from flows.cli.options import Overrides, takes_settings

if TYPE_CHECKING:
    from augmentation.projection.project import ProjectionResult
    from corpora.writers import WriteReport


class _Reading(TypedDict):
    """How the rows and their translations are read."""

    task: Task
    delimiter: str | None
    encoding: str | None
    quoting: bool | None
    max_chars: int | None


_Format = Annotated[str | None, option("Format of SOURCE.", default="by its name", metavar="NAME")]
_TargetsFormat = Annotated[
    str | None,
    option(
        "Format of the translations.",
        default="by its name; lines if that tells nothing",
        metavar="NAME",
    ),
]
_OutFormat = Annotated[str | None, option("Format of OUT.", default="by its name", metavar="NAME")]


@takes_settings(ProjectConfig)
def project(
    source_file: Annotated[Path, stream("Labelled rows, in any format.", metavar="SOURCE")],
    /,
    *,
    targets: Annotated[Path, stream("Their translations: one per line, or rows.", metavar="FILE")],
    out: Annotated[
        Path,
        option("Where the labelled translations go; the name tells the format.", metavar="FILE"),
    ],
    source: Annotated[str, option("Language of SOURCE, a BCP 47 tag.", metavar="LANG")],
    target: Annotated[str, option("Language of the translations, a BCP 47 tag.", metavar="LANG")],
    task: Annotated[Task, option("What the rows are labelled for.")] = "tokens",
    format: _Format = None,
    targets_format: _TargetsFormat = None,
    columns: Columns = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    quoting: Quoting = None,
    offsets: Offsets = None,
    on_error: OnBadRows = "error",
    out_format: _OutFormat = None,
    settings: Overrides,
) -> int:
    """Project the spans of SOURCE onto its translations: a text file with one translation per line,
    or rows of any format with the same ids (or, without ids in common, in the same order).

      labelferry project en.conll --targets es.txt --source en --target es --out es.conll
      labelferry project en.tsv --targets es.txt --source en --target es --alignments a.talp \\
          --out es.jsonl

    Rows with a span that cannot be placed, questions with no answer that can, and with --on-error
    skip bad rows go to OUT.dropped.jsonl, with the reason. Rows with a second text or a free-text
    target need translations that are rows and have one too.
    """
    from augmentation.pipeline.configuration import validate
    from augmentation.projection.project import project as run
    from augmentation.projection.project import read_translations
    from corpora.readers import ColumnMapping, open_corpus
    from corpora.text.languages import normalise_tag
    from corpora.writers import find_writer

    config = validate(ProjectConfig, settings)
    source, target = normalise_tag(source), normalise_tag(target)
    find_writer(out, out_format, task)
    dropped = out.with_name(out.name + ".dropped.jsonl")
    check_outputs(
        {"--out": out, "the file of dropped rows": dropped},
        {
            "SOURCE": source_file,
            "--targets": targets,
            "--alignments": config.alignments,
            "--priors": config.priors,
        },
    )
    how: _Reading = {
        "task": task,
        "delimiter": delimiter,
        "encoding": encoding,
        "quoting": quoted(quoting),
        "max_chars": config.max_chars,
    }
    mapping = ColumnMapping.of(parse_columns(columns) if columns is not None else {})
    like: dict[str, Any] = {"lang": source, "format": format, "offsets": offsets}
    like["on_error"] = on_error
    rows, rejected = open_corpus(source_file, columns=mapping, **like, **how).all_rows()
    translations = read_translations(targets, lang=target, format=targets_format, **how)
    result = run(rows, translations, config, task=task, file=str(targets), rejected=rejected)
    report = result.write(out, format=out_format)
    _summarize(result, out, report, dropped)
    return 0


def _summarize(result: ProjectionResult, out: Path, report: WriteReport, dropped: Path) -> None:
    """Write the dropped rows to `dropped`; print how many there are, on standard error."""
    result.write_dropped(dropped)
    say(
        f"{result.rows_in} rows in, {report.rows} kept, {len(result.dropped)} dropped; "
        f"{result.placed} of {result.spans} spans placed; "
        f"{result.rows_in / max(result.seconds, 1e-9):.0f} rows per second",
        sys.stderr,
    )
    for note, count in sorted(report.notes.items()):
        say(f"{out}: {note}: {count}", sys.stderr)
    if result.dropped:
        say(f"dropped rows are in {dropped}", sys.stderr)
