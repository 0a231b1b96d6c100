"""Spans placed by word alignment: the candidate that the evidence of all kinds makes likeliest.

Every contiguous run of target words is a candidate. A log-linear model weighs what the soft
alignment says in both directions, what the strings themselves say (names, numbers, acronyms,
lengths, punctuation), and what the other rows of the batch say: words that are inside, at the
edge of or next to spans elsewhere. The spans of a row are then placed together.
"""
