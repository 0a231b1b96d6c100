"""Segments' translations put together again to the texts of rows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from alignment.protocol import SegmentAlignment
from augmentation.translation.segments import FIELDS
from augmentation.translation.table import Translations
from translators.sentences import Joint


@dataclass(slots=True)
class Texts:
    """The translated texts of one field, row by row, and how they came about."""

    source: list[str | None]
    target: list[str | None]
    ends: list[int]
    """How far in the source each row has come."""


class Reassembly:
    """Puts translations together again, with the white space that was between the sentences."""

    def __init__(self, batch: pa.RecordBatch, source: str, target: str) -> None:
        self.fields = [
            Texts(values, [None if v is None else "" for v in values], [0] * len(values))
            for values in (batch.column(name).to_pylist() for name in FIELDS)
        ]
        count = batch.num_rows
        self.scores = [0.0] * count
        self.pieces = [0] * count
        self.flags: list[tuple[str, str]] = [("", "")] * count
        self.segments: dict[int, list[SegmentAlignment]] = {}
        self._joint = Joint(source, target)

    def add(
        self,
        row: int,
        number: int,
        start: int,
        end: int,
        translations: Translations,
        which: int,
        aligned: bool,
    ) -> None:
        """Append the translation `which` of `start:end` of field `number`."""
        texts = self.fields[number]
        before = texts.target[row] or ""
        translation = translations.translations[which]
        gap = texts.source[row][texts.ends[row] : start]  # type: ignore[index]
        if before:
            gap = self._joint(gap)
        at = len(before) + len(gap)
        texts.target[row] = before + gap + translation if at else translation
        texts.ends[row] = end
        length = max(1, translations.target_length(which))
        self.scores[row] += translations.scores[which] * length
        self.pieces[row] += length
        if translations.flags[which] and not self.flags[row][0]:
            flag = translations.flags[which].split(",")[0]
            self.flags[row] = (flag, f"{FIELDS[number]} {start}:{end}")
        if aligned:
            self.segments.setdefault(row, []).append(
                SegmentAlignment(
                    _shifted(translations.source_pieces(which), start),
                    _shifted(translations.target_pieces(which), at),
                    translations.attention(which),
                )
            )

    def lost_text(self, row: int) -> bool:
        """Whether a text of the row has come out blank."""
        return any(
            source is not None and target is not None and not target.strip() and source.strip()
            for source, target in ((f.source[row], f.target[row]) for f in self.fields)
        )

    def take(self, row: int, other: Reassembly, number: int) -> None:
        """Put row `number` of `other` into the place of `row`."""
        for own, texts in zip(self.fields, other.fields, strict=True):
            own.target[row] = texts.target[number]
        self.scores[row], self.pieces[row] = other.scores[number], other.pieces[number]
        self.flags[row] = other.flags[number]

    def finish(self) -> None:
        """Append what follows the last sentence of each text."""
        for texts in self.fields:
            for row, (source, target, end) in enumerate(
                zip(texts.source, texts.target, texts.ends, strict=True)
            ):
                if source is not None and end < len(source):
                    texts.target[row] = (target or "") + source[end:]


def _shifted(flat: list[int], by: int) -> tuple[tuple[int, int], ...]:
    if by:
        flat = [offset + by for offset in flat]
    return tuple(zip(flat[0::2], flat[1::2], strict=True))
