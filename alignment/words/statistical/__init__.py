"""A word aligner that learns from the sentences it aligns, in NumPy: no compiler, no model.

Two hidden Markov models (Vogel, Ney & Tillmann 1996), one for each direction, are trained by EM to
agree (Liang, Taskar & Klein 2006): each link counts by the product of its probabilities in both.
It works on a few hundred sentences because of the base of the translation table: a rare word pair
backs off to the pair of its stems, and pairs that look alike start with a higher probability. As an
alignment from so little data is uncertain, several models with stems of different lengths are
averaged.
"""
