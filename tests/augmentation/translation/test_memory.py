"""The translation memory: what was translated before, and when."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from augmentation.translation.memory import Snapshot, TranslationMemory
from augmentation.translation.memory_merge import merge_memories
from augmentation.translation.segments import KEY_TYPE, segment_key
from augmentation.translation.table import translation_batch
from corpora.errors import UserError
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


def part_with(memory: TranslationMemory, text: str) -> Path:
    """The file of `memory` that has the translation of `text`."""
    for file in memory.folder.glob("*.arrow"):
        with pa.memory_map(str(file)) as source:
            if text in pa.ipc.open_file(source).read_all().column("text").to_pylist():
                return file
    raise AssertionError(f"no file has {text!r}")


def found(memory: TranslationMemory, tmp_path: Path, *texts: str) -> dict[str, str]:
    """What `memory` has of `texts` now, each by its text."""
    at = memory.snapshot(tmp_path / f"{uuid4()}.json", "x")
    numbers, table = memory.look_up(keys_of(*texts), at)
    translations = table.column("translation").to_pylist()
    return {texts[n]: text for n, text in zip(numbers, translations, strict=True)}


def test_added_translations_are_found(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a", "b"))
    memory.add(batch_of("c", "b"))
    now = TranslationMemory(tmp_path / "memory", IDENTITY).snapshot(tmp_path / "at.json", "x")
    numbers, table = memory.look_up(keys_of("c", "none", "b", "a"), now)
    assert numbers == [0, 2, 3]
    assert table.column("translation").to_pylist() == ["C", "B", "A"]


def test_a_snapshot_has_no_later_translations(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a"))
    file = tmp_path / "at.json"
    then = memory.snapshot(file, "input 1")
    memory.add(batch_of("b", "a"))
    assert memory.snapshot(file, "input 1") == then
    assert memory.look_up(keys_of("a", "b"), then)[0] == [0]
    assert memory.look_up(keys_of("a", "b"), memory.snapshot(file, "input 2"))[0] == [0, 1]


def test_concurrent_snapshots_are_the_same(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a"))
    together = threading.Barrier(4)

    def ask(file: Path) -> Snapshot:
        together.wait()
        return memory.snapshot(file, "x")

    with ThreadPoolExecutor(4) as pool:
        for number in range(200):
            file = tmp_path / f"{number}.json"
            assert set(pool.map(ask, [file] * 4)) == {memory.snapshot(file, "x")}


def test_another_translation_setup_has_another_memory(tmp_path: Path) -> None:
    TranslationMemory(tmp_path, IDENTITY).add(batch_of("a"))
    other = TranslationMemory(tmp_path, {**IDENTITY, "beam": 4})
    assert other.look_up(keys_of("a"), other.snapshot(tmp_path / "at.json", "x"))[0] == []


def test_a_file_that_is_gone_or_broken_is_no_hit(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path, IDENTITY)
    memory.add(batch_of("a"))
    memory.add(batch_of("b"))
    memory.add(batch_of("c"))
    part_with(memory, "a").unlink()
    part_with(memory, "b").write_bytes(b"broken")
    now = memory.snapshot(tmp_path / "at.json", "x")
    assert memory.look_up(keys_of("a", "b", "c"), now)[0] == [2]


def test_lost_translations_can_be_added_again(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a", "b"))
    memory.add(batch_of("c"))
    part_with(memory, "a").unlink()
    part_with(memory, "c").write_bytes(b"broken")
    at = memory.snapshot(tmp_path / "at.json", "x")
    assert memory.look_up(keys_of("a", "b", "c"), at)[0] == []
    memory.add(batch_of("a", "b"))
    memory.add(batch_of("c", "d"))
    later = memory.snapshot(tmp_path / "later.json", "x")
    numbers, table = memory.look_up(keys_of("a", "b", "c", "d"), later)
    assert numbers == [0, 1, 2, 3]
    assert table.column("translation").to_pylist() == ["A", "B", "C", "D"]


@pytest.mark.parametrize("where", ["header", "inside", "emptied", "gone"])
def test_a_damaged_index_is_made_again_from_the_files(tmp_path: Path, where: str) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    many = [f"text {n}" for n in range(2_000)]
    memory.add(batch_of(*many))
    memory.add(batch_of("z"))
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
    again.add(batch_of("y"))
    assert again.look_up(keys_of("y"), again.snapshot(tmp_path / "b.json", "x"))[0] == [0]


def test_a_new_memory_voids_the_snapshot(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "1", IDENTITY)
    memory.add(batch_of("a"))
    memory.snapshot(tmp_path / "at.json", "x")
    other = TranslationMemory(tmp_path / "2", IDENTITY)
    assert other.snapshot(tmp_path / "at.json", "x").parts == 0


def test_threads_add_concurrently(tmp_path: Path) -> None:
    def add(number: int) -> None:
        memory = TranslationMemory(tmp_path, IDENTITY)
        memory.add(batch_of(f"text {number}", "common"))
        memory.add(batch_of(f"text {number}", "common"))

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
    memory.add(batch_of("a", "b"))
    memory.add(batch_of("c"))
    files = [str(path) for path in sorted(memory.folder.glob("*.arrow"))]
    assert pads.dataset(files, format="arrow").count_rows() == 3


def test_every_flipped_bit_is_lost_or_unread_and_learned_again(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    texts = ("a", "b", "c")
    memory.add(batch_of(*texts))
    file = part_with(memory, "a")
    whole = file.read_bytes()
    for position in range(0, len(whole), 13):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        file.write_bytes(bytes(damaged))
        again = TranslationMemory(tmp_path / "memory", IDENTITY)
        assert found(again, tmp_path, *texts) == {}, position
        again.add(batch_of(*texts))
        assert found(again, tmp_path, *texts) == {"a": "A", "b": "B", "c": "C"}
        assert file.read_bytes() == whole


def test_an_index_of_other_files_gives_no_translation_of_another_segment(tmp_path: Path) -> None:
    """As when the files of one memory are copied over those of another."""
    one = TranslationMemory(tmp_path / "one", IDENTITY)
    two = TranslationMemory(tmp_path / "two", IDENTITY)
    one.add(batch_of("a", "b", "c"))
    two.add(batch_of("c", "x", "a"))
    (one.folder / "index.sqlite").write_bytes((two.folder / "index.sqlite").read_bytes())
    file = part_with(one, "a")
    with closing(sqlite3.connect(one.folder / "index.sqlite")) as index, index:
        index.execute("UPDATE parts SET name = ?", (file.stem,))
    again = TranslationMemory(tmp_path / "one", IDENTITY)
    assert found(again, tmp_path, "a", "b", "c", "x") == {}
    again.add(batch_of("y"))  # the index is put right, too
    assert found(again, tmp_path, "a", "b", "c", "x", "y") == {
        "a": "A", "b": "B", "c": "C", "y": "Y",
    }  # fmt: skip


def test_a_row_that_the_file_lacks_is_lost(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a", "b"))
    with closing(sqlite3.connect(memory.folder / "index.sqlite")) as index, index:
        index.execute("UPDATE segments SET row = 2 WHERE row = 1")
    assert found(memory, tmp_path, "a", "b") == {}
    memory.add(batch_of("c"))
    assert found(memory, tmp_path, "a", "b", "c") == {"a": "A", "b": "B", "c": "C"}


def test_merged_memories_have_what_both_had(tmp_path: Path) -> None:
    """Files that are corrupt are left out, and a second merge adds nothing."""
    mine, other = tmp_path / "mine", tmp_path / "other"
    TranslationMemory(mine, IDENTITY).add(batch_of("a", "b"))
    theirs = TranslationMemory(other, IDENTITY)
    theirs.add(batch_of("b", "c"))
    theirs.add(batch_of("d"))
    TranslationMemory(other, {**IDENTITY, "target": "fr"}).add(batch_of("e"))
    part_with(theirs, "d").write_bytes(b"broken")
    merged = merge_memories(other, mine)
    assert (merged.added, merged.present, merged.corrupt) == (2, 0, 1)
    assert merge_memories(other, mine).present == 2
    memory = TranslationMemory(mine, IDENTITY)
    assert found(memory, tmp_path, "a", "b", "c", "d", "e") == {"a": "A", "b": "B", "c": "C"}
    french = TranslationMemory(mine, {**IDENTITY, "target": "fr"})
    assert found(french, tmp_path, "e") == {"e": "E"}


def test_what_is_no_memory_is_not_merged(tmp_path: Path) -> None:
    memory = TranslationMemory(tmp_path / "memory", IDENTITY)
    memory.add(batch_of("a"))
    with pytest.raises(UserError, match="with itself"):
        merge_memories(tmp_path / "memory", tmp_path / "memory")
    with pytest.raises(UserError, match="not a translation memory"):
        merge_memories(tmp_path)
    older = memory.folder.rename(memory.folder.with_name("en-de-0123456789abcdef"))
    assert older.is_dir()
    with pytest.raises(UserError, match="not a translation memory of this version"):
        merge_memories(tmp_path / "memory", tmp_path / "other")
