"""brat's standoff format: `a.txt` with a text and `a.ann` with its annotations, or a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from corpora.errors import UserError
from corpora.readers.annotated import LeftOutError
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import whole_text
from corpora.readers.values import ValueProblem, short
from corpora.records import Row, Span
from corpora.storage import reading
from corpora.text.units import CodePoints

_ENTITY = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)")


class _Entity(NamedTuple):
    label: str
    fragments: tuple[tuple[int, int], ...]
    text: str
    line: int


def read_brat(source: Source) -> Items:
    """The documents of `source` as rows: a `.txt` or `.ann` file, or all in a folder.

    Entities (`T`) are spans; other annotations are not read. One in several fragments that only
    white space separates is one span; any other has no place in a row: it is a bad row, and with
    the repair of rows each fragment is a span of its own.
    """
    for number, text_file in enumerate(documents(source.path), 1):
        folder = source.path if source.path.is_dir() else text_file.parent
        name = text_file.relative_to(folder).with_suffix("").as_posix()
        with reading(text_file):
            text = whole_text(text_file, encoding=source.options.encoding)
        try:
            spans = _spans(source, text_file.with_suffix(".ann"), text)
            yield number, Row(name, source.lang, text, spans=spans)
        except ValueProblem as problem:
            left_out = isinstance(problem, LeftOutError)
            remains = Row(name, source.lang, text)
            detail = f"{name}.ann: {problem.detail}"
            yield Defect(number, problem.reason, detail, remains, left_out)


def documents(path: Path) -> list[Path]:
    """The texts at `path`, a file with its annotations beside it or a folder of such files.

    Raises `UserError` where a text or the annotations are missing.
    """
    with reading(path):
        is_folder = path.is_dir()
    if is_folder:
        annotated = {file.with_suffix(".txt") for file in path.rglob("*.ann")}
        texts = set(path.rglob("*.txt")) if annotated else set()
    else:
        annotated = {path.with_suffix(".txt")}
        texts = set()
    for file in sorted(annotated):
        if not file.is_file():
            raise UserError("no such file: brat has the text of a .ann file in it", file=file)
    if not annotated:
        raise UserError("this folder holds no .ann files", file=path)
    return sorted(annotated | texts)


def _spans(source: Source, file: Path, text: str) -> tuple[Span, ...]:
    if not file.is_file():
        if source.options.labelled:
            raise LeftOutError("not-annotated", "there is no such file")
        return ()
    unit = source.options.offsets or "codepoints"
    convert = CodePoints(text, unit)
    spans: list[Span] = []
    for entity in _entities(whole_text(file, encoding=source.options.encoding)):
        fragments = tuple((convert.offset(a), convert.offset(b)) for a, b in entity.fragments)
        if not all(0 <= start < end <= len(text) for start, end in fragments):
            problem = f"line {entity.line}: not within the text of {len(text)} characters"
            raise ValueProblem("offset-out-of-range", problem)
        covered = " ".join(text[start:end] for start, end in fragments)
        if " ".join(covered.split()) != " ".join(entity.text.split()):
            problem = (
                f"line {entity.line}: the text there is {short(covered)}, not {short(entity.text)}"
            )
            raise ValueProblem("span-text-differs", problem)
        spans += _joined(source, entity, fragments, text)
    return tuple(dict.fromkeys(spans))


def _joined(
    source: Source, entity: _Entity, fragments: tuple[tuple[int, int], ...], text: str
) -> Iterator[Span]:
    """The span of `fragments`, or one each where those of a repaired `entity` are apart."""
    gaps = (text[end:start] for (_, end), (start, _) in pairwise(fragments))
    if all(not gap.strip() for gap in gaps):
        yield Span(fragments[0][0], fragments[-1][1], entity.label)
        return
    if source.options.on_error != "repair":
        raise ValueProblem(
            "discontinuous-span",
            f"line {entity.line}: {short(entity.text)} is in {len(fragments)} pieces, and a span "
            "is one stretch of text (--on-error repair makes each piece a span)",
        )
    source.repaired["discontinuous-span"] += 1
    for start, end in fragments:
        yield Span(start, end, entity.label)


def _entities(annotations: str) -> Iterator[_Entity]:
    for number, line in enumerate(annotations.split("\n"), 1):
        if not line.startswith("T"):
            continue
        _, _, rest = line.rstrip("\r").partition("\t")
        head, tab, text = rest.partition("\t")
        match = _ENTITY.fullmatch(head)
        if match is None or not tab:
            raise ValueProblem("bad-spans", f"line {number}: not an entity of brat: {short(line)}")
        pairs = (pair.split(" ") for pair in match[2].split(";"))
        fragments = tuple((int(start[:12]), int(end[:12])) for start, end in pairs)
        yield _Entity(match[1], tuple(sorted(fragments)), text, number)
