"""What the statistical aligner learned from a bitext, as a start for another, and its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from alignment.words.statistical.bitext import EncodedBitext, Floats, Ints
from corpora.errors import UserError
from corpora.storage import reading, replacing

_FORMAT = "labelferry-alignment-priors-1"


@dataclass(frozen=True, slots=True)
class Priors:
    """Expected link counts of word pairs, and jump widths, learned from a bitext.

    `source[i]` and `target[i]` are the words of pair i, `count` has shape (pairs,) and `jumps` are
    two arrays of shape (2 * max_jump + 1,), forward and reverse.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    count: Floats
    jumps: tuple[Floats, Floats]

    def counts(self, bitext: EncodedBitext, reverse: bool) -> tuple[Floats, Floats]:
        """Counts of the word pairs of `bitext`, shape (pairs,), and totals of its given words.

        The given words are those of the source, or with `reverse` of the target.
        """
        value = self.count
        left = _lookup(self.source, bitext.source.index)
        right = _lookup(self.target, bitext.target.index)
        given, side = (right, bitext.target) if reverse else (left, bitext.source)
        in_bitext = given >= 0
        total = np.bincount(given[in_bitext], value[in_bitext], minlength=len(side.words))
        both = (left >= 0) & (right >= 0)
        keys = left[both] * max(len(bitext.target.words), 1) + right[both]
        at = np.searchsorted(bitext.keys, keys)
        at = np.minimum(at, max(len(bitext.keys) - 1, 0))
        count = np.zeros(len(bitext.keys))
        if len(bitext.keys):
            hit = bitext.keys[at] == keys
            np.add.at(count, at[hit], value[both][hit])
        return count, np.asarray(total, dtype=np.float64)


def _lookup(words: Sequence[str], index: dict[str, int]) -> Ints:
    return np.fromiter((index.get(word, -1) for word in words), np.int64, len(words))


def save_priors(path: str | Path, priors: Priors) -> None:
    """Write `priors` to `path` as an Arrow IPC file; raises `UserError` where that cannot be."""
    table = pa.table(
        {
            "source": pa.array(priors.source, pa.string()),
            "target": pa.array(priors.target, pa.string()),
            "count": pa.array(priors.count, pa.float64()),
        },
        metadata={
            "format": _FORMAT,
            "jumps": json.dumps([jump.tolist() for jump in priors.jumps]),
        },
    )
    with (
        replacing(Path(path)) as temporary,
        pa.OSFile(str(temporary), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)


def load_priors(path: str | Path) -> Priors:
    """Read the priors in `path`; raises `UserError` for a missing file or one of another format."""
    try:
        with reading(Path(path)), pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        metadata = table.schema.metadata or {}
        if metadata.get(b"format") != _FORMAT.encode():
            raise ValueError("no priors")
        jumps = [np.array(jump, dtype=np.float64) for jump in json.loads(metadata[b"jumps"])]
        columns = {name: table.column(name) for name in ("source", "target", "count")}
        first, second = jumps
    except (pa.ArrowInvalid, KeyError, ValueError) as error:
        raise UserError("not a file of alignment priors", file=path) from error
    return Priors(
        tuple(columns["source"].to_pylist()),
        tuple(columns["target"].to_pylist()),
        columns["count"].to_numpy().astype(np.float64),
        (first, second),
    )
