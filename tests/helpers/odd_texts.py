"""Texts with combining marks, odd spaces, invisible characters and compatibility forms."""

from __future__ import annotations

from hypothesis import strategies as st

LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789äöü.°"
"""Characters that a model of Latin script has pieces for."""
ODD_TEXTS = st.text(alphabet=st.characters(), max_size=40) | st.text(
    alphabet="aAu\u0308\u0301\u0323 .\u00a0\t\u00ad\u200b\u200c\u200dﬁＡ１\u1100\u1161\u11a8क्😀",
    max_size=30,
)
