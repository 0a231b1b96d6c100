"""Attacks on readers, runs, memories and models, as many as you have time for.

    python -m benchmarks.attacks readers [--files N] [--seed N]
    python -m benchmarks.attacks kills [--scenario NAME ...] [--most N] [--seed N]
    python -m benchmarks.attacks damages [--times N] [--subject NAME ...] [--seed N]
    python -m benchmarks.attacks links [--subject NAME ...]

`readers` breaks valid files of every format and reads them. `kills` kills real runs (translated by
a toy) before every operation on files, every other one a second time while it goes on, and ends
them. `damages` flips bits in, cuts, empties and deletes every file of a finished run, an unfinished
one, a memory and a store of models; `links` puts links in their place. Ends with 1 if anything that
came out is wrong. The tests in `tests/attacks` do the same with a few of each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.helpers.attacks import damages, kills, readers
from tests.helpers.attacks.scenarios import SCENARIOS

SUBJECTS = ("finished", "unfinished", "memory", "store")


def attack_readers(folder: Path, args: argparse.Namespace) -> int:
    """Break files of every kind; how many came out wrong."""
    kinds = readers.kinds(folder)
    each = -(-args.files // len(kinds))
    cases = [readers.Case(kind, n, folder, args.seed) for kind in kinds for n in range(each)]
    files: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    wrong = 0
    for case, outcome in readers.attack_all(cases):
        group = case.kind.name.split()[0]
        files[group] += 1
        refused[group] += outcome.refused
        wrong += bool(outcome.problems)
        for problem in outcome.problems:
            print(f"WRONG {case.kind.name} {case.number}: {problem}", flush=True)
    print("| format | files | read | refused |\n|---|---|---|---|")
    for name, count in files.items():
        print(f"| {name} | {count} | {count - refused[name]} | {refused[name]} |")
    print(f"| all | {files.total()} | {files.total() - refused.total()} | {refused.total()} |")
    return wrong


def attack_runs(folder: Path, args: argparse.Namespace) -> int:
    """Kill runs; how many came out wrong."""
    wrong = 0
    lines = []
    for scenario in args.scenario:
        root = folder / scenario.replace(" ", "-")
        whole, count = kills.undisturbed(scenario, root / "whole")
        made = kills.kills(scenario, root, count, args.seed, args.most)
        failed = 0
        for kill in made:
            problems = kills.attempt(kill, whole)
            failed += bool(problems)
            for problem in problems:
                print(f"WRONG {scenario} {problem}", flush=True)
        killed = sum(len(kill.fatal) for kill in made)
        lines.append(f"| {scenario} | {count} | {len(made)} | {killed} | {failed} |")
        wrong += failed
    print(
        "| command | operations | runs | kills | wrong |\n|---|---|---|---|---|", *lines, sep="\n"
    )
    return wrong


def attack_files(folder: Path, args: argparse.Namespace) -> int:
    """Damage files, or put links in their place; how many came out wrong."""
    names = list(damages.LINKS if args.attack == "links" else damages.DAMAGES)
    wrong = 0
    lines = []
    outcomes = (damages.HEALED, damages.REFUSED, damages.UNAFFECTED, damages.WRONG)
    for subject in damages.subjects(folder):
        if subject.name not in args.subject:
            continue
        cases = damages.cases(subject, names, args.times, args.seed)
        counts: Counter[str] = Counter()
        for verdict in damages.attack_all(cases):
            counts[verdict.outcome] += 1
            case = verdict.case
            if verdict.outcome in (damages.WRONG, damages.REFUSED):
                told = f"{subject.name} {case.file} {case.damage} {case.seed}: {verdict.problem}"
                print(verdict.outcome.upper(), told, flush=True)
        wrong += counts[damages.WRONG]
        files = len({case.file for case in cases})
        lines.append(
            f"| {subject.name} | {files} | {len(cases)} | "
            + " | ".join(str(counts[outcome]) for outcome in outcomes)
            + " |"
        )
    print(f"| what | files | damages | {' | '.join(outcomes)} |\n|---|---|---|---|---|---|---|")
    print(*lines, sep="\n")
    return wrong


def main() -> int:
    """Attack, and print a table."""
    description = __doc__.split("\n", 1)[0] if __doc__ else None
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("attack", choices=("readers", "kills", "damages", "links"))
    parser.add_argument("--files", type=int, default=20_000, help="broken files to read")
    parser.add_argument("--scenario", nargs="+", choices=SCENARIOS, default=["translate-train"])
    parser.add_argument("--most", type=int, help="kills of each scenario (default: all)")
    parser.add_argument("--subject", nargs="+", choices=SUBJECTS, default=SUBJECTS)
    parser.add_argument("--times", type=int, default=4, help="bits flipped, and cuts, in each file")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    work = {"readers": attack_readers, "kills": attack_runs}.get(args.attack, attack_files)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        wrong = work(Path(folder), args)
    print(f"{wrong} wrong; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
