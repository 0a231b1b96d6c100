"""The sentence pairs of a parallel corpus of any format."""

from __future__ import annotations

from collections.abc import Iterator

from corpora.bitext.files import Bitext
from corpora.bitext.moses import read_moses
from corpora.bitext.schema import BitextPair
from corpora.bitext.tmx import read_tmx
from corpora.bitext.tsv import read_tsv
from corpora.errors import UserError


def read_bitext(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    """The pairs of `bitext` in file order; `source` and `target` are BCP 47 tags.

    Raises `UserError`, naming file and line, for a missing or empty file, a wrong column, text
    that is not UTF-8, malformed TMX and files of different length.
    """
    bitext.check_files()
    if bitext.target_path is not None:
        pairs = read_moses(bitext, bitext.target_path)
    elif bitext.is_tmx:
        pairs = read_tmx(bitext, source, target)
    else:
        pairs = read_tsv(bitext, source, target)
    empty = True
    for pair in pairs:
        empty = False
        yield pair
    if empty:
        raise UserError("no sentence pair in it", file=bitext.path)
