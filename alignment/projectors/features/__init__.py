"""The evidence for and against every candidate target span of a batch of rows, as one array.

A *cell* is a target word of a source span's row; a *candidate* is a contiguous run of cells. The
cells of all source spans of a batch are laid end to end, and every feature of a candidate is a
difference of two running sums or a look-up at its edges, so that a candidate costs the same however
long it is.
"""
