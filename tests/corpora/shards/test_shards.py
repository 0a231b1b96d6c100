"""Shards, sidecars and run folders."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from corpora import storage
from corpora.batches import batch_to_dropped, batch_to_rows
from corpora.errors import UserError
from corpora.manifest import RunManifest, open_run
from corpora.records import DroppedRow, Row
from corpora.shards import (
    ShardRef,
    ShardWriter,
    is_done,
    list_shards,
    read_batches,
    read_dropped,
    read_sidecar,
    writer,
)
from tests.helpers.paths import ROOT

ROWS = [Row(str(n), "de", f"Satz {n}", label=None if n % 3 else "x") for n in range(100)]
DROPPED = [DroppedRow(ROWS[0], "copy", "equal to the source"), DroppedRow(ROWS[1], "empty")]


def write(ref: ShardRef, print_: str = "f1") -> None:
    with ShardWriter(ref, print_) as out:
        out.write_rows(ROWS[2:50], DROPPED, rows_in=50)
        out.write_rows(ROWS[50:], rows_in=50)


def test_a_shard_is_read_back_with_its_counts(tmp_path: Path) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 3)
    assert not is_done(ref, "f1")
    write(ref)
    assert is_done(ref, "f1")
    assert not is_done(ref, "f2")
    assert [row for batch in read_batches(ref) for row in batch_to_rows(batch)] == ROWS[2:]
    assert [d for batch in read_dropped(ref) for d in batch_to_dropped(batch)] == DROPPED
    sidecar = read_sidecar(ref)
    assert sidecar is not None
    assert (sidecar.rows_in, sidecar.rows_out, sidecar.rows_dropped) == (100, 98, 2)
    assert sidecar.drop_reasons == {"copy": 1, "empty": 1}
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == [
        "10-ingest/dropped/part-00003.arrow",
        "10-ingest/part-00003.arrow",
        "10-ingest/part-00003.json",
    ]
    assert list_shards(tmp_path, "10-ingest") == [ref]
    assert list_shards(tmp_path, "20-segment") == []
    assert ref.next("20-segment").path == tmp_path / "20-segment" / "part-00003.arrow"


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    refs = [ShardRef(tmp_path / name, "10-ingest", 0) for name in "ab"]
    for ref in refs:
        write(ref)
    assert refs[0].path.read_bytes() == refs[1].path.read_bytes()
    assert refs[0].dropped_path.read_bytes() == refs[1].dropped_path.read_bytes()


@pytest.mark.parametrize("which", ["path", "dropped_path", "sidecar_path"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove", "empty"])
def test_a_damaged_shard_is_not_done(tmp_path: Path, which: str, harm: str) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    write(ref)
    path: Path = getattr(ref, which)
    data = path.read_bytes()
    middle = len(data) // 2
    if harm == "remove":
        path.unlink()
    elif harm == "flip":
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    else:
        path.write_bytes(data[:middle] if harm == "cut" else b"")
    if which == "sidecar_path" and harm == "flip":
        return  # a changed digit of the seconds harms nothing
    assert not is_done(ref, "f1")
    write(ref)
    assert is_done(ref, "f1")


def test_reading_a_damaged_shard_is_an_error(tmp_path: Path) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    with pytest.raises(UserError, match="no such shard"):
        list(read_batches(ref))
    write(ref)
    for length in (0, 7, 500):
        ref.path.write_bytes(ref.path.read_bytes()[:length])
        with pytest.raises(UserError, match="not a whole Arrow file"):
            list(read_batches(ref))


def test_rows_that_do_not_balance_leave_nothing(tmp_path: Path) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    write(ref)
    with (
        pytest.raises(RuntimeError, match="3 rows in, but 1 out and 1 dropped"),
        ShardWriter(ref, "f2") as out,
    ):
        out.write_rows(ROWS[:1], DROPPED[:1], rows_in=3)
    assert not is_done(ref, "f1")
    assert not is_done(ref, "f2")
    assert read_sidecar(ref) is None
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_failure_leaves_no_half_shard(tmp_path: Path) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    with pytest.raises(ZeroDivisionError), ShardWriter(ref, "f1") as out:
        out.write_rows(ROWS)
        raise ZeroDivisionError
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_rewritten_shard_drops_the_old_dropped_rows(tmp_path: Path) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    write(ref)
    with ShardWriter(ref, "f2") as out:
        out.write_rows(ROWS, rows_in=len(ROWS))
    assert is_done(ref, "f2")
    assert not ref.dropped_path.exists()
    assert list(read_dropped(ref)) == []


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_any_schema_will_do(tmp_path: Path, compression: str | None) -> None:
    schema = pa.schema([("key", pa.uint64()), ("weights", pa.list_(pa.float32()))])
    table = pa.table({"key": [1, 2], "weights": [[0.5], []]}, schema=schema)
    ref = ShardRef(tmp_path, "30-translate", 0)
    with ShardWriter(ref, "f", schema=schema, compression=compression) as out:
        out.write(table)
    assert pa.Table.from_batches(read_batches(ref)).equals(table)
    sidecar = read_sidecar(ref)
    assert sidecar is not None
    assert (sidecar.rows_in, sidecar.rows_out) == (None, 2)


def test_step_names_lead_nowhere_else(tmp_path: Path) -> None:
    for step in ("..", "a/b", "", ".hidden"):
        with pytest.raises(ValueError, match="not a step name"):
            ShardRef(tmp_path, step, 0)


def test_a_killed_writer_leaves_no_shard_and_no_lock(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from corpora.manifest import RunManifest, open_run
from corpora.records import Row
from corpora.shards import ShardRef, ShardWriter
run = Path({str(tmp_path / "run")!r})
with open_run(run, RunManifest("x", "f", {{}})):
    with ShardWriter(ShardRef(run, "10-ingest", 0), "f1") as out:
        out.write_rows([Row("1", "de", "a")])
        os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert done.returncode == -9
    ref = ShardRef(tmp_path / "run", "10-ingest", 0)
    assert not is_done(ref, "f1")
    with open_run(tmp_path / "run", RunManifest("x", "f", {})):
        write(ref)
    assert is_done(ref, "f1")
    assert not list((tmp_path / "run").rglob("*.tmp"))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "no file may grow so large"),
    ],
)
def test_what_the_disk_refuses_is_a_user_error(tmp_path: Path, number: int, message: str) -> None:
    with pytest.raises(UserError, match=f"out: .*{message}"), storage.writing(tmp_path / "out"):
        raise OSError(number, os.strerror(number))
    # Arrow's errors have the words, but no number.
    with pytest.raises(UserError, match=f"out: .*{message}"), storage.writing(tmp_path / "out"):
        raise OSError(f"Error writing bytes to file. Detail: {os.strerror(number)}")
    with pytest.raises(OSError, match="other"), storage.writing(tmp_path / "out"):
        raise OSError(errno.EIO, "other")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_space_while_a_shard_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = ShardRef(tmp_path, "10-ingest", 0)
    monkeypatch.setattr(writer, "make_new_file", lambda path: path.symlink_to("/dev/full"))
    with (
        pytest.raises(UserError, match=r"part-00000\.arrow: no space left"),
        ShardWriter(ref, "f1") as out,
    ):
        out.write_rows(ROWS * 2000)


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "10-ingest").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="10-ingest"):
        write(ShardRef(tmp_path, "10-ingest", 0))
    with pytest.raises(UserError, match="10-ingest"):
        write(ShardRef(tmp_path / "10-ingest", "x", 0))
