"""Aligns the words of a bitext and writes the links in Pharaoh format."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from alignment.pharaoh import format_links, write_pharaoh
from alignment.protocol import SoftAligner, WordAligner, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors
from alignment.words.splitting import split_pair
from alignment.words.tokens import align_tokens, space_tokens, token_links
from augmentation.projection.aligners import open_aligner
from augmentation.projection.config import AlignConfig
from augmentation.reporting.notebook import SHOWN_ROWS, Section, notebook_html
from augmentation.reporting.tables import Column, Table
from corpora.errors import UserError, called
from corpora.readers.options import checked_encoding
from corpora.readers.pipes import regular_file
from corpora.readers.streams import text_lines


@dataclass(frozen=True, slots=True)
class AlignmentResult:
    """The links of every sentence pair."""

    pairs: list[WordPair]
    """The sentences with the tokens that links count."""
    links: list[WordAlignment]
    seconds: float
    """How long aligning took."""

    @property
    def total_links(self) -> int:
        """Links of all pairs together."""
        return sum(len(alignment.links) for alignment in self.links)

    def lines(self, *, weights: bool = False) -> list[str]:
        """A line of Pharaoh format for each pair, such as `0-0 1-2`; `weights` adds each link's
        probability, as in `0-0:0.9731`."""
        return [format_links(alignment, weights) for alignment in self.links]

    def write(self, path: Path, *, weights: bool = False) -> int:
        """Write `lines` to the file `path`, which .gz or .zst at its end compresses; how many.

        `weights` is that of `lines`. Raises `UserError` for a file that cannot be written.
        """
        return write_pharaoh(path, self.links, weights=weights)

    def _repr_html_(self) -> str:
        shown = islice(zip(self.pairs, self.links, strict=True), SHOWN_ROWS)
        rows = tuple(
            (pair.source.text, pair.target.text, ", ".join(_linked_words(pair, alignment)))
            for pair, alignment in shown
        )
        columns = tuple(Column(name, "text") for name in ("source", "target", "links"))
        note = f"{len(self.pairs)} pairs, {self.total_links} links"
        return notebook_html(Section(note, Table("First pairs", columns, rows)))


def align(pairs: Sequence[WordPair], config: AlignConfig) -> AlignmentResult:
    """Align the words of all `pairs`, whose offsets are the tokens that links count, by `config`.

    With `unspaced`, links count our own words instead. Raises `UserError` for models that do not
    exist and for a language pair that they lack.
    """
    words = [split_pair(pair.source.text, pair.target.text) for pair in pairs]
    started = time.perf_counter()
    links = _links(_trained(config, words), pairs, words, config)
    seconds = time.perf_counter() - started
    return AlignmentResult(words if config.unspaced else list(pairs), links, seconds)


def _links(
    aligner: WordAligner,
    pairs: Sequence[WordPair],
    words: Sequence[WordPair],
    config: AlignConfig,
) -> list[WordAlignment]:
    """Links between the tokens of `pairs`, or with `unspaced` between the `words` of the same."""
    if isinstance(aligner, SoftAligner):
        method = config.symmetrization or "weighted"
        soft = aligner.posteriors(words)
        if config.unspaced:
            return [links_from_posteriors(p, config.threshold, method) for p in soft]
        return align_tokens(pairs, soft, config.threshold, method)
    links = aligner.align(words)
    if config.unspaced:
        return links
    return [token_links(*three) for three in zip(pairs, words, links, strict=True)]


def sentence_pairs(sources: Iterable[str], targets: Iterable[str]) -> list[WordPair]:
    """Pairs of `sources` and `targets`, whose tokens are separated by spaces.

    Raises `ValueError` where they differ in number.
    """
    return [
        WordPair(Words(source, space_tokens(source)), Words(target, space_tokens(target)))
        for source, target in zip(sources, targets, strict=True)
    ]


class Rejects(Protocol):
    """Where bad pairs go."""

    def write(self, line: int, reason: str, text: str) -> None:
        """Keep the pair `text` of `line` with the `reason` that it is bad for."""
        ...


def read_pairs(
    source_file: Path,
    target_file: Path | None = None,
    *,
    encoding: str | None = None,
    rejected: Rejects | None = None,
) -> list[WordPair]:
    """The sentence pairs of two files of one sentence per line, or of one of tab-separated pairs.

    The first two columns of `source_file` are the pairs where there is no `target_file`. Raises
    `UserError` for a file that does not exist or is empty, for files that differ in their number
    of lines, and for a line without a tab: with `rejected`, that line goes there, and is an empty
    pair. `encoding` is that of the files, None being UTF-8.
    """
    encoding = checked_encoding(encoding)
    source_file = regular_file(source_file)
    target_file = None if target_file is None else regular_file(target_file)
    for path in (source_file, target_file):
        if path is not None and not path.is_file():
            raise UserError("no such file", file=path)
    if target_file is not None:
        sources = list(text_lines(source_file, encoding=encoding))
        targets = list(text_lines(target_file, encoding=encoding))
        if len(sources) != len(targets):
            problem = f"{len(targets)} lines, but {called(source_file)} has {len(sources)}"
            raise UserError(problem, file=target_file)
    else:
        sources, targets = [], []
        for number, line in enumerate(text_lines(source_file, encoding=encoding), 1):
            fields = line.split("\t")
            if len(fields) < 2:
                problem = "no tab: expected source and target"
                if rejected is None:
                    raise UserError(problem, file=source_file, line=number)
                rejected.write(number, problem, line)
                fields = ["", ""]
            sources.append(fields[0])
            targets.append(fields[1])
    if not sources:
        raise UserError("the file is empty", file=source_file)
    return sentence_pairs(sources, targets)


def _trained(config: AlignConfig, words: Sequence[WordPair]) -> WordAligner:
    """The aligner of `config`; what the statistical one learns from `words` goes to
    `config.save_priors`, if that is set."""
    if config.save_priors is None:
        return open_aligner(config.aligner, config)
    from alignment.words.statistical.aligner import StatisticalAligner

    statistical = StatisticalAligner(config.priors)
    statistical.fit(words).save(config.save_priors)
    return statistical


def _linked_words(pair: WordPair, alignment: WordAlignment) -> list[str]:
    sources, targets = pair.source.strings(), pair.target.strings()
    return [f"{sources[i]}\u2013{targets[j]}" for i, j in alignment.links.tolist()]
