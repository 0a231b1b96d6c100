"""`translate`: texts, records or a file to their translations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, overload

from augmentation.pipeline.configuration import validate
from augmentation.pipeline.listener import Listener
from augmentation.reporting.notebook import SHOWN_ROWS, Section, notebook_html
from augmentation.reporting.tables import Column, Table
from augmentation.translation.config import TranslateConfig
from augmentation.translation.files import FileOptions, FileTranslation, translate_file
from augmentation.translation.labels import labels_lost
from augmentation.translation.rejected import RejectedRows
from augmentation.translation.setup import TranslationSetup, resolve_translation
from augmentation.translation.texts import TextSource, format_of
from augmentation.translation.translate import translate_records
from corpora.errors import UserError
from corpora.readers.memory import ArrowData, batches_of, holds_arrow
from corpora.records import Row
from corpora.text.languages import normalise_tag

Texts = ArrowData | Iterable[str] | Iterable[Row] | Iterable[Mapping[str, Any]]
"""Texts in memory, alone or as a field of rows."""


@dataclass(frozen=True, slots=True)
class Translations(Sequence[str]):
    """The best translation of each text; `records` have all that there is."""

    records: list[dict[str, Any]]
    """Each input record (a text alone is one with the field `text`) with its translation added."""
    field: str
    into: str

    @property
    def texts(self) -> list[str]:
        """The best translation of each text."""
        return [_best(record[self.into]) for record in self.records]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self.texts[index]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def _repr_html_(self) -> str:
        flags = f"{self.into}_flags"
        rows = tuple(
            (record[self.field], _best(record[self.into]), ", ".join(record.get(flags, ())))
            for record in islice(self.records, SHOWN_ROWS)
        )
        columns = (
            Column(self.field, "text"), Column(self.into, "text"), Column("flags", "words")
        )  # fmt: skip
        note = f"{len(self)} translations"
        return notebook_html(Section(note, Table("First translations", columns, rows)))


@overload
def translate(
    data: Path,
    *,
    source: str,
    target: str,
    out: str | Path,
    listener: Listener | None = None,
    **settings: Any,
) -> FileTranslation: ...
@overload
def translate(
    data: Texts,
    *,
    source: str,
    target: str,
    out: None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> Translations: ...
def translate(
    data: Path | Texts,
    *,
    source: str,
    target: str,
    out: str | Path | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> FileTranslation | Translations:
    """Translate `data` from `source` to `target` (BCP 47 tags).

    `data` is an iterable of texts, of dictionaries or of `Row`s, or a frame, table or data set with
    a field of texts; the result is `Translations`. A `Path` is a file of lines or JSON Lines:
    it goes to the file `out` in bounded memory, and `listener` is told how that goes. `settings`
    are those of `TranslateConfig`. Raises `UserError` for what cannot be translated, and
    `TypeError` for data of another kind: a single string too, which may be a text or a file's name.
    """
    config = validate(TranslateConfig, settings)
    source, target = normalise_tag(source), normalise_tag(target)
    setup = resolve_translation(config, task="text", source=source, seed=config.seed)
    if isinstance(data, Path):
        if out is None:
            raise TypeError("the translations of a file go to a file: give `out`")
        return _translate_file(data, Path(out), setup, target, config, listener)
    if out is not None:
        raise TypeError("only the translations of a file go to `out`: give a Path as data")
    records = translate_records(
        _records(data, config.field, config.into),
        setup,
        target,
        field=config.field,
        into=config.into,
        n_best=config.n_best,
        split=config.split,
    )
    return Translations(records, config.field, config.into)


def _translate_file(
    data: Path,
    out: Path,
    setup: TranslationSetup,
    target: str,
    config: TranslateConfig,
    listener: Listener | None,
) -> FileTranslation:
    kind = config.format or format_of(data)
    return translate_file(
        TextSource(data, kind, config.field, config.into, skips=config.on_error == "skip"),
        out,
        setup,
        target,
        rejected=RejectedRows(config.rejected or out.with_name(f"{out.name}.rejected.jsonl")),
        options=FileOptions(config.into, config.n_best, config.split),
        listener=listener,
    )


def _records(data: Texts, field: str, into: str) -> Iterator[Mapping[str, Any]]:
    """The records in `data`, all of which have a text in `field`, to be translated `into` one."""
    if isinstance(data, str):
        raise TypeError("a string may be a text or a file: give [text], or Path(file)")
    if holds_arrow(data):
        items: Iterable[Any] = (row for batch in batches_of(data) for row in batch.to_pylist())
    elif isinstance(data, Iterable):
        items = data
    else:
        raise TypeError(f"{type(data).__name__}: no texts")
    for number, item in enumerate(items, 1):
        item = item.as_py() if hasattr(item, "as_py") else item  # of an Arrow array
        if isinstance(item, str):
            yield {field: item}
            continue
        if isinstance(item, Row):
            item = {"id": item.id, "text": item.text}
        elif not isinstance(item, Mapping):
            raise TypeError(f"item {number} is a {type(item).__name__}, no text and no row")
        if not isinstance(item.get(field), str):
            problem = f"no text in the field {field!r}"
            raise UserError(problem, file="rows in memory", row=number, choices=map(str, item))
        if (lost := labels_lost(item, field, into)) is not None:
            raise UserError(lost, file="rows in memory", row=number)
        yield item


def _best(translation: str | list[str]) -> str:
    return translation if isinstance(translation, str) else translation[0]
