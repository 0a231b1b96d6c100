"""Spans placed by the translator's own attention: the cheapest projector, no second model.

A target unit (a word, or a piece where words are not spaced) belongs to a source span by the
share of its attention to the span's pieces. The span goes to the contiguous run of
units of greatest log-odds; overlapping runs are placed jointly. All rows of a call are decoded
at once, because a Python loop over pieces would cost as much as the translation.
"""
