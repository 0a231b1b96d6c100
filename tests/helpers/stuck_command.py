"""A command line with the toy translator, which stops in C code, as a long batch would:

    python -m tests.helpers.stuck_command CALLS ARGUMENTS...

After CALLS calls with texts (0 is never) it writes `stuck` to standard error and computes without
end; so do the statistical aligner and, where LABELFERRY_STUCK is `step`, a step of training. Where
that is `slow`, training goes on, slowly. Files are translated two lines at a time.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from alignment.words.statistical.aligner import StatisticalAligner
from augmentation.translation import texts
from augmentation.translation.setup import TranslationModels, TranslationSetup
from flows.cli.main import main
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions, Hypothesis

_calls_left = 0


def _call() -> None:
    """Get stuck, where this is the last of the calls."""
    global _calls_left
    _calls_left -= 1
    if _calls_left == 0:
        os.write(2, b"stuck\n")
        if os.environ.get("LABELFERRY_STUCK") != "slow":
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    if _calls_left <= 0 and os.environ.get("LABELFERRY_STUCK") == "slow":
        time.sleep(0.05)


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any) -> Any:
        _call()
        return function(*arguments)

    return call


class StuckTranslator(ToyTranslator):
    """The toy translator, until there were enough calls."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        if texts:
            _call()
        return super().translate(texts, source, target, options)


if __name__ == "__main__":
    _calls_left = int(sys.argv.pop(1))
    translator = StuckTranslator()
    models = TranslationModels(
        translator.name, {"toy": "0123abcd" * 8}, {"toy": "CC0-1.0"}, True, True
    )
    TranslationModels.resolve = staticmethod(lambda names: models)  # type: ignore[method-assign]
    for method in ("translator", "plain_translator"):
        setattr(TranslationSetup, method, lambda setup: translator)
    if sys.argv[1] == "train-translator":
        from translators.training.loop import Trainer

        Trainer._step = _counted(Trainer._step)  # type: ignore[method-assign]
    else:
        StatisticalAligner.posteriors = _counted(  # type: ignore[method-assign]
            StatisticalAligner.posteriors
        )
    texts.FIRST_ROWS = texts.CHUNK_ROWS = 2
    sys.exit(main())
