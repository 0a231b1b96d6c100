"""`EflomalAligner`, the word aligner by name `eflomal` (Östling & Tiedemann 2016).

eflomal is a program in C that draws alignments by Gibbs sampling; it needs the extra `eflomal` and
a C compiler.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from alignment.pharaoh import read_pharaoh
from alignment.protocol import WordAlignment, WordPair
from alignment.symmetrize import SYMMETRIZATIONS
from corpora.errors import MissingExtraError, UserError

MAX_WORDS = 1000
"""Longer pairs get no links: eflomal takes sentences of up to 1,023 words."""


class EflomalAligner:
    """A `WordAligner` by eflomal, which trains on the bitext it aligns.

    `symmetrization`, a name of `SYMMETRIZATIONS`, joins its two directions; all links have weight
    1. `relative_iterations` multiplies the number of iterations that eflomal chooses. Words are
    lower-cased. eflomal seeds its random numbers by itself, so two runs differ in a few links.
    Raises `MissingExtraError` where eflomal is not installed, and `UserError` for options out of
    range.
    """

    name = "eflomal"

    def __init__(
        self, symmetrization: str = "intersection", relative_iterations: float = 1.0
    ) -> None:
        try:
            import eflomal
        except ImportError as error:
            raise MissingExtraError("the aligner eflomal", "eflomal") from error
        if symmetrization not in SYMMETRIZATIONS:
            raise UserError(f"unknown symmetrization '{symmetrization}'", choices=SYMMETRIZATIONS)
        if relative_iterations <= 0:
            raise UserError(f"relative iterations must be above 0, not {relative_iterations}")
        self._symmetrize = SYMMETRIZATIONS[symmetrization]
        self._aligner = eflomal.Aligner(rel_iterations=relative_iterations)

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of all `pairs`; see `WordAligner`."""
        with tempfile.TemporaryDirectory() as folder:
            return list(self.align_corpus(pairs, Path(folder)))

    def align_corpus(self, pairs: Iterable[WordPair], folder: Path) -> Iterator[WordAlignment]:
        """The links of all `pairs`, in order, without holding them in memory.

        `folder` is for working files, which stay there. A pair with more than `MAX_WORDS` words on
        a side gets no links. Raises `RuntimeError` where eflomal fails.
        """
        source, target, forward, reverse = (
            folder / name for name in ("source", "target", "forward", "reverse")
        )
        if not _write_words(pairs, source, target):
            return
        try:
            with source.open(encoding="utf-8") as src, target.open(encoding="utf-8") as tgt:
                self._aligner.align(
                    src,
                    tgt,
                    links_filename_fwd=str(forward),
                    links_filename_rev=str(reverse),
                    quiet=True,
                )
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"eflomal failed with exit code {error.returncode}") from error
        for both in zip(read_pharaoh(forward), read_pharaoh(reverse), strict=True):
            directions = ([(i, j) for i, j in links.links.tolist()] for links in both)
            links = np.array(sorted(self._symmetrize(*directions)), dtype=np.int32).reshape(-1, 2)
            yield WordAlignment(links, np.ones(len(links), np.float32))


def _write_words(pairs: Iterable[WordPair], source: Path, target: Path) -> int:
    """Write the words of a sentence per line, and return the number of lines.

    A pair with a sentence that is too long has empty lines, which get no links. Control characters
    that Python takes for spaces count as words, so they are written as a hyphen.
    """
    count = 0
    with source.open("w", encoding="utf-8") as src, target.open("w", encoding="utf-8") as tgt:
        for pair in pairs:
            words = [pair.source.strings(), pair.target.strings()]
            if max(map(len, words)) > MAX_WORDS:
                words = [[], []]
            for side, file in zip(words, (src, tgt), strict=True):
                line = " ".join(["-" if word.isspace() else word for word in side])
                file.write(line.lower() + "\n")
            count += 1
    return count
