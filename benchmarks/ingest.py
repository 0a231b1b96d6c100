"""How fast rows are read and checked, beside `polars` and `datasets` reading the same files.

    python -m benchmarks.ingest --rows 1000000

Every reader has a process of its own, which is measured by its processor time, its time by the
clock and its peak memory. The others parse the file; ours checks each row as well.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

WORDS = ["play", "the", "weather", "tomorrow", "in", "Straße", "remind", "me", "Zoë", "😀", "at"]
LABELS = ("alarm", "music", "reminder", "weather")
READERS = ("labelferry", "polars", "datasets")


def write_rows(folder: Path, count: int) -> None:
    """Write `count` rows to `rows.csv` and `rows.jsonl` in `folder`."""
    draw = random.Random(0)
    with (
        (folder / "rows.csv").open("w", encoding="utf-8", newline="") as table,
        (folder / "rows.jsonl").open("w", encoding="utf-8") as lines,
    ):
        table.write("id,text,label\n")
        for number in range(count):
            text, label = " ".join(draw.choices(WORDS, k=12)), draw.choice(LABELS)
            table.write(f"{number},{text},{label}\n")
            row = {"id": str(number), "text": text, "label": label}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_ours(path: Path) -> int:
    """Read and check all rows of `path`; how many."""
    from corpora.readers import open_corpus

    batches = open_corpus(path, task="classification", lang="en").batches()
    return sum(len(batch.rows) for batch in batches)


def read_polars(path: Path) -> int:
    """Read `path` with `polars`; how many rows."""
    import polars as pl

    return (pl.read_csv if path.suffix == ".csv" else pl.read_ndjson)(path).height


def read_datasets(path: Path) -> int:
    """Read `path` with `datasets`, without what it has cached; how many rows."""
    import datasets

    kind = "csv" if path.suffix == ".csv" else "json"
    with tempfile.TemporaryDirectory(dir=path.parent) as cache:
        loaded = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache)
        return sum(len(batch["text"]) for batch in loaded.iter(10_000))


READ: dict[str, Callable[[Path], int]] = dict(
    zip(READERS, (read_ours, read_polars, read_datasets), strict=True)
)


def measure(reader: str, path: Path) -> None:
    """Print what `reader` needs for `path`: rows, seconds, processor seconds and peak MiB."""
    clock = time.perf_counter()
    rows = READ[reader](path)
    clock = time.perf_counter() - clock
    usage = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    print(json.dumps([rows, clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit]))


def main() -> None:
    """Measure every reader on both files and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measure", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure[0], Path(args.measure[1]))
        return
    print("| file | reader | rows per second | to ours | processor s | peak MiB | to ours |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), args.rows)
        for name in ("rows.csv", "rows.jsonl"):
            ours: tuple[float, float] | None = None
            for reader in READERS:
                call = [sys.executable, "-m", "benchmarks.ingest", "--measure", reader]
                done = subprocess.run([*call, f"{folder}/{name}"], check=True, capture_output=True)
                rows, clock, work, peak = json.loads(done.stdout.splitlines()[-1])
                ours = ours or (rows / clock, peak)
                print(
                    f"| {name} | {reader} | {rows / clock:,.0f} | {rows / clock / ours[0]:.2f} | "
                    f"{work:.1f} | {peak:,.0f} | {peak / ours[1]:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
