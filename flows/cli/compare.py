"""`labelferry compare`: which way of transfer is best for a task and its languages?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from augmentation.compare.config import CompareConfig
from flows.cli.arguments import NoPrefect, Number, option, stream
from flows.cli.messages import announce_commands, print_data, say
from flows.cli.options import Overrides, takes_settings


@takes_settings(CompareConfig, leave_out=("source", "few_shot"), names={"strategies": "--strategy"})
def compare(
    config: Annotated[Path, stream("What to compare, in YAML.", metavar="CONFIG")],
    /,
    *,
    seeds: Annotated[
        int | None, option("Number of seeds.", number=Number(1, 1000), default="as CONFIG says")
    ] = None,
    json_: Annotated[bool, option("Print JSON instead of a table.", "--json", negative=())] = False,
    no_prefect: NoPrefect = False,
    settings: Overrides,
) -> int:
    """Compare the strategies of transfer on one task, over as many languages as are given.

      zero-shot                  train on the source language, predict on the target
      few-shot                   the same, with some examples of the target language
      translate-train            train on the source set translated to the target
      translate-train+source     on both
      translate-train-all        on the source and its translations to all targets, one model
      translate-test             translate the test set to the source language, predict there
      translate-test-round-trip  the same, trained on the source set translated there and back
      ensemble                   translate-train and translate-test together

    CONFIG is YAML; see configs/compare-*.yaml. Options win over it. What is done already is not
    done again.
    """
    from augmentation.compare.scores import read_results
    from augmentation.compare.table import table
    from augmentation.pipeline.configuration import load
    from corpora.readers.pipes import regular_file
    from flows.progress import JobLines

    if seeds is not None:
        settings["seeds"] = seeds
    strategies = settings.get("strategies", ())
    if strategies and "zero-shot" not in strategies:
        settings.setdefault("baseline", strategies[0])
    settings_of_run = load(CompareConfig, regular_file(config), settings)
    announce_commands(settings_of_run)
    listener = JobLines(sys.stderr)
    if no_prefect:
        from augmentation.compare.run import compare as run

        done = run(settings_of_run, listener)
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.compare import run_flow

            done = run_flow(settings_of_run, listener)
    if json_:
        print_data(json.dumps(read_results(done.run), indent=1, ensure_ascii=False))
    else:
        say(f"{table(done.results)}\n\nreport  {done.report}")
    return 0
