"""A file of texts in, a file of translations out, in bounded memory."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translation.rejected import RejectedRows
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.texts import TextItem, TextSource, chunks
from augmentation.translation.translate import protected_stretches, translate, with_translation
from corpora.storage import replacing_text
from translators.texts import TextTranslation


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
    `listener` is told of every chunk: `done` are rows, `seen` is the line reached. Raises
    `UserError` for a language pair that the models lack, for bad input, and for an output that
    cannot be written.
    """
    options, listener = options or FileOptions(), listener or Listener()
    translate([], setup, target, n_best=options.n_best)  # a wrong pair fails at once
    rows = flagged = 0
    with _writing(out) as file, rejected:
        for chunk in chunks(source.items(rejected)):
            started = time.perf_counter()
            translations = translate(
                [item.text for item in chunk],
                setup,
                target,
                n_best=options.n_best,
                split=options.split,
                protected=protected_stretches((item.row for item in chunk), setup, source.field),
            )
            for item, translation in zip(chunk, translations, strict=True):
                flagged += bool(translation.flags)
                file.write(_written(item, translation, options))
            file.flush()
            rows += len(chunk)
            seconds = time.perf_counter() - started
            listener.advanced(Progress("translate", seconds, "rows", rows, chunk[-1].line, None))
    return FileTranslation(rows, rejected.count, flagged)


@contextlib.contextmanager
def _writing(out: Path | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(out, Path):
        yield out
        return
    with replacing_text(out) as file:
        yield file


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
