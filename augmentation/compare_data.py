"""The rows of a comparison: read once, sampled, grouped, and searched for leaks."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from augmentation.compare_config import FewShotConfig
from corpora.checks import Task
from corpora.errors import UserError
from corpora.records import Row
from corpora.text.normalisation import fold

_BREAKS = re.compile(r"[\W_]+")


def bare(row: Row) -> Row:
    """What a predictor may see of a test row."""
    return replace(row, label=None, spans=(), target=None, provenance=None, meta={})


def rows_fingerprint(rows: Iterable[Row]) -> str:
    """32 hexadecimal digits that stand for the rows' texts, labels and order."""
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        spans = [(s.start, s.end, s.label) for s in row.spans]
        values = (row.id, row.lang, row.text, row.text_pair, row.label, spans, row.target,
                  row.tokens)  # fmt: skip
        digest.update(repr(values).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def normalised(text: str) -> str:
    """`text` without what hides that two texts are one: case, width, punctuation, spacing."""
    return _BREAKS.sub(" ", fold(text)).strip()


def text_key(text: str, pair: str | None, task: Task) -> str:
    """What a test text is known by: the text, and its second one where it has one.

    A question is known by its paragraph: another question on it in training gives much away.
    """
    # Texts of nothing but signs are not all the same.
    one = normalised(text) or text.strip()
    if pair is None or task == "qa":
        return one
    return f"{one}\n{normalised(pair) or pair.strip()}"


@dataclass(frozen=True, slots=True)
class Leak:
    """A test text that is among the training texts."""

    test: str
    """Name of the test set."""
    test_id: str
    what: str
    """`text`, or `source`: the text that it was translated from."""
    set: str
    """Name of the training set."""
    train_id: str
    root: str
    """Id of the row in the source training set that it comes from."""
    text: str

    @property
    def where(self) -> str:
        """`text of source`, `source of translated-de`, ..."""
        return f"{self.what} of {self.set}"


def find_leaks(
    tests: Mapping[str, Sequence[Row]],
    sets: Mapping[str, Sequence[Row]],
    roots: Mapping[str, Mapping[str, str]],
    task: Task,
) -> list[Leak]:
    """Every training row whose text, or the text it was translated from, is a test text.

    `sets` are training sets by name: translations hold the source in their provenance, and
    back-translations the translation. `roots` gives by set and row id the id of the source row.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for name, rows in tests.items():
        for row in rows:
            wanted.setdefault(text_key(row.text, row.text_pair, task), (name, row.id))
    leaks = []
    for name, rows in sets.items():
        for row in rows:
            for what, text, pair in _texts(row):
                hit = wanted.get(text_key(text, pair, task))
                if hit is not None:
                    root = roots.get(name, {}).get(row.id, row.id)
                    leaks.append(Leak(*hit, what, name, row.id, root, text))
    return leaks


def _texts(row: Row) -> Iterator[tuple[str, str, str | None]]:
    yield "text", row.text, row.text_pair
    if row.provenance is not None:
        yield "source", row.provenance.source_text, row.provenance.source_text_pair


def check_groups(tests: Mapping[str, Sequence[Row]], train: Sequence[Row], train_lang: str) -> None:
    """Raise `UserError` where a test row comes from a row that is in training, or was its source.

    Rows that come from one source row, whatever their languages, are one group, and a group is
    never split. Ids of files with nothing to do with each other may be alike; so rows that no
    provenance joins are no group.
    """
    known = {(train_lang, row.id) for row in train} | {
        (row.provenance.source_lang, row.provenance.source_id)
        for row in train
        if row.provenance is not None
    }
    for name, rows in tests.items():
        for row in rows:
            came = row.provenance
            if came is not None and (came.source_lang, came.source_id) in known:
                raise UserError(
                    f"test row {row.id!r} of {name} comes from {came.source_id!r}, which is in the "
                    "training set: rows of one source must not be split between train and test"
                )


def sample_few(rows: Sequence[Row], task: Task, few: FewShotConfig, seed: int) -> list[Row]:
    """`per_class` rows of each class, drawn by `seed`; all of a class that has fewer.

    The class of a row is its label; where rows have none (names, answers), rows are drawn so that
    every label of spans is in `per_class` of them. Rows that share a source, or for questions the
    text, count once. Without any label `per_class` rows are drawn.
    """
    rng = random.Random(seed)
    shuffled = list(rows)
    rng.shuffle(shuffled)
    shuffled = list({_group(row, task): row for row in reversed(shuffled)}.values())[::-1]
    by_class: defaultdict[str, list[Row]] = defaultdict(list)
    for row in shuffled:
        for name in _classes(row, task):
            by_class[name].append(row)
    names = sorted(by_class, key=lambda name: (-len(by_class[name]), name))
    if few.classes is not None:
        if few.classes > len(names):
            raise UserError(
                f"few-shot is to take {few.classes} classes, but there are {len(names)}",
                choices=names,
            )
        names = names[: few.classes]
    chosen: dict[str, Row] = {}
    counts: Counter[str] = Counter()
    for name in reversed(names):
        for row in by_class[name]:
            if counts[name] >= few.per_class:
                break
            if row.id not in chosen:
                chosen[row.id] = row
                counts.update(set(_classes(row, task)))
    return [row for row in rows if row.id in chosen]


def few_shortages(rows: Sequence[Row], task: Task, few: FewShotConfig) -> dict[str, int]:
    """How many rows there are of each class that has fewer than few-shot is to take."""
    counts: Counter[str] = Counter()
    for row in {_group(row, task): row for row in rows}.values():
        counts.update(set(_classes(row, task)))
    names = sorted(counts, key=lambda name: (-counts[name], name))[: few.classes]
    return {name: counts[name] for name in names if counts[name] < few.per_class}


def _classes(row: Row, task: Task) -> list[str]:
    if task in ("text", "qa"):
        return ["all"]
    if row.label is not None:
        return [row.label]
    return sorted({span.label for span in row.spans})


def _group(row: Row, task: Task) -> str:
    if task == "qa":
        return row.text
    return row.id if row.provenance is None else row.provenance.source_id


def check_labels(task: Task, train: Sequence[Row], test: Sequence[Row], name: str) -> list[str]:
    """The labels of a test set that training never has.

    Raises `UserError` for a test set that is empty, and where no label at all is known.
    """
    if not test:
        raise UserError(f"the test set {name} is empty")
    if task in ("qa", "text"):
        return []
    known = _labels(train, task)
    wanted = _labels(test, task)
    if not wanted:
        what = "spans" if task == "tokens" else "labels"
        raise UserError(f"the test set {name} has no {what} at all")
    if not known & wanted:
        raise UserError(
            f"no label of the test set {name} ({', '.join(sorted(wanted)[:5])}) is one that "
            "training has",
            choices=known,
        )
    return sorted(wanted - known)


def _labels(rows: Sequence[Row], task: Task) -> set[str]:
    if task == "tokens":
        return {span.label for row in rows for span in row.spans}
    return {row.label for row in rows if row.label is not None}
