"""The evidence of the words themselves, for every cell: look-alikes, punctuation, acronyms."""

from __future__ import annotations

import numpy as np

from alignment.projectors.features.arrays import Floats, Ints, ranges
from alignment.projectors.features.layout import Layout
from alignment.projectors.features.lexicon import Shape


class SurfaceEvidence:
    """How similar the words of the cells of `layout` are to the words of their source span.

    Per cell: `alike`, in [0, 1], is the similarity to the most similar word of the source span, 0
    for punctuation; `punctuation` says which cells are; `acronym` is 1 for a word made of the
    initials of the source span, else 0.
    """

    def __init__(self, layout: Layout) -> None:
        self.punctuation = layout.lexicon.shape[layout.cell_type] == Shape.PUNCTUATION
        self.alike = _likeness(layout)
        self.alike[self.punctuation] = 0.0
        word = layout.lexicon.word[layout.cell_type]
        self.acronym = (word == _acronyms(layout)[layout.cell_span]).astype(np.float64)


def _likeness(layout: Layout) -> Floats:
    count = layout.target_words[layout.source_span]
    source = np.repeat(layout.source_type, count)
    cell = np.repeat(layout.cell_at[layout.source_span], count) + ranges(count)
    alike = np.zeros(len(layout.cell_type))
    np.maximum.at(alike, cell, layout.lexicon.likeness(source, layout.cell_type[cell]))
    return alike


def _acronyms(layout: Layout) -> Ints:
    """The word that the initials of each source span make, -1 for one that does not occur."""
    lexicon = layout.lexicon
    acronyms = np.full(len(layout.spans), -1, dtype=np.int64)
    bounds = zip(layout.source_at[:-1].tolist(), layout.source_at[1:].tolist(), strict=True)
    for number, (start, end) in enumerate(bounds):
        initials = lexicon.initial[layout.source_type[start:end]]
        letters = "".join(map(chr, initials[initials > 0].tolist()))
        if len(letters) > 1:
            acronyms[number] = lexicon.word_index.get(letters, -1)
    return acronyms
