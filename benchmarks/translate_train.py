"""Figures of whole translate-train runs: time, memory, and the cost of `kill -9`.

    python benchmarks/translate_train.py time      # a whole run over raw translate_batch
    python benchmarks/translate_train.py peer      # against transformers' generate, on a sample
    python benchmarks/translate_train.py memory    # peak RSS with ten times the input
    python benchmarks/translate_train.py kill      # kill -9 at random moments, then continue

Input is the English train set of xSID (`--input`); every run is the real command line, with its
own folder and no translation memory.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
XSID = ROOT.parent / "shared" / "data" / "xsid" / "en.train.conll.gz"


@dataclass(frozen=True, slots=True)
class Finished:
    """One run of the command line: wall seconds and peak resident memory in MiB."""

    seconds: float
    peak_mib: float
    output: str


def command(args: argparse.Namespace, source: Path, out: Path, *extra: str) -> list[str]:
    """The translate-train command line."""
    options = ["--model", args.model] if args.model else []
    return [
        sys.executable, "-m", "flows.cli.main", "translate-train", str(source),
        "--task", "tokens", "--source", "en", "--target", "de", "--beam-size", str(args.beam_size),
        "--out", str(out), "--memory", "off", "--on-error", "repair", *options, *extra,
    ]  # fmt: skip


def run(arguments: list[str], log: Path, **environment: str) -> Finished:
    """Run to the end, counting the memory of the command and its children."""
    began = time.perf_counter()
    with log.open("w") as file:
        child = subprocess.Popen(
            arguments,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"exit code {child.returncode}\n{log.read_text()[-3000:]}")
    return Finished(seconds, usage.ru_maxrss / 1024, log.read_text())


def raw_seconds(args: argparse.Namespace) -> tuple[float, int]:
    """Seconds of `translate_batch` alone on the unique segments, cut into pieces beforehand."""
    import ctranslate2

    from corpora.readers import open_corpus
    from translators.engine import Engine
    from translators.open import open_translator

    engine = open_translator(args.model)
    if not isinstance(engine, Engine):
        raise SystemExit("the raw time needs one model")
    texts: dict[str, None] = {}
    corpus = open_corpus(args.input, task="tokens", lang="en", on_error="repair")
    texts.update((row.text, None) for row in corpus.rows())
    pieces = sorted(engine.tokens(list(texts), "en", "de"), key=len, reverse=True)
    translator = ctranslate2.Translator(
        str(engine.info.path),
        inter_threads=engine.threads[0],
        intra_threads=engine.threads[1],
        compute_type=engine.compute_type,
    )
    options = {
        "beam_size": args.beam_size,
        "max_batch_size": engine.batch_tokens,
        "batch_type": "tokens",
        "return_scores": True,
    }
    translator.translate_batch(pieces[-200:], **options)
    began = time.perf_counter()
    translator.translate_batch(pieces, **options)
    return time.perf_counter() - began, len(texts)


@contextmanager
def prefect_server(folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server as a user would leave running; gives the environment that reaches it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/health")
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise SystemExit("the Prefect server does not answer")
        yield environment
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def measure_time(args: argparse.Namespace) -> None:
    """Whole runs and raw decoding in turn."""
    raw: list[float] = []
    times: dict[str, list[float]] = {
        "--no-prefect": [],
        "Prefect, a server that is running": [],
        "Prefect, a server for the run": [],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(args.repeats):
            seconds, texts = raw_seconds(args)
            raw.append(seconds)
            print(f"round {number + 1}: {texts} unique texts, raw {seconds:.1f} s", flush=True)
            for way, taken in times.items():
                extra = ("--no-prefect",) if way == "--no-prefect" else ()
                out = folder / "run"
                line = command(args, args.input, out, *extra)
                if "running" in way:
                    with prefect_server(folder / f"prefect-{number}") as environment:
                        done = run(line, folder / "log", **environment)
                else:
                    done = run(line, folder / "log")
                shutil.rmtree(out)
                taken.append(done.seconds)
                print(f"  {way}: {done.seconds:.1f} s ({done.seconds / seconds:.2f})", flush=True)
    for way, taken in times.items():
        ratios = [whole / decoding for whole, decoding in zip(taken, raw, strict=True)]
        print(f"{way}: median {statistics.median(ratios):.2f} times the raw decoding time")


def measure_peer(args: argparse.Namespace) -> None:
    """Rows per second, compared with a plain loop of `generate` and an alignment per row."""
    import torch
    from transformers import MarianMTModel

    from translators.engine import Engine
    from translators.open import open_translator

    engine = open_translator(args.model)
    if not isinstance(engine, Engine) or args.transformers is None:
        raise SystemExit("give --transformers, the folder that the model was converted from")
    model = MarianMTModel.from_pretrained(args.transformers, attn_implementation="eager").eval()
    model.generation_config.max_length = None  # with max_new_tokens it would warn for each row
    rows = args.sample
    sample = Path(tempfile.mkdtemp()) / "sample.jsonl"
    write_unique(args.input, sample, rows, 1)
    texts = [json.loads(line)["text"] for line in sample.open(encoding="utf-8")]
    vocabulary = json.loads((engine.info.path / "shared_vocabulary.json").read_text("utf-8"))
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    began = time.perf_counter()
    with torch.inference_mode():
        for tokens in engine.tokens(texts, "en", "de"):
            source = torch.tensor([[ids[token] for token in tokens]])
            made = model.generate(source, num_beams=args.beam_size, max_new_tokens=128)
            forced = model(input_ids=source, decoder_input_ids=made, output_attentions=True)
            forced.cross_attentions[-1][0, 0].argmax(dim=-1)
    peer = rows / (time.perf_counter() - began)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run(command(args, args.input, Path(folder) / "run", "--no-prefect"), Path(folder) / "log")
    ours = 43_605 / (time.perf_counter() - began)
    print(f"transformers generate + attention, one row at a time: {peer:.1f} rows/s ({rows} rows)")
    print(f"labelferry translate-train, whole run: {ours:.1f} rows/s; {ours / peer:.1f} times")


def write_unique(source: Path, out: Path, rows: int, copies: int) -> None:
    """`rows` rows of `source`, `copies` times with an ending that makes each text unique."""
    from corpora.readers import open_corpus

    with out.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            corpus = open_corpus(source, task="tokens", lang="en", on_error="repair")
            for number, row in enumerate(islice(corpus.rows(), rows)):
                made = {
                    "id": f"{copy}-{number}",
                    "text": f"{row.text} {copy * rows + number}",
                    "spans": [
                        {"start": span.start, "end": span.end, "label": span.label}
                        for span in row.spans
                    ],
                }
                file.write(json.dumps(made, ensure_ascii=False) + "\n")


def measure_memory(args: argparse.Namespace) -> None:
    """Peak RSS at `--sample` rows and at ten times as many, all texts unique."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for copies in (1, 10):
            source = Path(folder) / f"x{copies}.jsonl"
            write_unique(args.input, source, args.sample, copies)
            out = Path(folder) / f"run{copies}"
            done = run(command(args, source, out, "--no-prefect"), Path(folder) / "log")
            peaks.append(done.peak_mib)
            print(
                f"{args.sample * copies:>7} rows: peak RSS {done.peak_mib:.0f} MiB, "
                f"{done.seconds:.0f} s",
                flush=True,
            )
    print(f"ten times the rows: {peaks[1] / peaks[0]:.2f} times the memory")


def digest(folder: Path) -> dict[str, str]:
    """Hash of every file below `folder`."""
    return {
        str(path.relative_to(folder)): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def done_shards(run_folder: Path) -> dict[Path, int]:
    """The sidecars that exist, with the time of writing."""
    return {path: path.stat().st_mtime_ns for path in run_folder.glob("[0-9]*/**/part-*.json")}


def measure_kill(args: argparse.Namespace) -> None:
    """Kill the run at five random moments; compare the export with an uninterrupted one."""
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        done = run(command(args, args.input, whole, "--no-prefect"), log)
        print(f"uninterrupted: {done.seconds:.1f} s")
        redone = 0
        for number in range(5):
            before = done_shards(broken)
            child = subprocess.Popen(
                command(args, args.input, broken, "--no-prefect"),
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            moment = rng.uniform(1.5, done.seconds / 3)
            time.sleep(moment)
            ended = child.poll() is not None
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            after = done_shards(broken)
            redone += sum(after.get(path) != when for path, when in before.items())
            print(f"kill {number + 1} after {moment:.1f} s: {len(after)} shards done", flush=True)
            if ended:
                break
        before = done_shards(broken)
        run(command(args, args.input, broken, "--no-prefect"), log)
        after = done_shards(broken)
        redone += sum(after.get(path) != when for path, when in before.items())
        same = digest(whole / "export") == digest(broken / "export")
        print(f"export byte-identical: {same}; done shards done again: {redone}")
        if not same or redone:
            raise SystemExit(1)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["time", "peer", "memory", "kill"])
    parser.add_argument("--input", type=Path, default=XSID)
    parser.add_argument("--model", default=None, help="name or folder (default: the one shipped)")
    parser.add_argument("--transformers", type=Path, help="the model as transformers saves it")
    parser.add_argument("--beam-size", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sample", type=int, default=10_000, help="rows (memory, peer)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if not args.input.exists():
        raise SystemExit(f"{args.input} is not here: give --input")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    {"time": measure_time, "peer": measure_peer, "memory": measure_memory, "kill": measure_kill}[
        args.what
    ](args)


if __name__ == "__main__":
    main()
