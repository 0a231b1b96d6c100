"""A text on its way through protected translation: what is peeled off, and how it is put together.

Tags, emoji and signs at the edges of a text take no part in the sentence: they are peeled off, and
the core between them is translated.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from translators.copying import copy_of
from translators.long_texts import Part, join_parts
from translators.protection.items import Item, Kind
from translators.protection.masks import item_words
from translators.protocol import Hypothesis

_PEELED: frozenset[Kind] = frozenset({"tag", "markup", "emoji", "symbol"})
_PEELED_AFTER_A_SENTENCE: frozenset[Kind] = frozenset({"hashtag", "handle", "address"})
_CLOSING = re.compile(r"['’]s(?!\w)|[,;:.!?…)\]}»”\"–—-]+")
_SENTENCE_END = frozenset(".!?…。！？")


@dataclass(slots=True)
class Job:
    """A text with items that is being translated."""

    text: str
    outer: list[Item]
    """Items that were peeled off."""
    start: int
    end: int
    """The core, in the text."""
    items: list[Item]
    """Those of the core, with offsets into it."""
    masked: list[Item]
    """Those of the core that are to be masked."""
    fallback: Hypothesis | None = None
    """A translation of the core that has all items, but was flagged."""
    result: Hypothesis | None = None

    @classmethod
    def of(cls, text: str, items: Sequence[Item]) -> Job:
        """The job of `text`, which has `items`, in order."""
        start, end = _strip(text, 0, len(text))
        first, last, tail = 0, len(items), end
        while first < last:
            opening, closing = items[first], items[last - 1]
            is_pair = opening.role == "open" and opening.pair == closing.pair
            if is_pair and opening.start == start and closing.end == end:
                first, last, start, end = first + 1, last - 1, opening.end, closing.start
            elif opening.start == start and _is_peeled(opening, ""):
                first, start = first + 1, opening.end
            elif closing.end == end:
                if closing.start < tail:
                    tail = _tail(text, items, last)
                if not _is_peeled(closing, _before(text, start, tail)):
                    break
                last, end = last - 1, closing.start
            else:
                break
            start, end = _strip(text, start, end)
        core = [
            dataclasses.replace(item, start=item.start - start, end=item.end - start)
            for item in items[first:last]
        ]
        return cls(text, [*items[:first], *items[last:]], start, end, core, core)

    @property
    def core(self) -> str:
        """What is translated."""
        return self.text[self.start : self.end]

    @property
    def has_words(self) -> bool:
        """Whether the core has letters beside its items."""
        return any(char.isalpha() for char in _between(self.core, self.items))

    def finish(self, core: Hypothesis | None, aligned: bool) -> None:
        """Put the translation of the `core`, None where it is copied, and what was peeled off
        together; `aligned` says whether hypotheses have pieces."""
        if core is None:
            core = copied(self.core, aligned)
        rest = core.alternatives
        whole = self._join(dataclasses.replace(core, alternatives=()), aligned)
        others = tuple(self._join(other, aligned) for other in rest)
        self.result = dataclasses.replace(whole, alternatives=others)

    def _join(self, core: Hypothesis, aligned: bool) -> Hypothesis:
        if not self.outer and self.core == self.text:
            return core
        stretches = [(item.start, item.end) for item in self.outer]
        if self.start < self.end:
            stretches.append((self.start, self.end))
        parts = []
        hypotheses = []
        for start, end in sorted(stretches):
            part = self.text[start:end]
            is_core = (start, end) == (self.start, self.end)
            parts.append(Part(start, end, [part]))
            hypotheses.append(core if is_core else copied(part, aligned))
        joined = join_parts(self.text, parts, hypotheses)
        return dataclasses.replace(joined, score=core.score, flags=core.flags)


def chunks_of(core: str, items: Sequence[Item]) -> list[tuple[int, int, bool]]:
    """The items of `core` and the texts between them: start, end, whether it is copied; without
    the white space around them.

    Signs that a text begins with are copied too: they close what was before the item.
    """
    stretches: list[tuple[int, int, bool]] = []
    at = 0
    for item in items:
        stretches += [(at, item.start, False), (item.start, item.end, True)]
        at = item.end
    stretches.append((at, len(core), False))
    chunks: list[tuple[int, int, bool]] = []
    for start, end, is_item in stretches:
        if is_item:
            chunks.append((start, end, True))
            continue
        start, end = _strip(core, start, end)
        signs = _CLOSING.match(core, start, end)
        if signs is not None:
            chunks.append((start, signs.end(), True))
            start, end = _strip(core, signs.end(), end)
        chunks.append((start, end, False))
    return [chunk for chunk in chunks if chunk[0] < chunk[1]]


def split_around(job: Job, translations: Mapping[str, Hypothesis], aligned: bool) -> Hypothesis:
    """The core of `job` with its items as they are, and the `translations` of the texts between
    them in their order; `aligned` says whether hypotheses have pieces."""
    parts, hypotheses = [], []
    flags: dict[str, None] = {}
    for start, end, is_item in chunks_of(job.core, job.items):
        text = job.core[start:end]
        parts.append(Part(start, end, [text]))
        translation = None if is_item else translations.get(text)
        hypotheses.append(copied(text, aligned) if translation is None else translation)
        flags |= dict.fromkeys(hypotheses[-1].flags)
    return dataclasses.replace(join_parts(job.core, parts, hypotheses), flags=tuple(flags))


def copied(text: str, aligned: bool) -> Hypothesis:
    """`text` as its own translation; its words are the pieces if it is to be `aligned`."""
    words = tuple(item_words(text))
    return copy_of(text, words if aligned else (), aligned, len(words))


def _tail(text: str, items: Sequence[Item], last: int) -> int:
    """Where the run of hashtags and the like begins that ends with the item before `last`."""
    at = items[last - 1].start
    for item in reversed(items[: last - 1]):
        if item.kind not in _PEELED_AFTER_A_SENTENCE or text[item.end : at].strip():
            break
        at = item.start
    return at


def _before(text: str, start: int, end: int) -> str:
    """The last character of [start, end) that is no white space; empty if there is none."""
    _, end = _strip(text, start, end)
    return text[end - 1 : end] if start < end else ""


def _is_peeled(item: Item, before: str) -> bool:
    """Whether an `item` at an edge is peeled off; `before` is the character before it and others
    of its run in the core."""
    if item.role != "alone":
        return False
    after_sentence = before in _SENTENCE_END
    return item.kind in _PEELED or (item.kind in _PEELED_AFTER_A_SENTENCE and after_sentence)


def _between(text: str, items: Sequence[Item]) -> str:
    return " ".join(text[a:b] for a, b, is_item in chunks_of(text, items) if not is_item)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
