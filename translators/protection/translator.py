"""A translator that keeps what cannot be translated, over any other translator.

What a model may well copy (dates, quantities, hashtags) is left in the text at first; the rest is
masked. A translation in which something protected is missing, there twice or in a wrong nesting is
decoded again: with everything masked, with other masks and more hypotheses, and at last around what
is protected. What is lost even then has the flag `lost-placeholder`.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from translators.protection.finding import ItemFinder
from translators.protection.items import REWRITTEN, Item, Kind, lost_items
from translators.protection.jobs import Job, chunks_of, split_around
from translators.protection.masks import MaskedText, mask_text, slots_of, unmask
from translators.protection.probing import Shape, copied_shapes
from translators.protection.stretches import Stretches
from translators.protocol import DecodingOptions, Hypothesis, Translator

LOST_PLACEHOLDER = "lost-placeholder"
"""The flag of a translation that lacks something protected."""
LEFT_AT_FIRST: frozenset[Kind] = REWRITTEN | {"hashtag", "handle", "symbol"}
"""What stays in the text in the first decoding, because models may well copy it."""
_SEARCHED = 4
"""Hypotheses that are searched for one with all masks."""
_MOST_ITEMS = 64
"""A text with more is translated around them: no decoding keeps so many."""
_SEARCHED_SHAPES = 2
"""Further shapes of masks that are tried."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How a text is decoded: with which masks, in how many hypotheses."""

    shape: Shape | None
    count: int = 1
    markers: bool = True
    """Whether pairs of tags become projection markers."""


class ProtectingTranslator:
    """A `Translator` that keeps what cannot be translated, over another `translator`."""

    def __init__(
        self,
        translator: Translator,
        finder: ItemFinder,
        markers: Sequence[tuple[str, str]] = (),
        left_at_first: Collection[Kind] = LEFT_AT_FIRST,
    ) -> None:
        """`finder` finds what is protected; `markers` are the opening and closing markers that
        the model was trained to keep, which stand for pairs of tags. Items of the kinds
        `left_at_first` are masked only where the first decoding loses them."""
        self.translator = translator
        self._finder = finder
        self._markers = tuple(markers)
        self._left_at_first = frozenset(left_at_first)
        self._shapes: dict[tuple[str, str], tuple[Shape, ...]] = {}
        self._probing = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the translator beneath."""
        return self.translator.name

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """Score `targets` as translations of `sources`, from `source` to `target`; see
        `Translator.force`."""
        return self.translator.force(sources, targets, source, target)

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Translate `texts` from `source` to `target` with `options`; see `Translator.translate`.

        A text with nothing to protect is translated as by the translator beneath.
        """
        return self.translate_protected(texts, [()] * len(texts), source, target, options)

    def translate_protected(
        self,
        texts: Sequence[str],
        protected: Sequence[Stretches],
        source: str,
        target: str,
        options: DecodingOptions,
    ) -> list[Hypothesis]:
        """Translate `texts` from `source` to `target` with `options`, as `translate` does; the
        stretches of `protected` in each are to come out as they are, too."""
        keys = [(text, tuple(stretches)) for text, stretches in zip(texts, protected, strict=True)]
        jobs = {
            key: Job.of(key[0], items)
            for key in dict.fromkeys(keys)
            if (items := self._finder.find(*key))
        }
        if not jobs:
            return self.translator.translate(texts, source, target, options)
        plain = [key[0] for key in keys if key not in jobs]
        others = iter(self.translator.translate(plain, source, target, options))
        self._run(list(jobs.values()), source, target, options)
        results = {key: job.result for key, job in jobs.items() if job.result is not None}
        return [results[key] if key in results else next(others) for key in keys]

    def _run(self, jobs: list[Job], source: str, target: str, options: DecodingOptions) -> None:
        """Give each of `jobs` its result."""
        waiting, around = [], []
        for job in jobs:
            if job.has_words and len(job.items) > _MOST_ITEMS:
                around.append(job)
            elif job.has_words:
                job.masked = [item for item in job.items if item.kind not in self._left_at_first]
                waiting.append(job)
            else:
                job.finish(None, options.return_attention)
        waiting = self._attempt(waiting, _Attempt(None), source, target, options)
        if waiting:
            for attempt in _attempts(self._copied_shapes(source, target)):
                waiting = self._attempt(waiting, attempt, source, target, options)
        self._split([*waiting, *around], source, target, options)

    def _copied_shapes(self, source: str, target: str) -> tuple[Shape, ...]:
        """The shapes of masks that the model copies; it is asked once for a pair of languages."""
        key = (source, target)
        with self._probing:
            if key not in self._shapes:
                self._shapes[key] = copied_shapes(self.translator, source, target)
            return self._shapes[key]

    def _attempt(
        self, jobs: list[Job], attempt: _Attempt, source: str, target: str, options: DecodingOptions
    ) -> list[Job]:
        """Decode `jobs` as `attempt` says; those that have no result after it."""
        trying = [job for job in jobs if attempt.shape is not None or not job.masked]
        masked = [self._masked(job, attempt) for job in trying]
        if not trying:
            return jobs
        hypotheses = self.translator.translate(
            [text.text for text in masked], source, target, _with_count(options, attempt.count)
        )
        for job, text, hypothesis in zip(trying, masked, hypotheses, strict=True):
            core = self._best(job, text, hypothesis, options.num_hypotheses)
            if core is None:
                job.masked = _to_mask(job, text, hypothesis)
            elif core.flags:
                job.fallback = job.fallback or core
                job.masked = job.items
            else:
                job.finish(core, options.return_attention)
        return [job for job in jobs if job.result is None]

    def _masked(self, job: Job, attempt: _Attempt) -> MaskedText:
        """The core of `job` with its items masked."""
        core = job.core
        pairs = {item.start: item.pair for item in job.masked if item.pair >= 0}
        numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs.values()))}
        free = [pair for pair in self._markers if pair[0] not in core and pair[1] not in core]
        slots = slots_of(job.masked, core)
        masks = iter(attempt.shape.masks(len(slots), core) if attempt.shape else ())
        named = []
        for slot in slots:
            number = numbers[pairs[slot.start]] if slot.role != "alone" else len(free)
            if attempt.markers and number < len(free):
                mask = free[number][slot.role == "close"]
            else:
                mask = next(masks)
            named.append(dataclasses.replace(slot, mask=mask))
        return mask_text(core, named)

    def _best(
        self, job: Job, masked: MaskedText, hypothesis: Hypothesis, count: int
    ) -> Hypothesis | None:
        """The best of an n-best list that has all items of `job`, with at most `count` - 1 others
        that do; None where none has."""
        whole = []
        for candidate in (hypothesis, *hypothesis.alternatives):
            core = unmask(masked, candidate)
            if core is None or lost_items(job.items, core.text) or self._strays(job, core.text):
                continue
            whole.append(core)
        if not whole:
            return None
        return dataclasses.replace(whole[0], alternatives=tuple(whole[1:count]))

    def _strays(self, job: Job, text: str) -> bool:
        """Whether there is a marker in `text` that the source lacks."""
        return any(mark in text and mark not in job.text for pair in self._markers for mark in pair)

    def _split(self, jobs: list[Job], source: str, target: str, options: DecodingOptions) -> None:
        """Translate `jobs` around their items; those that have a whole translation keep it."""
        open_jobs = []
        for job in jobs:
            if job.fallback is not None:
                job.finish(job.fallback, options.return_attention)
            else:
                open_jobs.append(job)
        chunks = dict.fromkeys(
            text
            for job in open_jobs
            for start, end, is_item in chunks_of(job.core, job.items)
            if not is_item and any(map(str.isalpha, text := job.core[start:end]))
        )
        if not open_jobs:
            return
        single = dataclasses.replace(options, num_hypotheses=1)
        hypotheses = self.translator.translate(list(chunks), source, target, single)
        translations = dict(zip(chunks, hypotheses, strict=True))
        for job in open_jobs:
            core = split_around(job, translations, options.return_attention)
            # Dates and quantities are all there, as they were.
            copied = [item for item in job.items if item.kind not in REWRITTEN]
            if lost_items(copied, core.text) or self._strays(job, core.text):
                core = dataclasses.replace(core, flags=(LOST_PLACEHOLDER, *core.flags))
            job.finish(core, options.return_attention)


def translate_protected(
    translator: Translator,
    texts: Sequence[str],
    protected: Sequence[Stretches],
    source: str,
    target: str,
    options: DecodingOptions,
) -> list[Hypothesis]:
    """Translate `texts` with `translator` from `source` to `target` with `options`, keeping the
    stretches of `protected` in each, which a translator without protection cannot."""
    if isinstance(translator, ProtectingTranslator):
        return translator.translate_protected(texts, protected, source, target, options)
    return translator.translate(texts, source, target, options)


def _attempts(shapes: Sequence[Shape]) -> list[_Attempt]:
    """The attempts with masks, one after the other."""
    if not shapes:
        return []
    first, *others = shapes
    searches = [_Attempt(shape, _SEARCHED, markers=False) for shape in others[:_SEARCHED_SHAPES]]
    return [_Attempt(first), _Attempt(first), *searches]


def _to_mask(job: Job, masked: MaskedText, hypothesis: Hypothesis) -> list[Item]:
    """What to mask after an attempt that failed: what was lost too, else everything."""
    core = unmask(masked, hypothesis)
    if core is None or len(job.masked) == len(job.items):
        return job.items
    lost = {item.start for item in lost_items(job.items, core.text)}
    before = {item.start for item in job.masked}
    return [item for item in job.items if item.start in lost | before]


def _with_count(options: DecodingOptions, count: int) -> DecodingOptions:
    """`options` that give at least `count` hypotheses."""
    if count <= options.num_hypotheses:
        return options
    beam = max(count, options.beam_size) if options.sampling_topk == 1 else 1
    return dataclasses.replace(options, num_hypotheses=count, beam_size=beam)
