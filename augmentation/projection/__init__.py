"""Projection of labelled rows and their spans onto translations; word alignment of bitexts."""
