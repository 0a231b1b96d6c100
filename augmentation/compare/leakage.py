"""The search for leaks: test texts, and sources of test rows, that are in the training sets."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from augmentation.compare.strategies import Part
from corpora.choices import Task
from corpora.errors import UserError
from corpora.records import Row

_BREAKS = re.compile(r"[\W_]+")


def bare(row: Row) -> Row:
    """What a predictor may see of the test row `row`."""
    return replace(row, label=None, spans=(), target=None, provenance=None, meta={})


def rows_fingerprint(rows: Iterable[Row]) -> str:
    """32 hexadecimal digits that identify the texts, labels and order of `rows`."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        spans = [(s.start, s.end, s.label) for s in row.spans]
        values = (row.id, row.lang, row.text, row.text_pair, row.label, spans, row.target,
                  row.tokens, row.labels, row.value)  # fmt: skip
        digest.update(repr(values).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def normalised(text: str) -> str:
    """`text` without differences that do not count: case, width, punctuation, spacing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _BREAKS.sub(" ", folded).strip()


def text_key(text: str, pair: str | None, task: Task) -> str:
    """What identifies a test text for `task`: `text`, and its second text `pair` where it has one.

    A question is identified by its paragraph: another question on it in training is a leak too.
    """
    # Texts of punctuation alone would all be normalised to the same empty text.
    key = normalised(text) or text.strip()
    if pair is None or task == "qa":
        return key
    return f"{key}\n{normalised(pair) or pair.strip()}"


@dataclass(frozen=True, slots=True)
class Leak:
    """A test text that is among the training texts."""

    test: str
    """Name of the test set."""
    test_id: str
    what: str
    """`text`, or `source`: the text that it was translated from."""
    part: Part
    """Where the training text is."""
    train_id: str
    root: str
    """Id of the row in the source training set that it comes from."""
    text: str

    @property
    def where(self) -> str:
        """`text of source`, `source of translated-de`, ..."""
        return f"{self.what} of {self.part.name}"

    def as_json(self) -> dict[str, str]:
        """As reports show it."""
        values = {"test": self.test, "test_id": self.test_id, "what": self.what}
        training = {"set": self.part.name, "train_id": self.train_id, "root": self.root}
        return {**values, **training, "text": self.text}


def find_leaks(
    tests: Mapping[str, Sequence[Row]],
    parts: Mapping[Part, Sequence[Row]],
    roots: Mapping[Part, Mapping[str, str]],
    task: Task,
) -> list[Leak]:
    """Every training row whose text, or the text it was translated from, is a test text for `task`.

    `tests` are test sets by name, `parts` the rows that training sets are put together from:
    translations hold the source in their provenance, and back-translations the translation.
    `roots` gives by part and row id the id of the source row.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for name, rows in tests.items():
        for row in rows:
            wanted.setdefault(text_key(row.text, row.text_pair, task), (name, row.id))
    leaks = []
    for part, rows in parts.items():
        for row in rows:
            for what, text, pair in _texts(row):
                hit = wanted.get(text_key(text, pair, task))
                if hit is not None:
                    root = roots.get(part, {}).get(row.id, row.id)
                    leaks.append(Leak(*hit, what, part, row.id, root, text))
    return leaks


def _texts(row: Row) -> Iterator[tuple[str, str, str | None]]:
    yield "text", row.text, row.text_pair
    if row.provenance is not None:
        yield "source", row.provenance.source_text, row.provenance.source_text_pair


def check_groups(tests: Mapping[str, Sequence[Row]], train: Sequence[Row], train_lang: str) -> None:
    """Raise `UserError` where a row of `tests` comes from a row of `train` (whose language is
    `train_lang`), or was its source.

    Rows that come from one source row, in any language, must not be split between train and test.
    Only provenance counts, because unrelated files may use the same ids.
    """
    in_training = {(train_lang, row.id) for row in train} | {
        (row.provenance.source_lang, row.provenance.source_id)
        for row in train
        if row.provenance is not None
    }
    for name, rows in tests.items():
        for row in rows:
            source = row.provenance
            if source is not None and (source.source_lang, source.source_id) in in_training:
                raise UserError(
                    f"test row {row.id!r} of {name} comes from {source.source_id!r}, which is in "
                    "the training set: rows of one source must not be split between train and test"
                )
