"""Bombs: inputs made to fill the memory. Each is read in a child process, whose peak is measured.

    python -m benchmarks.limits

A bomb is refused, or passes, in a stated amount of memory (`BOUND` MB); the table shows for each
the seconds of computing from the call to the answer, what the process took before and at most, and
the answer.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

BOUND = 1000
"""Megabytes that no single input makes a process take."""
_GIB = 1 << 30


def _hole(path: Path) -> Path:
    """A file of 1 GiB without a line break, which takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(_GIB)
    return path


def _packed(path: Path, opening: bytes, filling: bytes, mib: int = 1024) -> Path:
    """A compressed file of `opening`, and 1 GiB (or `mib` MiB) of `filling`."""
    import pyarrow as pa

    block = filling * ((1 << 20) // len(filling))
    with (
        gzip.open(path, "wb", 6)
        if path.suffix == ".gz"
        else pa.CompressedOutputStream(str(path), "zstd")
    ) as file:
        file.write(opening)
        for _ in range(mib):
            file.write(block)
    return path


def _rows(path: Path, task: str = "text") -> int:
    from augmentation.translation.config import ReadingConfig
    from corpora.choices import TASKS

    (kind,) = (t for t in TASKS if t == task)
    corpus = ReadingConfig().open(path, kind, "en", labelled=False)
    return sum(batch.rows_in for batch in corpus.batches())


def _pairs(path: Path) -> int:
    from corpora.bitext import Bitext, read_bitext

    return sum(1 for _ in read_bitext(Bitext(path), "en", "de"))


def _links(path: Path) -> int:
    from alignment.pharaoh import read_pharaoh

    return sum(1 for _ in read_pharaoh(path))


def _argos(path: Path) -> str:
    from translators.argos import describe_argos
    from translators.describing import ModelFacts

    staged = path.with_suffix(".staged")
    staged.mkdir()
    return describe_argos(path, staged, ModelFacts()).card.name


def _config(path: Path) -> str:
    from augmentation.translate_train.config import load_config

    return load_config(path, {}).run_name


def _training(path: Path) -> str:
    from augmentation.train_translator.config import load_config

    return load_config(path, {}).model_name


def _setup(path: Path) -> str:
    from augmentation.translate_train.config import load_config
    from augmentation.translation.setup import resolve_translation

    config = load_config(path, {})
    setup = resolve_translation(config, task=config.task, source=config.source)
    return str(setup.span_projector())


def _projected(path: Path) -> str:
    """The reasons of the spans of a long text and a translation that is as long."""
    from collections import Counter

    from alignment.projectors import load_projector
    from alignment.protocol import ProjectionInput
    from corpora.records import Span

    text, kind = path.read_text(encoding="utf-8"), path.suffix[1:]
    spans, at = [], 0
    for word in text.split():
        spans.append(Span(at, at + len(word), "X"))
        at += len(word) + 1
    row = ProjectionInput(text, tuple(spans[:20_000]), text)
    projection = load_projector(kind).project(
        [row, ProjectionInput("a b", (Span(0, 1, "X"),), "a b")]
    )[0]
    return str(dict(Counter(projection.reasons)))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _zip(path: Path, members: int, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            with archive.open(f"model/{number}.bin", "w") as file:
                for at in range(0, size, 1 << 20):
                    file.write(bytes(min(1 << 20, size - at)))
    return path


def _arrow(path: Path) -> Path:
    """A compressed Arrow file of 1 GiB of the same text."""
    import pyarrow as pa

    batch = pa.record_batch({"text": ["a" * 1000] * 100_000})
    with gzip.open(path, "wb", 6) as file, pa.ipc.new_stream(file, batch.schema) as writer:
        for _ in range(10):
            writer.write_batch(batch)
    return path


_BASE = "input: a.jsonl\ntask: tokens\nsource: en\ntargets: [de]\n"
_ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
_TRAIN = "source: en\ntargets: [de]\nbitext: [{path: a.tsv}]\n"

Bomb = tuple[str, Callable[[Path], Path], Callable[[Path], object]]


def bombs() -> Iterator[Bomb]:
    """Name, maker and reader of every bomb; a maker gets a folder."""
    for name, read in (
        ("a.jsonl", _rows), ("a.csv", _rows), ("a.tsv", _rows), ("a.txt", _rows),
    ):  # fmt: skip
        yield f"line of 1 GiB: {name}", lambda f, n=name: _hole(f / n), read  # type: ignore[misc]
    yield "line of 1 GiB: a.conll", lambda f: _hole(f / "a.conll"), lambda p: _rows(p, "tokens")
    yield "line of 1 GiB: bitext a.tsv", lambda f: _hole(f / "a.tsv"), _pairs
    yield "line of 1 GiB: Pharaoh", lambda f: _hole(f / "a.talp"), _links
    yield (
        "gzip, a line of 1 GiB: a.jsonl.gz",
        lambda f: _packed(f / "a.jsonl.gz", b'{"text": "', b"a"),
        _rows,
    )
    yield (
        "zstd, a line of 1 GiB: a.jsonl.zst",
        lambda f: _packed(f / "a.jsonl.zst", b'{"text": "', b"a"),
        _rows,
    )
    yield (
        "zstd, a quote that never ends: a.csv.zst",
        lambda f: _packed(f / "a.csv.zst", b'text,target\n"', b"aaaaaaa\n"),
        _rows,
    )
    yield (
        "zstd, a sentence that never ends: a.conll.zst",
        lambda f: _packed(f / "a.conll.zst", b"", b"a\tO\n"),
        lambda p: _rows(p, "tokens"),
    )
    yield (
        "gzip, a <seg> of 1 GiB: a.tmx.gz",
        lambda f: _packed(f / "a.tmx.gz", b'<tmx><body><tu><tuv xml:lang="en"><seg>', b"a bc\n"),
        _pairs,
    )
    yield (
        "gzip, a comment of 1 GiB: a.tmx.gz",
        lambda f: _packed(f / "a.tmx.gz", b"<tmx><!--", b"a"),
        _pairs,
    )
    yield (
        "zstd, an article of 1 GiB: SQuAD",
        lambda f: _packed(f / "a.json.zst", b'{"data": [{"title": "', b"a"),
        lambda p: _rows(p, "qa"),
    )
    yield "gzip, 1 GiB of Arrow: a.arrow.gz", lambda f: _arrow(f / "a.arrow.gz"), _rows
    yield (
        "gzip, 256 MiB of short lines (passes): a.txt.gz",
        lambda f: _packed(f / "a.txt.gz", b"", b"The same sentence again, " * 40 + b"\n", 256),
        _rows,
    )
    yield "a text of 2 million characters", lambda f: _write(f / "a.txt", "a " * 10**6), _rows
    yield "Argos: 2 GiB of zeros", lambda f: _zip(f / "a.argosmodel", 2, _GIB), _argos
    yield "Argos: 60,000 files", lambda f: _zip(f / "a.argosmodel", 60_000, 1), _argos
    yield "YAML: aliases", lambda f: _write(f / "a.yaml", _BASE + _ALIASES), _config
    yield "YAML: 100 MB", lambda f: _write(f / "a.yaml", _BASE + "#" * 10**8), _config
    yield (
        "YAML: encoder_layers: 1000000",
        lambda f: _write(f / "a.yaml", _TRAIN + "training: {shape: {encoder_layers: 1000000}}\n"),
        _training,
    )
    yield (
        "YAML: vocabulary: 2^40",
        lambda f: _write(f / "a.yaml", _TRAIN + f"subwords: {{vocabulary: {2**40}}}\n"),
        _training,
    )
    yield (
        "YAML: aligner: /usr",
        lambda f: _write(f / "a.yaml", _BASE + "projection: {options: {aligner: /usr}}\n"),
        _setup,
    )
    for kind in ("aligned", "attention", "vote"):
        yield (
            f"{kind}: 20,000 brackets",
            lambda f, k=kind: _write(f / f"a.{k}", " ".join(["[[[[["] * 4000)),  # type: ignore[misc]
            _projected,
        )
        yield (
            f"{kind}: 20,000 addresses",
            lambda f, k=kind: _write(  # type: ignore[misc]
                f / f"a.{k}", " ".join(f"user{n}@example.com" for n in range(20_000))
            ),
            _projected,
        )
        yield (
            f"{kind}: 80,000 characters of words",
            lambda f, k=kind: _write(f / f"a.{k}", "house river bridge stone " * 3200),  # type: ignore[misc]
            _projected,
        )


def _child(number: int, path: str) -> None:
    """Read a bomb, and print what came of it."""
    import augmentation.translate_train.setup  # noqa: F401
    import corpora.readers  # noqa: F401
    from corpora.errors import UserError

    before = _most_memory()
    started = time.process_time()
    try:
        answer = f"passes: {list(bombs())[number][2](Path(path))}"
    except UserError as error:
        answer = str(error).replace(path, Path(path).name)
    seconds = time.process_time() - started
    print(json.dumps([seconds, before, _most_memory(), answer]))


def _most_memory() -> float:
    """The most megabytes that this process has had so far (`VmHWM`, which begins with it)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run(number: int, folder: Path) -> tuple[float, float, float, str]:
    """Seconds, megabytes before and at most, and the answer to the bomb `number`, made in
    `folder`."""
    path = list(bombs())[number][1](folder)
    command = [sys.executable, "-m", "benchmarks.limits", str(number), str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, before, peak, answer = json.loads(done.stdout)
    return seconds, before, peak, answer


def main() -> None:
    """Print the table; exit code 1 where a bomb takes more than `BOUND` megabytes."""
    failed = False
    print("| bomb | seconds | MB before | MB at most | answer |\n|---|---:|---:|---:|---|")
    for number, (name, _, _) in enumerate(bombs()):
        with tempfile.TemporaryDirectory() as folder:
            seconds, before, peak, answer = run(number, Path(folder))
        failed = failed or peak > BOUND
        print(
            f"| {name} | {seconds:.2f} | {before:.0f} | {peak:.0f} | {answer[:160]} |", flush=True
        )
    sys.exit(failed)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(int(sys.argv[1]), sys.argv[2])
    else:
        main()
