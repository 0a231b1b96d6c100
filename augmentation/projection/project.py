"""Spans of labelled rows projected onto translations that exist already."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alignment.protocol import ProjectionInput, SpanProjector
from alignment.rows import as_input, pair_up, project_rows, token_pair
from augmentation.projection.aligners import given_links, open_aligner, with_attention
from augmentation.projection.config import ProjectConfig
from augmentation.projection.sentences import with_sentences
from augmentation.reporting.notebook import first_rows, notebook_html
from corpora.choices import Task
from corpora.errors import UserError
from corpora.records import DroppedRow, Row
from corpora.writers import write_corpus
from corpora.writers.options import WriteReport


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """Rows in = `kept` + `dropped`; `placed` of the `spans` source spans were projected."""

    task: Task
    kept: list[Row]
    dropped: list[DroppedRow]
    spans: int
    placed: int
    seconds: float
    """How long projecting took."""

    @property
    def rows_in(self) -> int:
        """Rows kept and dropped."""
        return len(self.kept) + len(self.dropped)

    def write(self, path: Path, *, format: str | None = None) -> WriteReport:
        """Write the rows that were kept to `path` in `format`, by default that of its name.

        Raises `UserError` for what `corpora.writers.write_corpus` does.
        """
        return write_corpus(self.kept, path, format=format, task=self.task)

    def write_dropped(self, path: Path) -> None:
        """Write dropped rows to `path` as JSON Lines, with their reasons in `meta`; where there are
        none, no file is left there."""
        if not self.dropped:
            path.unlink(missing_ok=True)
            return
        write_corpus(
            [
                replace(
                    dropped.row,
                    meta={
                        **dropped.row.meta,
                        "drop_reason": dropped.reason,
                        "drop_detail": dropped.detail,
                    },
                )
                for dropped in self.dropped
            ],
            path,
            format="jsonl",
        )

    def _repr_html_(self) -> str:
        note = (
            f"{self.rows_in} rows in, {len(self.kept)} kept, {len(self.dropped)} dropped; "
            f"{self.placed} of {self.spans} spans placed"
        )
        return notebook_html(first_rows("First rows", self.kept, note))


def project(
    sources: Sequence[Row],
    translations: Sequence[Row],
    config: ProjectConfig,
    *,
    task: Task,
    file: str = "translations",
    rejected: Sequence[DroppedRow] = (),
) -> ProjectionResult:
    """Project the spans of `sources`, labelled for `task`, onto their `translations`.

    Rows are paired by their ids or, without ids in common, in order. `config` says how spans are
    placed. `file` is what error messages call the translations. `rejected` are rows that were bad
    when they were read: their translations are left out, and they are dropped in the result.
    Raises `UserError` for rows without a partner, for a row with a text that its translation
    lacks, and for models and files of `config` that do not exist or do not fit.
    """
    translations = _without_rejected(sources, translations, rejected)
    pairs = pair_up(sources, translations, file)
    inputs = [as_input(source, target, source.spans) for source, target in pairs]
    started = time.perf_counter()
    projector, inputs = _open_projector(config, pairs, inputs)
    projected = project_rows(
        pairs, inputs, projector, config.unplaced == "drop-row", overlapping=task == "qa"
    )
    seconds = time.perf_counter() - started
    return ProjectionResult(
        task,
        projected.kept,
        [*rejected, *projected.dropped],
        projected.spans,
        projected.placed,
        seconds,
    )


def _without_rejected(
    sources: Sequence[Row], translations: Sequence[Row], rejected: Sequence[DroppedRow]
) -> Sequence[Row]:
    """`translations` without those of `rejected` rows, by their ids or, where `sources` have none
    in common with them, by where the rows were."""
    if not rejected:
        return translations
    ids = {row.id for row in translations}
    if any(row.id in ids for row in sources):
        bad = {dropped.row.id for dropped in rejected}
        return [row for row in translations if row.id not in bad]
    places = {dropped.position for dropped in rejected}
    return [row for place, row in enumerate(translations) if place not in places]


def translation_rows(
    texts: Iterable[str],
    lang: str,
    *,
    file: str | Path | None = None,
    max_chars: int | None = None,
) -> list[Row]:
    """Rows in `lang` of one of `texts` each, paired with their sources by their order alone.

    Raises `UserError`, naming `file` and the line, for an empty text, and for one of more than
    `max_chars` characters.
    """
    rows = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            raise UserError("an empty translation", file=file, line=number)
        if max_chars is not None and len(text) > max_chars:
            problem = f"{len(text):,} characters, more than the {max_chars:,} of --max-chars"
            raise UserError(problem, file=file, line=number)
        rows.append(Row(f"\0{number}", lang, text))
    return rows


def read_translations(
    path: Path,
    *,
    task: Task,
    lang: str,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    quoting: bool | None = None,
    max_chars: int | None = None,
) -> list[Row]:
    """The translations in the file `path` as rows in `lang`; of a text file, each line
    is a row, for any `task`.

    `format`, `delimiter`, `encoding`, `quoting` and `max_chars` are those of
    `corpora.readers.open_corpus`; a name without a known ending is that of a text file. Raises
    `UserError` for a file that is missing or unreadable.
    """
    from corpora.readers import FORMATS, open_corpus
    from corpora.readers.inputs import listed_inputs
    from corpora.readers.options import checked_encoding
    from corpora.readers.pipes import regular_file
    from corpora.readers.streams import format_suffix, text_lines

    paths = [regular_file(part) for part in listed_inputs(path)]
    for part in paths:
        if not part.exists():
            raise UserError("no such file", file=part)
    row_suffixes = {
        suffix for reader in FORMATS.values() if reader.name != "text" for suffix in reader.suffixes
    }
    by_lines = format == "text" or (
        format is None and all(p.is_file() and format_suffix(p) not in row_suffixes for p in paths)
    )
    if by_lines:
        encoding = checked_encoding(encoding)
        return translation_rows(
            (line for part in paths for line in text_lines(part, encoding=encoding)),
            lang,
            file=path,
            max_chars=max_chars,
        )
    corpus = open_corpus(
        paths,
        task=task,
        lang=lang,
        format=format,
        labelled=False,
        delimiter=delimiter,
        encoding=encoding,
        quoting=quoting,
        max_chars=max_chars,
    )
    return list(corpus.rows())


def _open_projector(
    config: ProjectConfig, pairs: Sequence[tuple[Row, Row]], inputs: list[ProjectionInput]
) -> tuple[SpanProjector, list[ProjectionInput]]:
    """The projector of `config`, and `inputs` with the attention or sentences that it needs."""
    from alignment.projectors import load_projector

    options: dict[str, Any] = {}
    translator = None
    if config.uses_translator:
        from translators.open import open_translator

        translator = open_translator(config.model)
        if config.uses_attention:
            inputs = with_attention(inputs, translator)
    if config.uses_aligner:
        inputs = with_sentences(inputs)
        options |= {"complete": config.complete, "minimum_confidence": config.min_confidence}
        if config.alignments is not None:
            tokens = [token_pair(source, target) for source, target in pairs]
            options["aligner"] = given_links(config.alignments, tokens)
        elif config.aligner in ("encoder", "lexical"):
            options["aligner"] = open_aligner(config.aligner, config)
        else:  # the projector finds the alignment itself
            options |= {"aligner": config.aligner, "priors": config.priors}
    if config.projector in ("marker", "candidate"):
        options["translator"] = translator
    if config.projector == "marker":
        from translators.protocol import DecodingOptions

        options["options"] = DecodingOptions()
    return load_projector(config.projector, **options), inputs
