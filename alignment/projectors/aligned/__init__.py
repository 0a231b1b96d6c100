"""Spans placed by word alignment: the target span that is likeliest by several kinds of evidence.

Every contiguous run of target words is a candidate. A log-linear model weighs the soft
alignment in both directions, the strings themselves (names, numbers, acronyms, lengths,
punctuation), and evidence from the other rows of the batch: words that are inside, at the edge of
or next to spans there. The spans of a row are then placed together.
"""
