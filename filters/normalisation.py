"""Normalisation of texts before filters score them."""

from __future__ import annotations

import html

import polars as pl

_INVISIBLE = r"[\u{ad}\u{200b}\u{2060}\u{feff}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]"
"""Soft hyphens, zero-width spaces and direction marks; joiners stay, words are spelt with them."""


_ENTITY = r"&(#\d+|#x[\da-fA-F]+|\w+);"


def normalise(texts: pl.Expr) -> pl.Expr:
    """`texts` in NFC, with single spaces, none at the ends, and no control or invisible marks.

    HTML's character references (`&quot;`, `&#39;`), which web corpora are full of, are resolved.
    """
    resolved = texts.map_batches(_resolve, return_dtype=pl.String)
    return (
        resolved.str.replace_all(r"[\s\p{Zs}]+", " ")
        .str.replace_all(r"\p{Cc}", "")
        .str.replace_all(_INVISIBLE, "")
        .str.replace_all(" {2,}", " ")
        .str.strip_chars(" ")
        .str.normalize("NFC")
    )


def _resolve(texts: pl.Series) -> pl.Series:
    rows = texts.str.contains(_ENTITY).arg_true()
    if rows.is_empty():
        return texts
    return texts.scatter(rows, [html.unescape(text) for text in texts.gather(rows).to_list()])
