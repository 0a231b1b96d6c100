"""What is to be protected in a text: by its form, by the model, by the user's list and spans."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import regex

from corpora.text.scripts import UNSPACED
from translators.copying import is_copied
from translators.protection.items import Item
from translators.protection.patterns import find_patterns, paired
from translators.protection.scripts import UnwritableFinder
from translators.protection.stretches import Stretches


class ItemFinder:
    """Finds the items of texts."""

    def __init__(
        self, unwritable: UnwritableFinder | None, kept: Sequence[str] = (), *, forms: bool = True
    ) -> None:
        """`unwritable` finds what the model cannot write (None is nothing); `kept` are terms that
        stay as they are; `forms` says whether what its form shows to be untranslatable does."""
        self._forms = forms
        self._unwritable = unwritable
        self._kept = None
        if kept:
            word = rf"[^\W{UNSPACED}]"
            self._kept = regex.compile(rf"(?<!{word})\L<kept>(?!{word})", kept=list(kept))

    def find(self, text: str, protected: Stretches = ()) -> list[Item]:
        """The items of `text`, in order and none overlapping, with the `protected` stretches.

        There are none in a text that is copied as a whole.
        """
        named = [Item(a, b, text[a:b], "kept") for a, b in protected if a < b]
        if self._kept is not None:
            named += [
                Item(match.start(), match.end(), match[0], "kept")
                for match in self._kept.finditer(text)
            ]
        items = find_patterns(text) if self._forms else []
        if self._unwritable is not None and not text.isascii():
            items = [*items, *self._unwritable.find(text)]
        if not items and not named:
            return []
        if is_copied(text):
            return []
        if named:
            named = paired(named)
            ends = [n.end for n in named]
            starts = [*(n.start for n in named), len(text)]
            items = [i for i in items if i.end <= starts[bisect_right(ends, i.start)]]
        return paired([*named, *items])
