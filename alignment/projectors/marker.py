"""Spans marked with brackets, which the translator keeps (EasyProject, Chen et al. 2023).

Every span is put in brackets, the marked text is translated, and the bracketed stretches of the
translation are matched back to the source spans. The marked translation often differs a little
from the row's plain translation: the stretches are then searched for in the plain one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from alignment.projectors.edges import build_projection
from alignment.protocol import Projection, ProjectionInput, SpanProjector
from alignment.words.similarity import normalize, romanize

BRACKETS = (("[", "]"), ("{", "}"), ("<", ">"), ("«", "»"), ("⟨", "⟩"))
"""The first pair whose brackets the source does not contain is used."""
_DIRECT_CONFIDENCE = 0.9
"""Confidence of spans in a marked translation that equals the row's except for the markers."""
_SEARCHED_CONFIDENCE = 0.75
"""Confidence of spans that were searched for in the row's translation."""
_MOST_SPANS = 500
"""Rows of more spans go to the fallback: every span is compared with every marked stretch."""


class Translated(Protocol):
    """A translation."""

    text: str


class MarkingTranslator(Protocol):
    """A translator as `translators.protocol.Translator` is one."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: Any
    ) -> Sequence[Translated]:
        """Translate `texts`, single segments, from `source` into `target`, in order.

        The languages are BCP 47 tags, `options` the decoding options.
        """
        ...


class MarkerProjector:
    """A `SpanProjector` by translating marked text.

    `options` are the decoding options, passed on to `translator` unchanged. `fallback`, a projector
    or the name of one, projects the rows whose markers were lost in translation.
    """

    name = "marker"

    def __init__(
        self,
        translator: MarkingTranslator,
        options: Any,
        fallback: str | SpanProjector = "aligned",
    ) -> None:
        from alignment.projectors import load_projector

        self._translator = translator
        self._options = options
        self._fallback = load_projector(fallback) if isinstance(fallback, str) else fallback

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`."""
        texts = {i: text for i, row in enumerate(inputs) if row.spans and (text := mark(row))}
        translations = self._translate(inputs, list(texts), list(texts.values()))
        alone = self._translate_spans(inputs, list(texts))
        projections: dict[int, Projection] = {}
        for index, translation in zip(texts, translations, strict=True):
            projection = self._read(inputs[index], translation, alone[index])
            if projection is not None:
                projections[index] = projection
        left = [i for i, row in enumerate(inputs) if row.spans and i not in projections]
        fallback = self._fallback.project([inputs[i] for i in left])
        projections |= zip(left, fallback, strict=True)
        return [projections.get(i, Projection((), ())) for i in range(len(inputs))]

    def _translate(
        self, inputs: Sequence[ProjectionInput], rows: Sequence[int], texts: Sequence[str]
    ) -> list[str]:
        """Translations of `texts`, of which text i is in the languages of row `rows[i]`."""
        result = [""] * len(texts)
        languages = [(inputs[i].source_lang, inputs[i].target_lang) for i in rows]
        for pair in dict.fromkeys(languages):
            chosen = [i for i, languages_of in enumerate(languages) if languages_of == pair]
            hypotheses = self._translator.translate(
                [texts[i] for i in chosen], *pair, self._options
            )
            for index, hypothesis in zip(chosen, hypotheses, strict=True):
                result[index] = hypothesis.text
        return result

    def _translate_spans(
        self, inputs: Sequence[ProjectionInput], rows: Sequence[int]
    ) -> dict[int, list[str]]:
        """Translations of the spans by themselves, for rows of several spans."""
        owners = [i for i in rows if len(inputs[i].spans) > 1 for _ in inputs[i].spans]
        texts = [
            inputs[i].source[span.start : span.end]
            for i in rows
            if len(inputs[i].spans) > 1
            for span in inputs[i].spans
        ]
        alone: dict[int, list[str]] = {i: [] for i in rows}
        for owner, text in zip(owners, self._translate(inputs, owners, texts), strict=True):
            alone[owner].append(text)
        return alone

    def _read(self, row: ProjectionInput, translation: str, alone: list[str]) -> Projection | None:
        """The projection that a marked translation gives, or None where markers were lost."""
        pair = brackets_for(row.source)
        if pair is None:
            return None
        plain, runs = unmark(translation, pair)
        if runs is None or len(runs) != len(row.spans):
            return None
        order = match_spans(row, [plain[a:b] for a, b in runs], alone)
        direct = plain == row.target
        placed: list[tuple[int, int] | None] = []
        taken: list[tuple[int, int]] = []
        for number in order:
            start, end = runs[number]
            run: tuple[int, int] | None = (start, end)
            if not direct:
                position = start / max(len(plain), 1)
                run = find_stretch(row.target, plain[start:end], position, taken)
            if run is None:
                return None
            taken.append(run)
            placed.append(run)
        confidence = _DIRECT_CONFIDENCE if direct else _SEARCHED_CONFIDENCE
        count = len(placed)
        projection = build_projection(
            row.target, row.spans, placed, [confidence] * count, [""] * count, self.name
        )
        return None if any(projection.reasons) else projection


def brackets_for(text: str) -> tuple[str, str] | None:
    """The brackets to mark `text` with; None where it contains some of each pair."""
    return next((pair for pair in BRACKETS if pair[0] not in text and pair[1] not in text), None)


def mark(row: ProjectionInput) -> str | None:
    """The source of `row` with every span in brackets; None if there are no brackets left to use.

    None for overlapping spans, and for more spans than can be matched. Brackets that the text has
    already are left alone, because another kind is used.
    """
    pair = brackets_for(row.source)
    if pair is None or len(row.spans) > _MOST_SPANS:
        return None
    parts, at = [], 0
    for span in sorted(row.spans, key=lambda s: (s.start, s.end)):
        if span.start < at:
            return None
        parts += [row.source[at : span.start], pair[0], row.source[span.start : span.end], pair[1]]
        at = span.end
    return "".join([*parts, row.source[at:]])


def unmark(text: str, pair: tuple[str, str]) -> tuple[str, list[tuple[int, int]] | None]:
    """`text` without its brackets, of the kind `pair`, and the stretches that they held.

    Stretches are half-open offsets into the text without brackets; there are None where brackets
    are unpaired, nested, in the wrong order or empty.
    """
    opening, closing = pair
    plain: list[str] = []
    runs: list[tuple[int, int]] = []
    at, start = 0, -1
    for piece in re.split(f"([{re.escape(opening)}{re.escape(closing)}])", text):
        if piece == opening:
            if start >= 0:
                return "", None
            start = at
        elif piece == closing:
            inner = "".join(plain)[start:at] if start >= 0 else ""
            if not inner.strip():
                return "", None
            lead = len(inner) - len(inner.lstrip())
            runs.append((start + lead, start + len(inner.rstrip())))
            start = -1
        else:
            # The translation often has a space beside a bracket.
            if plain and plain[-1].endswith(" ") and piece.startswith(" "):
                piece = piece[1:]
            plain.append(piece)
            at += len(piece)
    if start >= 0:
        return "", None
    return "".join(plain), runs


def match_spans(row: ProjectionInput, stretches: Sequence[str], alone: Sequence[str]) -> list[int]:
    """For every span of `row` the number of its stretch in the marked translation.

    By the similarity of `stretches` to `alone`, the translations of the spans alone (which may be
    empty for a single span), and by order.
    """
    count = len(row.spans)
    if count == 1:
        return [0]
    order = sorted(range(count), key=lambda i: row.spans[i].start)
    rank = {index: position for position, index in enumerate(order)}
    cost = np.zeros((count, count))
    for i, span in enumerate(row.spans):
        texts = [*alone[i : i + 1], row.source[span.start : span.end]]
        for j, stretch in enumerate(stretches):
            alike = max(_likeness(text, stretch) for text in texts)
            cost[i, j] = -alike + 0.1 * abs(rank[i] - j) / count
    rows, columns = linear_sum_assignment(cost)
    return [int(columns[list(rows).index(i)]) for i in range(count)]


def _likeness(first: str, second: str) -> float:
    """Dice's coefficient of letter bigrams."""
    a, b = (_bigrams(romanize(normalize(text))) for text in (first, second))
    return 2.0 * len(a & b) / max(len(a) + len(b), 1)


def _bigrams(text: str) -> set[str]:
    text = f"^{text}$"
    return {text[i : i + 2] for i in range(len(text) - 1)}


def find_stretch(
    text: str, stretch: str, position: float, taken: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """Where `stretch` occurs in `text` as whole words, nearest to `position` (0 to 1).

    Half-open offsets that overlap none of `taken`; None where it does not occur.
    """
    pattern = re.compile(rf"(?<!\w){re.escape(stretch)}(?!\w)")
    runs = [match_.span() for match_ in pattern.finditer(text)]
    free = [r for r in runs if all(r[1] <= start or r[0] >= end for start, end in taken)]
    return min(free, key=lambda r: abs(r[0] / max(len(text), 1) - position), default=None)
