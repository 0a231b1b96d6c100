"""The index of a translation memory is lost, emptied, replaced or rebuilt while runs use it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from augmentation.translation.memory import TranslationMemory
from augmentation.translation.segments import segment_key
from augmentation.translation.table import TRANSLATION_SCHEMA, translation_batch
from corpora.errors import UserError
from tests.helpers.paths import ROOT
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions

IDENTITY = {"source": "en", "target": "de"}


def batch_of(texts: list[str]) -> pa.RecordBatch:
    keys = pa.array(
        [segment_key(text, "en") for text in texts], TRANSLATION_SCHEMA.field("key").type
    )
    made = ToyTranslator().translate(texts, "en", "de", DecodingOptions())
    return translation_batch(keys, pa.array(texts), made)


def use(root: Path, seconds: float, seed: int) -> int:
    """What runs do with a memory, for some seconds; counts what it remembered, which is right."""
    memory = TranslationMemory(root, IDENTITY)
    rng = random.Random(seed)
    end, hits, turn = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        texts = [f"text {rng.randrange(300)}" for _ in range(5)]
        texts = list(dict.fromkeys(texts))
        moment = memory.snapshot(root / f"moment-{seed}-{turn}.json", "x")
        numbers, table = memory.look_up([segment_key(text, "en") for text in texts], moment)
        expected = [" ".join(reversed(texts[n].upper().split())) for n in numbers]
        assert table.column("translation").to_pylist() == expected
        hits += len(numbers)
        new = [text for n, text in enumerate(texts) if n not in numbers]
        if new:
            memory.add(batch_of(new))
        turn += 1
    return hits


def lose(index: Path) -> None:
    index.unlink(missing_ok=True)


def empty(index: Path) -> None:
    index.write_bytes(b"")


def garble(index: Path) -> None:
    index.write_bytes(random.Random(0).randbytes(20_000))


def replace(index: Path) -> None:
    other = index.with_name("other.sqlite")
    other.unlink(missing_ok=True)
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE segments (x TEXT)")
    connection.commit()
    connection.close()
    other.replace(index)


def rebuild(index: Path) -> None:
    with suppress(sqlite3.DatabaseError):  # another run was rebuilding it
        TranslationMemory(index.parent.parent, IDENTITY).rebuild_index(anew=True)


def delete_all(index: Path) -> None:
    shutil.rmtree(index.parent, ignore_errors=True)


CHANGES = [lose, empty, garble, replace, rebuild, delete_all]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_between_two_calls(tmp_path: Path, change: Callable[[Path], None]) -> None:
    memory = TranslationMemory(tmp_path, IDENTITY)
    keys = [segment_key(text, "en") for text in ("good day", "bad day")]
    memory.add(batch_of(["good day"]))
    at = memory.snapshot(tmp_path / "moment.json", "x")
    change(memory.folder / "index.sqlite")
    numbers, table = memory.look_up(keys, at)
    assert table.column("translation").to_pylist() == ["DAY GOOD"] * len(numbers)
    assert len(numbers) == (change is not delete_all)
    change(memory.folder / "index.sqlite")
    memory.add(batch_of(["bad day"]))
    change(memory.folder / "index.sqlite")
    later = memory.snapshot(tmp_path / "later.json", "x")
    if change is not delete_all:
        numbers, table = memory.look_up(keys, later)
        assert table.column("translation").to_pylist() == ["DAY GOOD", "DAY BAD"]


def test_while_threads_and_processes_use_it(tmp_path: Path) -> None:
    seconds = 2.0
    code = (
        "import sys; from pathlib import Path;"
        "from tests.augmentation.translation.test_memory_in_use import use;"
        f"print(use(Path({str(tmp_path)!r}), {seconds}, 7))"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    problems: list[BaseException] = []

    def run(seed: int) -> None:
        try:
            use(tmp_path, seconds + 1, seed)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    index = TranslationMemory(tmp_path, IDENTITY).folder / "index.sqlite"
    rng = random.Random(3)
    while other.poll() is None or any(thread.is_alive() for thread in threads):
        time.sleep(0.1 + rng.random() * 0.3)
        if index.parent.is_dir():
            rng.choice(CHANGES[:-1])(index)
    for thread in threads:
        thread.join()
    assert problems == []
    assert other.communicate()[1] == b""
    assert other.returncode == 0


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of(["good day"]))
    shutil.rmtree(tmp_path / "memory")
    (tmp_path / "memory").touch()
    with pytest.raises(UserError, match="memory"):
        memory.add(batch_of(["bad day"]))
