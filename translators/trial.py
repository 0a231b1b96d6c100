"""A model that was converted elsewhere, loaded and used once in a process of its own.

CTranslate2 takes the numbers in a model for what they should be: one that is damaged, or was made
for it, may crash the process. `python -m translators.trial FOLDER` is that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from corpora.errors import UserError
from translators.model_card import ModelInfo

_SECONDS = 600


def try_model(info: ModelInfo, called: str | Path) -> None:
    """Raise `UserError` where the model `info`, which the user named as `called`, cannot be loaded
    and translate a word."""
    command = [sys.executable, "-m", "translators.trial", str(info.path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"does not translate a word in {_SECONDS} seconds", file=called) from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = f"signal {-done.returncode}" if done.returncode < 0 else "".join(last)[:400]
        raise UserError(f"not a model that CTranslate2 can use: {reason}", file=called)


def _translate_a_word(folder: Path) -> None:
    from translators.engine import Engine
    from translators.hardware import Hardware
    from translators.protocol import DecodingOptions
    from translators.store import read_model

    info = read_model(folder)
    pairs = info.card.pairs or tuple(
        (source, target)
        for source in info.card.sources
        for target in info.card.targets
        if info.supports(source, target)
    )
    engine = Engine(info, Hardware("cpu", threads=(1, 1)), verified=True)
    source, target = pairs[0]
    options = DecodingOptions(max_decoding_length=8, return_attention=engine.has_alignment)
    engine.translate(["a"], source, target, options)


if __name__ == "__main__":
    try:
        _translate_a_word(Path(sys.argv[1]))
    except Exception as error:
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        sys.exit(1)
