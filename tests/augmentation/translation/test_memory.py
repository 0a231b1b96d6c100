"""The translation memory: what was translated before, and when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from augmentation.translation.memory import Snapshot, TranslationMemory
from augmentation.translation.segments import KEY_TYPE, segment_key
from augmentation.translation.table import translation_batch
from translators.protocol import Hypothesis

IDENTITY = {"source": "en", "target": "de", "model": "toy", "beam": 2}


def batch_of(*texts: str) -> pa.RecordBatch:
    hypotheses = [
        Hypothesis(text.upper(), -0.5, ((0, 1),), ((0, 2),), np.full((1, 1), 0.25, np.float32))
        for text in texts
    ]
    keys = pa.array([segment_key(text, "en") for text in texts], KEY_TYPE)
    return translation_batch(keys, pa.array(texts, pa.string()), hypotheses)


def keys_of(*texts: str) -> list[bytes]:
    return [segment_key(text, "en") for text in texts]


def test_added_translations_are_found(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a", "b"), "one")
    memory.add(batch_of("c", "b"), "two")
    now = TranslationMemory(tmp_path / "memory", IDENTITY).snapshot(tmp_path / "at.json", "x")
    numbers, table = memory.look_up(keys_of("c", "none", "b", "a"), now)
    assert numbers == [0, 2, 3]
    assert table.column("translation").to_pylist() == ["C", "B", "A"]


def test_a_snapshot_has_no_later_translations(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a"), "one")
    file = tmp_path / "at.json"
    then = memory.snapshot(file, "input 1")
    memory.add(batch_of("b", "a"), "two")
    assert memory.snapshot(file, "input 1") == then
    assert memory.look_up(keys_of("a", "b"), then)[0] == [0]
    assert memory.look_up(keys_of("a", "b"), memory.snapshot(file, "input 2"))[0] == [0, 1]


def test_concurrent_snapshots_are_the_same(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a"), "one")
    together = threading.Barrier(4)

    def ask(file: Path) -> Snapshot:
        together.wait()
        return memory.snapshot(file, "x")

    with ThreadPoolExecutor(4) as pool:
        for number in range(200):
            file = tmp_path / f"{number}.json"
            assert set(pool.map(ask, [file] * 4)) == {memory.snapshot(file, "x")}


def test_another_translation_setup_has_another_memory(tmp_path: Path) -> None:
    TranslationMemory(tmp_path, IDENTITY).add(batch_of("a"), "one")
    other = TranslationMemory(tmp_path, {**IDENTITY, "beam": 4})
    assert other.look_up(keys_of("a"), other.snapshot(tmp_path / "at.json", "x"))[0] == []


def test_a_file_that_is_gone_or_broken_is_no_hit(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path, IDENTITY)
    memory.add(batch_of("a"), "one")
    memory.add(batch_of("b"), "two")
    memory.add(batch_of("c"), "three")
    (memory.folder / "one.arrow").unlink()
    (memory.folder / "two.arrow").write_bytes(b"broken")
    now = memory.snapshot(tmp_path / "at.json", "x")
    assert memory.look_up(keys_of("a", "b", "c"), now)[0] == [2]


def test_lost_translations_can_be_added_again(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a", "b"), "one")
    memory.add(batch_of("c"), "two")
    (memory.folder / "one.arrow").unlink()
    (memory.folder / "two.arrow").write_bytes(b"broken")
    at = memory.snapshot(tmp_path / "at.json", "x")
    assert memory.look_up(keys_of("a", "b", "c"), at)[0] == []
    memory.add(batch_of("a", "b"), "one")
    memory.add(batch_of("c", "d"), "three")
    later = memory.snapshot(tmp_path / "later.json", "x")
    numbers, table = memory.look_up(keys_of("a", "b", "c", "d"), later)
    assert numbers == [0, 1, 2, 3]
    assert table.column("translation").to_pylist() == ["A", "B", "C", "D"]


@pytest.mark.parametrize("where", ["header", "inside", "emptied", "gone"])
def test_a_damaged_index_is_made_again_from_the_files(tmp_path: Path, where: str) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    many = [f"text {n}" for n in range(2_000)]
    memory.add(batch_of(*many), "one")
    memory.add(batch_of("z"), "two")
    index = memory.folder / "index.sqlite"
    whole = index.read_bytes()
    if where == "gone":
        index.unlink()
    else:
        inside = whole[:4096] + b"\xff" * (len(whole) - 4096)
        index.write_bytes({"header": b"no database", "inside": inside, "emptied": b""}[where])
    again = TranslationMemory(tmp_path / "memory", IDENTITY)
    at = again.snapshot(tmp_path / "at.json", "x")
    numbers, table = again.look_up(keys_of("z", *many), at)
    assert numbers == list(range(2_001))
    assert table.column("translation").to_pylist()[:2] == ["Z", "TEXT 0"]
    again.add(batch_of("y"), "three")
    assert again.look_up(keys_of("y"), again.snapshot(tmp_path / "b.json", "x"))[0] == [0]


def test_a_new_memory_voids_the_snapshot(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "1", IDENTITY)
    memory.add(batch_of("a"), "one")
    memory.snapshot(tmp_path / "at.json", "x")
    other = TranslationMemory(tmp_path / "2", IDENTITY)
    assert other.snapshot(tmp_path / "at.json", "x").parts == 0


def test_threads_add_concurrently(tmp_path: Path) -> None:
    def add(number: int) -> None:
        memory = TranslationMemory(tmp_path, IDENTITY)
        memory.add(batch_of(f"text {number}", "common"), f"part-{number}")
        memory.add(batch_of(f"text {number}", "common"), f"part-{number}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory = TranslationMemory(tmp_path, IDENTITY)
    now = memory.snapshot(tmp_path / "at.json", "x")
    assert now.parts == 8
    texts = [f"text {number}" for number in range(8)]
    numbers, table = memory.look_up(keys_of(*texts, "common"), now)
    assert numbers == list(range(9))
    assert table.column("text").to_pylist() == [*texts, "common"]


def test_it_is_an_arrow_dataset(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path, IDENTITY)
    memory.add(batch_of("a", "b"), "one")
    memory.add(batch_of("c"), "two")
    files = [str(path) for path in sorted(memory.folder.glob("*.arrow"))]
    assert pads.dataset(files, format="arrow").count_rows() == 3
