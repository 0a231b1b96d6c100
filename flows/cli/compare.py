"""`labelferry compare`: which way of transfer is best for a task and its languages?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.arguments import Number

if TYPE_CHECKING:
    pass

DESCRIPTION = """\
Compare the strategies of transfer on one task, over as many languages as are given.

  zero-shot                  train on the source language, predict on the target
  few-shot                   the same, with some examples of the target language
  translate-train            train on the source set translated to the target
  translate-train+source     on both
  translate-train-all        on the source and its translations to all targets, one model
  translate-test             translate the test set to the source language, predict there
  translate-test-round-trip  the same, trained on the source set translated there and back
  ensemble                   translate-train and translate-test together

CONFIG is YAML; see configs/compare-*.yaml. What is done already is not done again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("config", type=Path, metavar="CONFIG", help="what to compare (YAML)")
    add("--out", type=Path, metavar="DIR", help="run folder (default: as CONFIG says)")
    add(
        "--seeds",
        type=Number("--seeds", 1, 1000),
        metavar="N",
        help="number of seeds (default: as CONFIG says)",
    )
    add("--model", action="append", help="translator; several for pivoting (default: CONFIG's)")
    add(
        "--strategy",
        action="append",
        metavar="NAME",
        help="only this one, may be repeated (default: as CONFIG says)",
    )
    add("--device", help="auto, cpu or cuda (default: as CONFIG says)")
    add("--json", action="store_true", help="print JSON instead of a table (default: no)")
    add(
        "--no-prefect",
        action="store_true",
        help="run in this process, without Prefect (default: with it)",
    )


def run(args: argparse.Namespace) -> int:
    """Compare, and print the table."""
    from augmentation.compare.config import CompareConfig
    from augmentation.compare.scores import read_results
    from augmentation.compare.table import table
    from augmentation.pipeline.configuration import load
    from flows.progress import JobLines

    listener = JobLines(sys.stderr)
    given = vars(args)
    config = load(CompareConfig, given["config"], overrides(given))
    if given.get("no_prefect"):
        from augmentation.compare.run import compare

        done = compare(config, listener)
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.compare import run_flow

            done = run_flow(config, listener)
    if given.get("json"):
        print(json.dumps(read_results(done.run), indent=1, ensure_ascii=False))
    else:
        print(f"{table(done.results)}\n\nreport  {done.report}")
    return 0


def overrides(given: dict[str, Any]) -> dict[str, Any]:
    """What the command line says, as a configuration."""
    values: dict[str, Any] = {name: given[name] for name in ("out", "seeds") if name in given}
    if "model" in given:
        values["model"] = given["model"][0] if len(given["model"]) == 1 else tuple(given["model"])
    if "strategy" in given:
        values["strategies"] = given["strategy"]
        if "zero-shot" not in given["strategy"]:
            values["baseline"] = given["strategy"][0]
    if "device" in given:
        values["runtime"] = {"device": given["device"]}
    return values
