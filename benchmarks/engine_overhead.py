"""Figure 1: wall time of the engine over raw `translate_batch` at its best, side by side.

The texts are the unique utterances of xSID's English train set. Raw `translate_batch` gets them
tokenised beforehand, with the same options, and the threads and batch size that a sweep over a
subset finds best; its results are dropped. The engine gets strings, returns hypotheses, and chooses
threads and batch size by itself. The two take turns, so that a busy machine
hurts both.

    python -m benchmarks.engine_overhead --model NAME|PATH
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2

from corpora.readers.streams import text_lines
from translators.engine import Engine
from translators.hardware import available_cores
from translators.open import open_translator
from translators.protocol import DecodingOptions

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
XSID = DATA / "xsid" / "en.train.conll.gz"
_BATCHES = (256, 512, 1024, 2048, 4096)


def unique_texts(limit: int | None) -> list[str]:
    """The unique utterances of xSID's English train set, in file order."""
    lines = (line for line in text_lines(XSID) if line.startswith("# text"))
    texts = dict.fromkeys(line.split("=", 1)[1].strip() for line in lines)
    return list(texts)[:limit]


def thread_settings(cores: int) -> list[tuple[int, int]]:
    """Ways to share out the cores: (parallel batches, threads per batch)."""
    return [(cores // n, n) for n in range(1, cores + 1) if cores % n == 0]


def make_raw(engine: Engine, threads: tuple[int, int]) -> Any:
    """A bare CTranslate2 translator of the engine's model."""
    return ctranslate2.Translator(
        str(engine.info.path),
        device=engine.device,
        compute_type=engine.compute_type,
        inter_threads=threads[0],
        intra_threads=threads[1],
    )


def run_raw(
    translator: Any, tokens: list[list[str]], batch: int, options: DecodingOptions, attention: bool
) -> None:
    """Decode pre-tokenised segments and drop the results."""
    translator.translate_batch(
        tokens,
        max_batch_size=batch,
        batch_type="tokens",
        beam_size=options.beam_size,
        max_decoding_length=options.max_decoding_length,
        max_input_length=0,
        return_scores=True,
        return_attention=attention,
        disable_unk=True,
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def sweep(
    engine: Engine, tokens: list[list[str]], options: DecodingOptions, attention: bool
) -> tuple[tuple[int, int], int]:
    """The threads and batch size that decode `tokens` fastest; prints every setting."""
    print(f"sweep over {len(tokens)} segments: segments per second")
    print("workers x threads  " + "".join(f"{batch:>8}" for batch in _BATCHES))
    best: tuple[float, tuple[int, int], int] | None = None
    for threads in thread_settings(available_cores()):
        translator = make_raw(engine, threads)
        run_raw(translator, tokens[:64], 1024, options, attention)
        cells = []
        for batch in _BATCHES:
            seconds = timed(lambda b=batch: run_raw(translator, tokens, b, options, attention))  # type: ignore[misc]  # noqa: B023
            cells.append(f"{len(tokens) / seconds:8.0f}")
            if best is None or seconds < best[0]:
                best = (seconds, threads, batch)
        print(f"{threads[0]:>7} x {threads[1]:<9}" + "".join(cells), flush=True)
    if best is None:
        raise SystemExit("nothing to sweep")
    return best[1], best[2]


def main() -> int:
    """Sweep, then measure the two in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="name or folder (default: the model that ships)")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--limit", type=int, help="so many texts (default: all 35,904)")
    parser.add_argument("--sweep", type=int, default=4000, help="texts in the sweep")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    parser.add_argument("--beam-size", type=int, default=2)
    parser.add_argument("--attention", action="store_true", help="request attention of both")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    args = parser.parse_args()
    if not XSID.is_file():
        print(f"skipped: the data is not here ({XSID.name} in shared/data/xsid)")
        return 0
    options = DecodingOptions(beam_size=args.beam_size, return_attention=args.attention)
    engine = open_translator(args.model)
    if not isinstance(engine, Engine):
        raise SystemExit("one model, not a pivot")
    attention = args.attention and engine.has_alignment
    texts = unique_texts(args.limit)
    tokens = engine.tokens(texts, args.source, args.target)
    step = max(1, len(tokens) // args.sweep)
    threads, batch = sweep(engine, tokens[::step], options, attention)
    print(
        f"best: {threads[0]} x {threads[1]}, {batch} tokens; "
        f"the engine chose {engine.threads[0]} x {engine.threads[1]}, {engine.batch_tokens}"
    )
    raw = make_raw(engine, threads)
    times: dict[str, list[float]] = {"raw": [], "engine": []}
    cpu: dict[str, list[float]] = {"raw": [], "engine": []}
    works: dict[str, Callable[[], object]] = {
        "raw": lambda: run_raw(raw, tokens, batch, options, attention),
        "engine": lambda: engine.translate(texts, args.source, args.target, options),
    }
    for round_number in range(args.rounds):
        order = list(works) if round_number % 2 == 0 else list(works)[::-1]
        for name in order:
            before = time.process_time()
            times[name].append(timed(works[name]))
            cpu[name].append(time.process_time() - before)
            print(f"round {round_number + 1} {name:7} {times[name][-1]:8.2f} s", flush=True)
    wall = {name: statistics.median(values) for name, values in times.items()}
    used = {name: statistics.median(values) for name, values in cpu.items()}
    print(f"\n{'':8}{'wall s':>9}{'texts/s':>9}{'CPU s':>9}")
    for name in works:
        print(f"{name:8}{wall[name]:9.2f}{len(texts) / wall[name]:9.0f}{used[name]:9.2f}")
    ratio = wall["engine"] / wall["raw"]
    print(f"engine over raw, medians of {args.rounds}: {ratio:.3f} wall, ", end="")
    print(f"{used['engine'] / used['raw']:.3f} CPU; load {os.getloadavg()[0]:.1f}")
    if args.json:
        figures = {
            "model": engine.name,
            "texts": len(texts),
            "threads": threads,
            "batch_tokens": batch,
            "raw_s": times["raw"],
            "engine_s": times["engine"],
            "ratio": ratio,
        }
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
