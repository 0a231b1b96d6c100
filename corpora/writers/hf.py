"""Folders for trainers of `transformers`: tokens with numbered tags, texts with numbered classes.

Every language has a folder that both `datasets.load_from_disk` and `datasets.load_dataset` read,
with a folder for each split in it. The library `datasets` is not needed to write them.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from corpora.errors import UserError
from corpora.fingerprint import fingerprint
from corpora.records import Row
from corpora.splits import file_names
from corpora.writers.by_split import spooled_by_split
from corpora.writers.hf_card import MARK, card
from corpora.writers.hf_columns import Facts, batch_of, features_of, schema_of
from corpora.writers.options import Target

_ROWS = 5_000


def write_hf(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to the folder of `target`: `LANG/SPLIT/` and a card.

    Rows for `tokens` have `tokens` and `ner_tags`, those for `classification` and `pair` have
    `labels`: one class number, several, or a number. Rows without a split are of `train`. The
    numbers of classes are the same in all languages and splits. Raises `UserError` for no task, and
    for a row that lacks its label or has one of another kind.
    """
    if target.task is None:
        raise UserError("the format 'hf' needs a task", file=target.path)
    facts = Facts(target.task, target.path)
    with TemporaryDirectory() as spool:
        parts = _spooled(rows, Path(spool), facts)
        for lang, by_split in sorted(parts.items()):
            counts = _write_language(target.folder / lang, by_split, facts, target.notes)
            target.files.update({target.path / lang / name: n for name, n in counts.items()})
    about = card(target.files, features_of(facts), by_language=True)
    (target.folder / "README.md").write_text(about, encoding="utf-8")


def check_replaceable(folder: Path) -> None:
    """Raise `UserError` where `folder` is a file, a link, or a folder with something else in it
    than an earlier export."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError("the format 'hf' is a folder, and this is none", file=folder)
    if not folder.exists() or not any(folder.iterdir()):
        return
    about = folder / "README.md"
    if not about.is_file() or MARK not in about.read_text(encoding="utf-8", errors="replace"):
        raise UserError("the folder is not empty, and no export of the format 'hf'", file=folder)


def _spooled(rows: Iterable[Row], spool: Path, facts: Facts) -> dict[str, dict[str, Iterable[Row]]]:
    """`rows` by language and split, after `facts` has seen them all."""

    def named(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            facts.add(row)
            yield row

    by_split = spooled_by_split(named(rows), spool)
    parts: dict[str, dict[str, Iterable[Row]]] = {}
    for split, part in by_split.items():
        for lang in sorted(facts.langs) or ["und"]:
            parts.setdefault(lang, {})[split] = _OfLanguage(part, lang)
    return parts


class _OfLanguage:
    """The rows of one language among `rows`."""

    def __init__(self, rows: Iterable[Row], lang: str) -> None:
        self._rows = rows
        self._lang = lang

    def __iter__(self) -> Iterator[Row]:
        return (row for row in self._rows if row.lang == self._lang)


def _write_language(
    folder: Path,
    by_split: dict[str, Iterable[Row]],
    facts: Facts,
    notes: Counter[str],
) -> dict[str, int]:
    """Write the splits of one language; the number of rows by the name of the split's folder."""
    counts = {}
    for split, name in sorted(file_names(by_split).items()):
        count = _write_split(folder / name, name, iter(by_split[split]), facts, notes)
        if count or len(by_split) == 1:
            counts[name] = count
        else:
            shutil.rmtree(folder / name)
    _write_json(folder / "dataset_dict.json", {"splits": list(counts)})
    paths = {Path(name): count for name, count in counts.items()}
    about = card(paths, features_of(facts), by_language=False)
    (folder / "README.md").write_text(about, encoding="utf-8")
    return counts


def _write_split(
    folder: Path, split: str, rows: Iterator[Row], facts: Facts, notes: Counter[str]
) -> int:
    """Write one split as `save_to_disk` does; the number of its rows."""
    folder.mkdir(parents=True)
    file = "data-00000-of-00001.arrow"
    schema, count = schema_of(facts), 0
    with pa.OSFile(str(folder / file), "wb") as out, pa.ipc.new_stream(out, schema) as stream:
        while chunk := list(islice(rows, _ROWS)):
            stream.write_batch(batch_of(chunk, facts, schema, notes))
            count += len(chunk)
    info = {"citation": "", "description": "", "homepage": "", "license": ""}
    _write_json(folder / "dataset_info.json", info | {"features": features_of(facts)})
    state: dict[str, Any] = {
        "_data_files": [{"filename": file}],
        "_fingerprint": fingerprint(["hf", split, count, features_of(facts)])[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }
    _write_json(folder / "state.json", state)
    return count


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
