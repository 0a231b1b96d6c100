"""Parallel corpora: tab-separated files, two line-aligned files (Moses), and TMX; gzip and zstd.

Everything is streamed: memory does not grow with the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from corpora.errors import UserError
from corpora.readers.streams import blocks, format_suffix, text_lines
from corpora.storage import COMPRESSIONS, NOT_TWICE

DIRECTION_COLUMN = "direction"
"""An optional column of a TSV file, such as `en-de`: machine-translated, and from which side."""

BITEXT_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("machine", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("target_lang", pa.string(), nullable=False),
    ]
)
"""A bitext as Arrow. `direction` says what a pair is for: `forward` (source to target),
`backward`, or `both`; `weight` how often it is seen; `target_lang` the BCP 47 tag of `target`."""

DROPPED_BITEXT_SCHEMA = BITEXT_SCHEMA.append(
    pa.field("drop_reason", pa.string(), nullable=False)
).append(pa.field("drop_score", pa.float64(), nullable=False))
"""A pair that cleaning refused: the filter's name and what it scored."""

ALIGNED_BITEXT_SCHEMA = BITEXT_SCHEMA.append(
    pa.field("links", pa.list_(pa.int16()), nullable=False)
)
"""A bitext with word links: flattened pairs of (source word, target word), from 0."""


@dataclass(frozen=True, slots=True)
class BitextPair:
    """A text and its translation as they stand in the file.

    `line` is where it stands, from 1 (for TMX the line on which its `<tu>` opens).
    """

    source: str
    target: str
    origin: str
    line: int
    machine: str = ""
    """The side that a machine wrote: `source`, `target`, or empty for neither."""


@dataclass(frozen=True, slots=True)
class Bitext:
    """One corpus: `path` alone (TSV or TMX), or `path` and `target_path`, line by line.

    `columns` are the two columns of a TSV file, by name (the file has a header line) or by
    number from 1 (it has none). Without them a header line that names both languages, or
    `source` and `target`, is understood, and so are exactly two columns without a header.
    `weight` is how often a pair is seen, against 1 for other corpora.
    """

    path: Path
    target_path: Path | None = None
    columns: tuple[str, str] | None = None
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The file's name without what marks its format."""
        name = _without(self.path.name, COMPRESSIONS)
        return _without(name, (".tsv", ".tmx", ".txt"))

    @property
    def is_table(self) -> bool:
        """Whether it is tab-separated, so that it has columns."""
        return self.target_path is None and not _is_tmx(self.path)

    def files(self) -> tuple[Path, ...]:
        """The files that it is made of."""
        return (self.path,) if self.target_path is None else (self.path, self.target_path)

    def check_files(self) -> None:
        """Raise `UserError` for a file that is not there, and for what else is in its place."""
        for file in self.files():
            if file.is_dir():
                raise UserError("this is a folder, not a file", file=file)
            if not file.exists():
                raise UserError("no such file", file=file)
            if not file.is_file():
                raise UserError(NOT_TWICE, file=file)


def read_bitext(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    """The pairs of `bitext` in file order; `source` and `target` are BCP 47 tags.

    Raises `UserError`, naming file and line, for a missing or empty file, a wrong column, text
    that is not UTF-8, malformed TMX and files of different length.
    """
    bitext.check_files()
    if bitext.target_path is not None:
        pairs = _read_moses(bitext, bitext.target_path)
    elif _is_tmx(bitext.path):
        pairs = _read_tmx(bitext, source, target)
    else:
        pairs = _read_tsv(bitext, source, target)
    empty = True
    for pair in pairs:
        empty = False
        yield pair
    if empty:
        raise UserError("no sentence pair in it", file=bitext.path)


def _read_moses(bitext: Bitext, target_path: Path) -> Iterator[BitextPair]:
    lines = zip_longest(text_lines(bitext.path), text_lines(target_path))
    for number, (source, target) in enumerate(lines, 1):
        if source is None or target is None:
            longer = number + sum(1 for _ in lines)
            counts = (number - 1, longer) if source is None else (longer, number - 1)
            raise UserError(
                f"{counts[0]} lines, but {target_path} has {counts[1]}: "
                "line-aligned files have the same number of lines",
                file=bitext.path,
            )
        yield BitextPair(source, target, bitext.name, number)


@dataclass(frozen=True, slots=True)
class _Columns:
    source: int
    target: int
    direction: int | None
    header: bool


def _find_columns(bitext: Bitext, first: Sequence[str], source: str, target: str) -> _Columns:
    """Which fields of a TSV file to take, from its `first` line and what the user says."""

    def in_header(names: Sequence[str]) -> _Columns:
        direction = first.index(DIRECTION_COLUMN) if DIRECTION_COLUMN in first else None
        return _Columns(first.index(names[0]), first.index(names[1]), direction, True)

    if bitext.columns is not None:
        if len(set(bitext.columns)) == 1:
            problem = f"both texts are to be in column {bitext.columns[0]}: they are two columns"
            raise UserError(problem, file=bitext.path)
        if all(c.isdecimal() for c in bitext.columns):
            numbers = [int(c) for c in bitext.columns]
            for number in numbers:
                if not 1 <= number <= len(first):
                    raise UserError(
                        f"no column {number}: the line has {len(first)}", file=bitext.path, line=1
                    )
            return _Columns(numbers[0] - 1, numbers[1] - 1, None, False)
        for column in bitext.columns:
            if column not in first:
                raise UserError(
                    f"no column {column!r}", file=bitext.path, line=1, choices=[f for f in first]
                )
        return in_header(bitext.columns)
    known = {name.strip().lower(): name for name in reversed(first)}
    for names in ((source, target), ("source", "target"), ("src", "tgt")):
        if all(name.lower() in known for name in names):
            return in_header([known[name.lower()] for name in names])
    if len(first) == 2:
        return _Columns(0, 1, None, False)
    raise UserError(
        f"{len(first)} columns and no header with {source!r} and {target!r}: "
        "say which with --columns",
        file=bitext.path,
        line=1,
    )


def _read_tsv(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    """Tab-separated lines, without quoting: a tab always parts, a quote is a quote.

    Empty lines are passed over.
    """
    lines = ((n, line.split("\t")) for n, line in enumerate(text_lines(bitext.path), 1) if line)
    first = next(lines, None)
    if first is None:
        return
    columns = _find_columns(bitext, first[1], source, target)
    machine = {f"{source}-{target}".lower(): "target", f"{target}-{source}".lower(): "source"}
    needed = 1 + max(columns.source, columns.target, columns.direction or 0)
    for number, fields in lines if columns.header else chain([first], lines):
        if len(fields) < needed:
            raise UserError(
                f"{len(fields)} columns, at least {needed} are needed",
                file=bitext.path,
                line=number,
            )
        direction = "" if columns.direction is None else fields[columns.direction]
        yield BitextPair(
            fields[columns.source],
            fields[columns.target],
            bitext.name,
            number,
            machine.get(direction.strip().replace("_", "-").lower(), ""),
        )


def _is_tmx(path: Path) -> bool:
    return format_suffix(path) == ".tmx"


def _without(name: str, suffixes: Iterable[str]) -> str:
    """`name` without the one of `suffixes` that it ends in."""
    return next((name.removesuffix(s) for s in suffixes if name.endswith(s)), name)


class _TmxReader:
    """Collects the `<tu>` of a TMX file with Python's expat, fed block by block.

    A document type may be named, as TMX 1.4 files do, but is not fetched; a file that declares
    entities, or refers to one that only its document type could declare, is refused.
    """

    def __init__(self, bitext: Bitext, source: str, target: str) -> None:
        self.pairs: list[BitextPair] = []
        self.languages: set[str] = set()
        self.units = 0
        self._bitext = bitext
        self._wanted = (source.lower(), target.lower())
        self._texts: dict[str, str] = {}
        self._language = ""
        self._segment: list[str] | None = None
        self._skip = 0
        self._line = 0
        self._saw_root = False
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._refuse_entity

    def feed(self, block: bytes, final: bool = False) -> None:
        try:
            self._parser.Parse(block, final)
        except (LookupError, ValueError) as error:  # of the encoding that it says to have
            raise self._fail(f"malformed TMX: {error}") from error
        except expat.ExpatError as error:
            raise UserError(
                f"malformed TMX: {expat.ErrorString(error.code)} (column {error.offset + 1})",
                file=self._bitext.path,
                line=error.lineno,
            ) from error

    def _fail(self, problem: str) -> UserError:
        return UserError(problem, file=self._bitext.path, line=self._parser.CurrentLineNumber)

    def _refuse_entity(self, name: str, *_: Any) -> None:
        raise self._fail(f"malformed TMX: entity {name!r} is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._saw_root:
            self._saw_root = True
            if name != "tmx":
                raise self._fail(f"malformed TMX: the document is a <{name}>")
        if self._segment is not None:
            # Inline codes (`ph`, `bpt`, ...) hold markup; only `hi` and `mrk` hold text.
            self._skip += 1 if self._skip or name not in ("hi", "mrk") else 0
        elif name == "tu":
            self._texts, self._line = {}, self._parser.CurrentLineNumber
            self.units += 1
        elif name == "tuv":
            language = attributes.get("xml:lang", attributes.get("lang"))
            if language is None:
                raise self._fail("malformed TMX: a <tuv> without xml:lang")
            self._language = language.lower().replace("_", "-")
            self.languages.add(self._language)
        elif name == "seg":
            self._segment = []

    def _text(self, text: str) -> None:
        if self._segment is not None and not self._skip:
            self._segment.append(text)

    def _end(self, name: str) -> None:
        if name == "seg" and self._segment is not None:
            self._texts.setdefault(self._language, "".join(self._segment))
            self._segment, self._skip = None, 0
        elif self._skip:
            self._skip -= 1
        elif name == "tu":
            source, target = (self._find(wanted) for wanted in self._wanted)
            if source is not None and target is not None:
                self.pairs.append(BitextPair(source, target, self._bitext.name, self._line))

    def _find(self, wanted: str) -> str | None:
        """`en` takes `en` or else `en-US`; `en-GB` takes `en-GB` or else `en`."""
        if wanted in self._texts:
            return self._texts[wanted]
        base = wanted.split("-")[0]
        for language, text in self._texts.items():
            if language == base or (wanted == base and language.split("-")[0] == base):
                return text
        return None


def _read_tmx(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    reader = _TmxReader(bitext, source, target)
    found = False
    for block in blocks(bitext.path):
        reader.feed(block)
        found = found or bool(reader.pairs)
        yield from reader.pairs
        reader.pairs.clear()
    reader.feed(b"", final=True)
    yield from reader.pairs
    if not found and reader.units and not reader.pairs:
        raise UserError(
            f"none of its {reader.units} translation units has both {source!r} and {target!r}",
            file=bitext.path,
            choices=reader.languages,
        )
