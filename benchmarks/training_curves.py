"""One picture of several training runs, each continued from the one before.

    python -m benchmarks.training_curves WORK… > benchmarks/embedded-curves.svg

WORK: work folders of `labelferry train-translator`, in order (each has `50-train/history.json`).
Steps and minutes are added up over all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from translators.training.card import History
from translators.training.curves import curves_svg


def join(histories: Iterable[History]) -> History:
    """The runs as one; loss over the sum of steps, chrF over the sum of seconds."""
    losses: list[tuple[int, float]] = []
    validations: list[dict[str, float]] = []
    steps = tokens = 0
    seconds = 0.0
    for history in histories:
        losses += [(steps + step, loss) for step, loss in history.losses]
        validations += [
            {**v, "step": steps + v["step"], "seconds": seconds + v["seconds"]}
            for v in history.validations
        ]
        steps, seconds = steps + history.steps, seconds + history.seconds
        tokens += history.target_tokens
    return History(losses, validations, steps, steps, seconds, tokens, "max_steps")


def main() -> None:
    """Write the picture to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path, nargs="+", help="work folders, in order")
    runs = [
        History(**json.loads((work / "50-train" / "history.json").read_text("utf-8")))
        for work in parser.parse_args().work
    ]
    whole = join(runs)
    print(f"{whole.steps:,} steps, {whole.seconds:,.0f} s", file=sys.stderr)
    sys.stdout.write(curves_svg(whole))


if __name__ == "__main__":
    main()
