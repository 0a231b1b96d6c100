"""`labelferry translate-test`: predictions for rows in a language that the predictor lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augmentation.translate_test.config import TranslateTestConfig
from flows.cli.arguments import ConfigFile, InputFiles, NoPrefect
from flows.cli.messages import announce_commands, say
from flows.cli.options import Overrides, takes_settings

if TYPE_CHECKING:
    from augmentation.translate_test.run import TranslateTestResult


@takes_settings(TranslateTestConfig, leave_out=("input",))
def translate_test(
    input: InputFiles = None,
    /,
    *,
    config: ConfigFile = None,
    no_prefect: NoPrefect = False,
    settings: Overrides,
) -> int:
    """Translate rows to the language of a predictor, predict there, and project the predictions
    back: classes as they are, spans and answers onto the original text, free text translated back.

    A predicted span that cannot be projected back leaves a flag, and scoring counts it as wrong; no
    row is dropped but bad ones, with --on-error skip. OUT/predictions.jsonl has the id, prediction,
    probabilities and translation of every row; `labelferry score` reads it.
    """
    from augmentation.pipeline.configuration import load
    from augmentation.pipeline.inputs import kept
    from corpora.readers.pipes import regular_file

    config = None if config is None else regular_file(config)
    if input:
        settings["input"] = tuple(map(kept, input))
    resolved = load(TranslateTestConfig, config, settings)
    announce_commands(resolved)
    if no_prefect:
        from augmentation.translate_test.run import translate_test as run

        result = run(resolved)
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.translate_test import run_flow

            result = run_flow(resolved)
    say(summary_table(result))
    return 0


def summary_table(result: TranslateTestResult) -> str:
    """The short table that a run ends with: the rows of `result`, and where they are."""
    lines: list[tuple[str, object]] = [("rows", result.rows)]
    lines += [(f"  {flag}", count) for flag, count in sorted(result.flags.items())]
    lines += [("dropped", result.dropped)] if result.dropped else []
    lines += [("seconds", round(result.seconds, 1)), ("predictions", result.predictions)]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)
