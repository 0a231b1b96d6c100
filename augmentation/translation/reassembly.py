"""The translated texts of rows reassembled from the translations of their segments, by
`translators.reassembly`."""

from __future__ import annotations

import pyarrow as pa

from alignment.protocol import SegmentAlignment
from augmentation.translation.segments import FIELDS
from augmentation.translation.table import Translations
from translators.reassembly import ReassembledText, Reassembly, WeightedScore
from translators.sentences import Joint


class RowReassembly:
    """Reassembles the translations of the rows of a batch, field by field."""

    def __init__(self, batch: pa.RecordBatch, source: str, target: str) -> None:
        """The rows are those of `batch`, in `source`; their translations are in `target`."""
        self._joint = Joint(source, target)
        self._sources: list[list[str | None]] = [batch.column(name).to_pylist() for name in FIELDS]
        self._open = [
            [None if text is None else Reassembly(text, self._joint) for text in texts]
            for texts in self._sources
        ]
        self._texts: list[list[ReassembledText | None]] = []
        self._segments: dict[int, list[SegmentAlignment]] = {}

    def add(
        self,
        row: int,
        field: int,
        start: int,
        end: int,
        translations: Translations,
        number: int,
        aligned: bool,
    ) -> None:
        """Append the translation `number` of `translations` of the segment [`start`, `end`) of the
        field `field` of `row`; with `aligned` its alignment is kept too.

        Segments of a text must come in order.
        """
        text = self._open[field][row]
        if text is None:
            raise ValueError(f"row {row} has no {FIELDS[field]}")
        flags = translations.flags[number]
        offset = text.add(
            start,
            end,
            translations.translations[number],
            translations.scores[number],
            translations.piece_counts[number],
            flags.split(",") if flags else (),
        )
        if aligned:
            self._segments.setdefault(row, []).append(
                SegmentAlignment(
                    _shifted(translations.source_pieces(number), start),
                    _shifted(translations.target_pieces(number), offset),
                    translations.attention(number),
                )
            )

    def finish(self) -> None:
        """Append what follows the last segment of each text; nothing can be added any more."""
        self._texts = [
            [None if text is None else text.finish() for text in texts] for texts in self._open
        ]
        self._open = []

    def source(self, row: int, field: int = 0) -> str:
        """The text that was translated; empty where `row` has no `field`."""
        return self._sources[field][row] or ""

    def target(self, row: int, field: int = 0) -> str:
        """The translated text; empty where `row` has no `field`."""
        text = self._texts[field][row]
        return "" if text is None else text.text

    def targets(self, field: int) -> list[str | None]:
        """The translated texts of `field`, one per row."""
        return [None if text is None else text.text for text in self._texts[field]]

    def segments(self, row: int) -> tuple[SegmentAlignment, ...]:
        """The alignments of the segments of `row` that were added with one."""
        return tuple(self._segments.get(row, ()))

    def score(self, row: int) -> float | None:
        """Average log-probability per token of all texts of `row`; None where it has no segment."""
        total = WeightedScore()
        for texts in self._texts:
            text = texts[row]
            if text is not None:
                total.include(text.weighted_score)
        return total.mean if total.weight else None

    def flag(self, row: int) -> tuple[str, str] | None:
        """The first flag of a segment of `row`, and where the segment is: ("empty", "text 0:12").

        None where the translation is sound.
        """
        for name, texts in zip(FIELDS, self._texts, strict=True):
            text = texts[row]
            for segment in () if text is None else text.sentences:
                if segment.flags:
                    return segment.flags[0], f"{name} {segment.start}:{segment.end}"
        return None

    def replace(self, row: int, other: RowReassembly, number: int) -> None:
        """Put the texts of row `number` of `other` into the place of those of `row`."""
        for texts, others in zip(self._texts, other._texts, strict=True):
            texts[row] = others[number]


def _shifted(flat: list[int], by: int) -> tuple[tuple[int, int], ...]:
    if by:
        flat = [offset + by for offset in flat]
    return tuple(zip(flat[0::2], flat[1::2], strict=True))
