"""Every format that is read, as valid files and broken ones, and what must hold of any file."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment.pharaoh import read_pharaoh
from corpora.batches import dropped_to_batch, rows_to_batch
from corpora.bitext import Bitext, read_bitext
from corpora.errors import UserError
from corpora.predictions import Prediction, prediction_to_json
from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Row, Span
from corpora.writers import write_corpus
from scoring.files import read_predictions
from tests.helpers.attacks import mutations
from tests.helpers.attacks.children import Died, in_children
from tests.helpers.intent_rows import make_intent_rows

Check = Callable[[Path, bytes | None], list[str]]
"""Reads a file that has these bytes when unpacked (None: it cannot be known), and says what is
wrong with what came of it."""
TASKS = ("tokens", "classification", "pair", "qa", "text")
HARD = ("Zürich", "e\u0301t\u00e9", "😀 👩\u200d👩\u200d👧", "İzmir", "東京")


@dataclass(frozen=True)
class Kind:
    """A format, with a valid file of it."""

    name: str
    file: str
    """The file that is broken; the others of a folder stay as they are."""
    files: dict[str, bytes]
    check: Check
    json: str = ""
    """`lines` or `whole`, where it is JSON."""
    table: str = ""
    """How `mutations.read_table` reads it."""
    packed: bool = False
    """Whether it may be compressed as well."""


def rows_for(task: str) -> list[Row]:
    """Rows of any script, with all that `task` needs."""
    rows = []
    for number, row in enumerate(make_intent_rows(9, seed=3, tokens=True)):
        hard = HARD[number % len(HARD)]
        spans = tuple(replace(s, label="answer") if task == "qa" else s for s in row.spans)
        row = replace(row, id=f"r{number}", text=f"{row.text} {hard}", spans=spans)
        start = len(row.text) - len(hard)
        row = replace(
            row, tokens=(*(row.tokens or ()), (start, len(row.text))) if " " not in hard else None
        )
        if task in ("pair", "qa"):
            row = replace(row, text_pair=f"where is {hard}", tokens=None)
        if task in ("classification", "pair", "text"):
            row = replace(row, spans=(), target=hard if task == "text" else None)
        rows.append(row)
    return rows


def kinds(folder: Path) -> list[Kind]:
    """A valid file of every format, written to `folder` first."""
    made = []
    for task in TASKS:
        for suffix in ("jsonl", "csv", "tsv", "parquet", "arrow"):
            path = folder / f"{task}.{suffix}"
            write_corpus(rows_for(task), path, task=task)
            data = path.read_bytes()
            if suffix == "jsonl":
                data = _with_surfaces(data)
            made.append(Kind(
                f"{suffix} {task}", path.name, {path.name: data}, partial(check_corpus, task),
                "lines" if suffix == "jsonl" else "",
                suffix if suffix in ("parquet", "arrow") else "", packed=True,
            ))  # fmt: skip
    conll = [row for row in rows_for("tokens") if row.tokens]
    write_corpus(conll, folder / "a.conll", task="tokens")
    write_corpus(rows_for("qa"), folder / "squad.json", format="squad", task="qa")
    lines = "".join(f"{row.text}\n" for row in rows_for("text")).encode()
    tagged = mutations.write_table(
        pa.table({"tokens": [["in", "Rome"]] * 9, "tags": [[0, 1]] * 9}).replace_schema_metadata(
            {"huggingface": json.dumps({"info": {"features": {"tags": {"feature": {
                "_type": "ClassLabel", "names": ["O", "B-city"]}}}}})}), "stream")  # fmt: skip
    state = json.dumps({"_data_files": [{"filename": "data.arrow"}]}).encode()
    predictions = "".join(
        json.dumps(prediction_to_json(Prediction(r.id, "x", {"x": 0.5, "y": 0.5}, r.spans))) + "\n"
        for r in rows_for("tokens")
    ).encode()
    tmx = "".join(
        f'<tu><tuv xml:lang="en"><seg>a <hi>{n}</hi></seg></tuv><tuv xml:lang="de"><seg>b {n}</seg>'
        "</tuv></tu>\n" for n in range(9)
    )  # fmt: skip
    tmx = f'<?xml version="1.0"?>\n<tmx version="1.4"><header/><body>\n{tmx}</body></tmx>\n'
    made += [
        Kind("conll", "a.conll", {"a.conll": (folder / "a.conll").read_bytes()},
             partial(check_corpus, "tokens"), packed=True),
        Kind("squad", "a.json", {"a.json": (folder / "squad.json").read_bytes()},
             partial(check_corpus, "qa"), json="whole", packed=True),
        Kind("text", "a.txt", {"a.txt": lines}, partial(check_corpus, "text"), packed=True),
        Kind("datasets", "data.arrow", {"data.arrow": tagged, "state.json": state},
             partial(check_corpus, "tokens"), table="stream"),
        Kind("datasets state", "state.json", {"state.json": state, "data.arrow": tagged},
             partial(check_corpus, "tokens"), json="whole"),
        Kind("predictions", "p.jsonl", {"p.jsonl": predictions}, check_predictions, "lines",
             packed=True),
        Kind("bitext tsv", "a.tsv", {"a.tsv": b"en\tde\n" + b"a b\tc d\n" * 9}, check_tsv,
             packed=True),
        Kind("tmx", "a.tmx", {"a.tmx": tmx.encode()}, check_tmx, packed=True),
        Kind("moses", "a.en", {"a.en": lines, "a.de": lines}, check_moses, packed=True),
        Kind("pharaoh", "a.links", {"a.links": b"0-0 1-1:0.5\n\n2p1 1-2\n" * 4}, check_pharaoh,
             packed=True),
    ]  # fmt: skip
    return made


def _with_surfaces(data: bytes) -> bytes:
    """JSON lines whose spans say their text, so that a reader can be found to be wrong."""
    lines = []
    for line in data.decode().splitlines():
        record = json.loads(line)
        for span in record.get("spans") or ():
            span["text"] = record["text"][span["start"] : span["end"]]
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def break_file(kind: Kind, rng: random.Random) -> tuple[bytes, bytes | None]:
    """The bytes of a broken file of `kind`, and what they are unpacked, if they can be."""
    data = kind.files[kind.file]
    if kind.table and rng.random() < 0.5:
        table = mutations.read_table(data, kind.table)
        for _ in range(rng.randint(1, 2)):
            if table.num_columns:
                table = mutations.change_table(table, rng)
        data = mutations.write_table(table, kind.table)
    elif kind.json and rng.random() < 0.6:
        data = mutations.change_json(data, rng, lines=kind.json == "lines")
    else:
        data = mutations.change_bytes(data, rng)
    packing = rng.randrange(8) if kind.packed else 7
    if packing > 1:
        return data, data
    packed = gzip.compress(data) if packing else pa.compress(data, "zstd", asbytes=True)
    return (packed, data) if rng.random() < 0.5 else (mutations.change_bytes(packed, rng), None)


@dataclass(frozen=True)
class Case:
    """A broken file: the `number`-th of its kind."""

    kind: Kind
    number: int
    folder: Path
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What a reader made of a broken file."""

    refused: bool
    """Whether a `UserError` was raised, so that no row was read."""
    problems: tuple[str, ...] = ()


def attack(case: Case) -> Outcome:
    """Break the file of `case`, read it, and check what comes of it."""
    rng = random.Random(f"{case.seed} {case.kind.name} {case.number}")
    folder = case.folder / "case"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in case.kind.files.items():
        (folder / name).write_bytes(content)
    packed, data = break_file(case.kind, rng)
    path = folder / case.kind.file
    path.write_bytes(packed)
    try:
        return Outcome(False, tuple(case.kind.check(path, data)))
    except UserError as error:
        return Outcome(True, tuple(_wrong_message(error, path)))
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(False, (f"{error!r} ({where.filename}:{where.lineno})",))


def attack_all(cases: Sequence[Case]) -> Iterator[tuple[Case, Outcome]]:
    """The outcomes of all cases, in their order; none may take longer than 20 seconds."""
    for case, answer in zip(cases, in_children(attack, cases, 20), strict=True):
        yield case, Outcome(False, (answer.how,)) if isinstance(answer, Died) else answer


def _wrong_message(error: UserError, path: Path) -> list[str]:
    message = str(error)
    problems = ["a message of several lines"] if len(message.splitlines()) != 1 else []
    return problems if str(path.parent) in message else [*problems, f"names no file: {message}"]


def _read(path: Path, task: str, on_error: str) -> list[CorpusBatch] | UserError:
    source = path.parent if (path.parent / "state.json").exists() else path
    try:
        return list(open_corpus(source, task=task, lang="en", on_error=on_error).batches(4))
    except UserError as error:
        return error


_ALLOWED = re.compile("seems to be quoted|not UTF-8")
"""What is refused though it is in no row, such as a comment, where bad rows are not skipped."""


def check_corpus(task: str, path: Path, data: bytes | None) -> list[str]:
    """No row lost, no offset outside, no other text than the file's, however bad rows are met."""
    problems: list[str] = []
    read = {mode: _read(path, task, mode) for mode in ("skip", "error", "repair")}
    for mode, result in read.items():
        if isinstance(result, UserError):
            problems += _wrong_message(result, path)
        else:
            rows = [row for batch in result for row in batch.rows]
            problems += [f"{mode}: {problem}" for problem in wrong_rows(rows)]
            rows_to_batch(rows)
            dropped_to_batch([dropped for batch in result for dropped in batch.dropped])
    skipped, whole, repaired = read["skip"], read["error"], read["repair"]
    if isinstance(skipped, UserError):
        # What no row can be had from must not be read otherwise.
        if not isinstance(whole, UserError):
            problems.append(f"refused only where bad rows are skipped: {skipped}")
        if problems:
            return problems
        raise skipped
    rows = [row for batch in skipped for row in batch.rows]
    rows_in = sum(batch.rows_in for batch in skipped)
    expected = count_rows(path, data)
    if expected is not None and rows_in != expected:
        problems.append(f"{rows_in} rows of {expected}")
    if not isinstance(whole, UserError):
        if rows_in != len(rows) or [r for batch in whole for r in batch.rows] != rows:
            problems.append("other rows where no bad row is met")
    elif rows_in == len(rows) and not _ALLOWED.search(str(whole)):
        problems.append(f"refused, though no row is bad: {whole}")
    if not isinstance(repaired, UserError) and sum(b.rows_in for b in repaired) != rows_in:
        problems.append("repair reads another number of rows")
    return problems + wrong_texts(rows, path, data)


def wrong_rows(rows: Iterable[Row]) -> list[str]:
    """Offsets outside of their text or in no order, and ids that occur twice."""
    problems, ids = [], set()
    for row in rows:
        last = 0
        for start, end in row.tokens or ():
            if not last <= start < end <= len(row.text):
                problems.append(f"{row.id}: token {start}:{end}")
            last = end
        spans = [(row.text, span) for span in row.spans]
        if row.provenance is not None:
            spans += [
                (row.provenance.source_text, s)
                for s in row.provenance.source_spans
                if s.end > s.start
            ]
        for text, span in spans:
            if not 0 <= span.start < span.end <= len(text):
                problems.append(f"{row.id}: span {span.start}:{span.end}")
        if row.id in ids or not row.text.strip():
            problems.append(f"{row.id}: no text, or the id twice")
        ids.add(row.id)
    return problems


def _lines(data: bytes) -> list[str]:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def count_rows(path: Path, data: bytes | None) -> int | None:
    """How many rows a file has, counted by other means; None where that cannot be said."""
    if data is None:
        return None
    suffix, lines = path.suffix, _lines(data)
    if suffix == ".jsonl":
        return sum(1 for line in lines if line.strip())
    if suffix == ".txt":
        return len(lines)
    if suffix in (".csv", ".tsv") and not re.search(rb'["\r]', data):
        return sum(1 for line in lines[1:] if line)
    if suffix == ".conll" and b"#" not in data:
        blocks = re.split(r"(?:^\s*$|^-DOCSTART-.*$)", "\n".join(lines), flags=re.M)
        return sum(1 for block in blocks if block.strip())
    if path.suffix in (".parquet", ".arrow") and (table := _table(path, data)) is not None:
        return table.num_rows
    return None


def _table(path: Path, data: bytes) -> pa.Table | None:
    kind = "stream" if (path.parent / "state.json").exists() else path.suffix[1:]
    try:
        table = mutations.read_table(data, kind)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        return None
    return table


def wrong_texts(rows: list[Row], path: Path, data: bytes | None) -> list[str]:
    """Rows whose texts are not those of the file, in its order, and spans with another surface."""
    records: list[Any] = []
    if data is None:
        return []
    if path.suffix == ".jsonl":
        for line in _lines(data):
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    elif path.suffix == ".parquet" and (table := _table(path, data)) is not None:
        try:
            records = table.to_pylist()
        except (ValueError, OverflowError):
            return []
    elif path.name == "a.json":
        answers = set(re.findall(r'"text": ?("(?:[^"\\]|\\.)*")', data.decode("utf-8", "replace")))
        texts = {json.loads(answer, strict=False) for answer in answers}
        return [
            f"{row.id}: an answer with another surface" for row in rows
            if not {row.text[span.start : span.end] for span in row.spans} <= texts
        ]  # fmt: skip
    elif path.suffix == ".conll":
        words = {cell for line in _lines(data) for cell in re.split("[\t ]", line.rstrip("\r"))}
        words |= {cell for line in _lines(data) for cell in line.rstrip("\r").split("\t")}
        return [
            f"{row.id}: no such token" for row in rows
            if not {row.text[start:end] for start, end in row.tokens or ()} <= words
        ]  # fmt: skip
    if not records:
        return []
    problems, left = [], iter([r for r in records if isinstance(r, dict)])
    for row in rows:
        record = next((r for r in left if row.text in (r.get("text"), r.get("context"))), None)
        if record is None:
            return [*problems, f"{row.id}: a text that is not in the file: {row.text!r}"]
        spans = record.get("spans")
        if isinstance(spans, list) and all(isinstance(s, dict) for s in spans):
            surfaces = {(s.get("start"), s.get("end")): s.get("text") for s in spans}
            if any(
                surfaces.get((s.start, s.end)) not in (None, row.text[s.start : s.end])
                for s in row.spans
            ):
                problems.append(f"{row.id}: a span with another surface")
    return problems


def check_predictions(path: Path, data: bytes | None) -> list[str]:
    """As many predictions as lines, each inside its row."""
    gold = rows_for("tokens")
    texts = {row.id: row.text for row in gold}
    read = read_predictions(path, "tokens", gold)
    problems = []
    if data is not None:
        lines = sum(1 for line in _lines(data) if line.strip())
        problems = [f"{len(read)} of {lines} lines"] if len(read) != lines else []
    for prediction in read:
        spans: tuple[Span, ...] = prediction.spans if prediction.id in texts else ()
        if any(not 0 <= s.start < s.end <= len(texts[prediction.id]) for s in spans):
            problems.append(f"{prediction.id}: a span outside")
    return problems


def _check_pairs(bitext: Bitext, expected: Callable[[int], bool]) -> list[str]:
    pairs = list(read_bitext(bitext, "en", "de"))
    return [] if expected(len(pairs)) else [f"{len(pairs)} pairs"]


def check_tsv(path: Path, data: bytes | None) -> list[str]:
    """Every line that is not empty is a pair, but for the header."""
    lines = sum(1 for line in _lines(data or b"") if line.removesuffix("\r"))
    return _check_pairs(Bitext(path), lambda n: data is None or lines - n in (0, 1))


def check_tmx(path: Path, data: bytes | None) -> list[str]:
    """No more pairs than units."""
    return _check_pairs(Bitext(path), lambda n: data is None or n <= data.count(b"<tu"))


def check_moses(path: Path, data: bytes | None) -> list[str]:
    """As many pairs as lines."""
    other = path.with_suffix(".de")
    lines = len(_lines(other.read_bytes()))
    return _check_pairs(Bitext(path, other), lambda n: n == lines)


def check_pharaoh(path: Path, data: bytes | None) -> list[str]:
    """As many alignments as lines, with weights in (0, 1]."""
    read = list(read_pharaoh(path))
    problems = [] if data is None or len(read) == len(_lines(data)) else ["other lines"]
    return problems + ["a weight" for a in read if not ((a.weights > 0) & (a.weights <= 1)).all()]
