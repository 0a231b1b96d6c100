"""The features of a candidate, in the order of their columns."""

from __future__ import annotations

ALIGNMENT_FEATURES = (
    "target_in",  # log-probabilities that the candidate's words come from the source span
    "target_out",  # ... that the other words do not
    "source_in",  # ... that the source span's words go into the candidate
    "source_out",  # ... that the other source words do not
    "unlinked",  # expected words of the candidate without any partner
    "first",  # evidence for the first word of the candidate, and for the last
    "last",
    "before",  # evidence against the word before the candidate, and against the one after
    "after",
    "holes",  # words of the candidate without evidence
    "edge_punctuation",
    "punctuation",  # difference in punctuation marks
    "words",  # squared log-ratio of the numbers of words
    "letters",  # squared log-ratio of the lengths in letters
    "alike",  # share of letters in words that look like the source's
    "same",  # the same words
    "acronym",
    "nowhere",  # the candidate "no span at all"
    "nowhere_length",
)
CORPUS_FEATURES = (
    "inside",  # how often these words are inside spans elsewhere: all, first, last
    "first_inside",
    "last_inside",
    "before_inside",
    "after_inside",
    "seen",  # the same source words became the same target words elsewhere
    "first_shape",  # how first and last words of spans are written, given the source's
    "last_shape",
    "first_frequency",
    "last_frequency",
    "first_word",  # how often this word is the first or last of spans elsewhere
    "last_word",
    "before_word",  # ... and the one before or after spans
    "after_word",
    "words_ratio",
)
FEATURES = ALIGNMENT_FEATURES + CORPUS_FEATURES
COLUMN = {name: index for index, name in enumerate(FEATURES)}
"""The column of every feature."""
CORPUS_COLUMNS = slice(len(ALIGNMENT_FEATURES), len(FEATURES))
