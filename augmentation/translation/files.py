"""A file of texts in, a file of translations out, in bounded memory.

What is done of a file is kept beside it (see `partial`), so that the same call continues where an
earlier one was interrupted.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translation.partial import DoneChunk, keeping
from augmentation.translation.rejected import RejectedRows
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.texts import CHUNK_ROWS, TextItem, TextSource, chunks
from augmentation.translation.translate import protected_stretches, translate, with_translation
from corpora.fingerprint import content_hash, fingerprint
from translators.texts import TextTranslation

_LEAST_ROWS = 256
_BYTES_OF_ROWS = 1 << 36
"""Rows kept together times the size of the models: 1,000 rows for 64 MB, which takes some twenty
seconds on two cores."""
_VERSION = 1
"""Raised whenever the same input and options give other lines."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How translations are made and written."""

    into: str = "translation"
    """Field of a JSON object that the translation is written to."""
    n_best: int = 1
    """Translations of each text: a list in rows, tab-separated in lines."""
    split: bool = True
    """Whether texts are cut into sentences first."""


@dataclass(frozen=True, slots=True)
class FileTranslation:
    """Counts of the translation of a file."""

    rows: int
    """Lines or rows translated."""
    rejected: int
    """Bad rows that were skipped."""
    flagged: int
    """Translations that the guards found something wrong with."""
    kept: int = 0
    """Lines or rows that an earlier call had translated before it was interrupted."""


def translate_file(
    source: TextSource,
    out: Path | IO[str],
    setup: TranslationSetup,
    target: str,
    *,
    rejected: RejectedRows,
    options: FileOptions | None = None,
    listener: Listener | None = None,
) -> FileTranslation:
    """Translate the lines or rows of `source` to `target` (BCP 47) as `setup` and `options` say.

    Translations go to `out`, a file that is written whole or not at all (compressed if its name
    ends in .gz or .zst) or an open stream; bad rows go to `rejected` where `source` skips them.
    Until a file is whole, `OUT.partial` keeps what is done. `listener` is told of every chunk:
    `done` are rows, `seen` is the line reached. Raises
    `UserError` for a language pair that the models lack, for bad input, and for an output that
    cannot be written.
    """
    options, listener = options or FileOptions(), listener or Listener()
    translate([], setup, target, n_best=options.n_best)  # a wrong pair fails at once
    made_by = fingerprint([_VERSION, setup.identity(target), options])
    rows = flagged = kept = 0
    with _writing(out) as output, rejected:
        for chunk in chunks(source.items(rejected), _chunk_rows(setup)):
            started = time.perf_counter()
            made_from = _made_from(made_by, chunk)
            done = output.take(made_from)
            if done is None:
                done = _translated(chunk, setup, target, source.field, options)
                output.add(made_from, done)
            else:
                kept += len(chunk)
            rows += len(chunk)
            flagged += done.flagged
            seconds = time.perf_counter() - started
            line = chunk[-1].line
            listener.advanced(Progress("translate", seconds, "rows", rows, line, None, before=kept))
    return FileTranslation(rows, rejected.count, flagged, kept)


def _chunk_rows(setup: TranslationSetup) -> int:
    """Rows that are translated and kept together: fewer where a large model is slow, which gains
    nothing from more. Neither the clock nor the machine decides, so that the same call makes the
    same chunks."""
    from translators.open import model_bytes

    size = model_bytes(setup.plain_translator())
    return max(_LEAST_ROWS, _BYTES_OF_ROWS // size) if size else CHUNK_ROWS


def _translated(
    chunk: Sequence[TextItem],
    setup: TranslationSetup,
    target: str,
    field: str,
    options: FileOptions,
) -> DoneChunk:
    translations = translate(
        [item.text for item in chunk],
        setup,
        target,
        n_best=options.n_best,
        split=options.split,
        protected=protected_stretches((item.row for item in chunk), setup, field),
    )
    lines = [
        _written(item, translation, options)
        for item, translation in zip(chunk, translations, strict=True)
    ]
    return DoneChunk("".join(lines), sum(bool(t.flags) for t in translations))


def _made_from(made_by: str, chunk: Sequence[TextItem]) -> str:
    """The hash of all that decides what becomes of `chunk`."""
    items = [[item.text, item.row] for item in chunk]
    return content_hash(json.dumps([made_by, items]).encode("ascii"))


class _Output(Protocol):
    def take(self, made_from: str) -> DoneChunk | None: ...

    def add(self, made_from: str, chunk: DoneChunk) -> None: ...


class _Stream:
    """An open stream, which keeps nothing."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def take(self, made_from: str) -> DoneChunk | None:
        return None

    def add(self, made_from: str, chunk: DoneChunk) -> None:
        self._file.write(chunk.text)
        self._file.flush()


@contextlib.contextmanager
def _writing(out: Path | IO[str]) -> Iterator[_Output]:
    if not isinstance(out, Path):
        yield _Stream(out)
        return
    with keeping(out) as partial:
        yield partial


def _written(item: TextItem, translation: TextTranslation, options: FileOptions) -> str:
    if item.row is None:
        return "\t".join(" ".join(text.splitlines()) for text in translation.texts) + "\n"
    row = with_translation(item.row, translation, options.into, options.n_best)
    # Lone surrogates (JSON can escape them) have no UTF-8: escape what cannot be written.
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    return text + "\n"
