"""A translator that uses the terms of a list, over any other translator.

Where the best hypothesis lacks a term, there are three ways to it: the term put into the source in
place of what it translates, which models copy (Dinu et al., 2019, with one that was not trained for
it), other hypotheses of the beam, and the term put in place of the words that attention aligns with
the source term. The model itself scores them all by forced decoding, and the best is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import regex

from corpora.errors import UserError
from corpora.text.scripts import UNSPACED
from translators.protection.terms import Term, TermFinder, TermMatch
from translators.protocol import DecodingOptions, Hypothesis, Translator

_SEARCHED = 4
"""Hypotheses that are searched for the terms."""
_ALIGNED = 0.5
"""Share of the attention of words that belong to a term beside its best word."""
_WORD = regex.compile(r"\w+")
_UNSPACED = regex.compile(f"[{UNSPACED}]")


class TermTranslator:
    """A `Translator` that uses `terms`, over another `translator`."""

    def __init__(self, translator: Translator, terms: Sequence[Term]) -> None:
        self.translator = translator
        self._terms = tuple(terms)
        self._finders: dict[tuple[str, str], TermFinder] = {}

    @property
    def name(self) -> str:
        """The name of the translator beneath."""
        return self.translator.name

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Translate `texts` from `source` to `target` with `options`; see `Translator.translate`.

        A text in which no term is found is translated as by the translator beneath.
        """
        finder = self._finder(source, target)
        matches = {text: finder.find(text) for text in dict.fromkeys(texts)}
        plain = [text for text in texts if not matches[text]]
        if len(plain) == len(texts):
            return self.translator.translate(texts, source, target, options)
        having = [text for text, found in matches.items() if found]
        aligned = dataclasses.replace(options, return_attention=True)
        best = dict(
            zip(having, self.translator.translate(having, source, target, aligned), strict=True)
        )
        best |= self._enforce(matches, best, finder, (source, target), aligned)
        if not options.return_attention:
            best = {text: _without_pieces(hypothesis) for text, hypothesis in best.items()}
        others = iter(self.translator.translate(plain, source, target, options))
        return [best[text] if text in best else next(others) for text in texts]

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """Score `targets` as translations of `sources`, from `source` to `target`; see
        `Translator.force`."""
        return self.translator.force(sources, targets, source, target)

    def _finder(self, source: str, target: str) -> TermFinder:
        key = (source, target)
        if key not in self._finders:
            self._finders[key] = TermFinder(self._terms, source, target)
        return self._finders[key]

    def _enforce(
        self,
        matches: dict[str, list[TermMatch]],
        best: dict[str, Hypothesis],
        finder: TermFinder,
        pair: tuple[str, str],
        options: DecodingOptions,
    ) -> dict[str, Hypothesis]:
        """Better hypotheses for those of the texts whose `best` lacks a term."""
        lacking: dict[str, list[TermMatch]] = {}
        for text, hypothesis in best.items():
            missed = [m for m in matches[text] if not finder.has(m.term, hypothesis.text)]
            if missed and hypothesis.text:
                lacking[text] = missed
        if not lacking:
            return {}
        candidates: dict[str, list[Hypothesis]] = {
            text: [put_in_place(best[text], missed), *best[text].alternatives]
            for text, missed in lacking.items()
        }
        if self._can_force(*pair):
            self._add_decoded(candidates, lacking, best, pair, options)
        chosen = self._rank(candidates, matches, finder, pair)
        return {
            text: dataclasses.replace(hypothesis, alternatives=best[text].alternatives)
            for text, hypothesis in chosen.items()
            if _count(hypothesis, matches[text], finder) > _count(best[text], matches[text], finder)
        }

    def _can_force(self, source: str, target: str) -> bool:
        try:
            self.translator.force([], [], source, target)
        except UserError:  # through a pivot
            return False
        return True

    def _add_decoded(
        self,
        candidates: dict[str, list[Hypothesis]],
        lacking: dict[str, list[TermMatch]],
        best: dict[str, Hypothesis],
        pair: tuple[str, str],
        options: DecodingOptions,
    ) -> None:
        """Add hypotheses of sources that have the target terms in them, and of a wider beam where
        there is no attention."""
        texts = list(lacking)
        sources = [_with_targets(text, lacking[text]) for text in texts]
        unaligned = [text for text in texts if best[text].attention is None]
        search = dataclasses.replace(
            options,
            num_hypotheses=_SEARCHED,
            beam_size=max(_SEARCHED, options.beam_size) if options.sampling_topk == 1 else 1,
            return_attention=False,
        )
        hypotheses = self.translator.translate([*sources, *unaligned], *pair, search)
        for text, hypothesis in zip([*texts, *unaligned], hypotheses, strict=True):
            if not hypothesis.flags:
                candidates[text] += [hypothesis, *hypothesis.alternatives]

    def _rank(
        self,
        candidates: dict[str, list[Hypothesis]],
        matches: dict[str, list[TermMatch]],
        finder: TermFinder,
        pair: tuple[str, str],
    ) -> dict[str, Hypothesis]:
        """The candidate of each text that has most terms, and of those the likeliest."""
        most: dict[str, list[Hypothesis]] = {}
        for text, hypotheses in candidates.items():
            counts = [_count(hypothesis, matches[text], finder) for hypothesis in hypotheses]
            unique = {
                h.text: h for h, n in zip(hypotheses, counts, strict=True) if n == max(counts)
            }
            most[text] = list(unique.values())
        if not self._can_force(*pair):
            return {text: hypotheses[0] for text, hypotheses in most.items()}
        flat = [(text, h.text) for text, hypotheses in most.items() for h in hypotheses]
        forced = self.force([text for text, _ in flat], [h for _, h in flat], *pair)
        chosen: dict[str, Hypothesis] = {}
        for (text, _), hypothesis in zip(flat, forced, strict=True):
            if hypothesis.flags:
                continue
            if text not in chosen or hypothesis.score > chosen[text].score:
                chosen[text] = hypothesis
        return chosen


def _count(hypothesis: Hypothesis, matches: Sequence[TermMatch], finder: TermFinder) -> int:
    terms = {match.term for match in matches}
    return sum(finder.has(term, hypothesis.text) for term in terms)


def _with_targets(text: str, matches: Sequence[TermMatch]) -> str:
    """`text` with target terms in place of the source terms."""
    for match in sorted(matches, key=lambda match: -match.start):
        text = text[: match.start] + match.term.targets[0] + text[match.end :]
    return text


def put_in_place(hypothesis: Hypothesis, missed: Sequence[TermMatch]) -> Hypothesis:
    """`hypothesis` with the target terms of the `missed` ones in place of the words aligned with
    their source terms; without attention it stays as it is."""
    edits: list[tuple[int, int, Term]] = []
    for match in missed:
        stretch = _aligned_words(hypothesis, match)
        if stretch and not any(a < stretch[1] and stretch[0] < b for a, b, _ in edits):
            edits.append((*stretch, match.term))
    for start, end, term in sorted(edits, key=lambda edit: -edit[0]):
        hypothesis = _replace(hypothesis, start, end, term.targets[0])
    return hypothesis


def _aligned_words(hypothesis: Hypothesis, match: TermMatch) -> tuple[int, int] | None:
    """The stretch of the translation that attention aligns with the source term of `match`."""
    if hypothesis.attention is None:
        return None
    columns = [
        number
        for number, (start, end) in enumerate(hypothesis.source_pieces)
        if start < match.end and match.start < end
    ]
    units = _units(hypothesis)
    if not columns or not units:
        return None
    share = hypothesis.attention[:, columns].sum(axis=1)
    weights = []
    for start, end in units:
        pieces = [
            number
            for number, (a, b) in enumerate(hypothesis.target_pieces)
            if a < end and start < b
        ]
        weights.append(float(share[pieces].mean()) if pieces else 0.0)
    first = last = int(np.argmax(weights))
    if not weights[first]:
        return None
    while first and weights[first - 1] > _ALIGNED:
        first -= 1
    while last + 1 < len(units) and weights[last + 1] > _ALIGNED:
        last += 1
    return units[first][0], units[last][1]


def _units(hypothesis: Hypothesis) -> list[tuple[int, int]]:
    """The words of the translation; its pieces where the script has no spaces between words."""
    if _UNSPACED.search(hypothesis.text):
        return [(a, b) for a, b in hypothesis.target_pieces if a < b]
    return [match.span() for match in _WORD.finditer(hypothesis.text)]


def _replace(hypothesis: Hypothesis, start: int, end: int, term: str) -> Hypothesis:
    """`hypothesis` with `term` at [start, end): one piece, aligned as what was there."""
    if not start and hypothesis.text[:1].isupper():
        term = term[:1].upper() + term[1:]
    pieces: list[tuple[int, int]] = []
    rows = []
    attention = hypothesis.attention
    shift = len(term) - (end - start)
    inside = [n for n, (a, b) in enumerate(hypothesis.target_pieces) if a < end and start < b]
    for number, (a, b) in enumerate(hypothesis.target_pieces):
        if number in inside:
            if number == inside[0]:
                pieces.append((start, start + len(term)))
                rows.append(inside)
            continue
        pieces.append((a, b) if b <= start else (a + shift, b + shift))
        rows.append([number])
    if attention is not None:
        attention = np.stack([attention[row].mean(axis=0) for row in rows]).astype(np.float32)
    return dataclasses.replace(
        hypothesis,
        text=hypothesis.text[:start] + term + hypothesis.text[end:],
        target_pieces=tuple(pieces),
        attention=attention,
        piece_count=len(pieces),
    )


def _without_pieces(hypothesis: Hypothesis) -> Hypothesis:
    return dataclasses.replace(
        hypothesis,
        source_pieces=(),
        target_pieces=(),
        attention=None,
        piece_count=hypothesis.target_length,
        alternatives=tuple(_without_pieces(other) for other in hypothesis.alternatives),
    )
