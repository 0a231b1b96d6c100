"""A command line with the toy translator, which stops in C code, as a long batch would:

    python -m tests.helpers.stuck_command CALLS ARGUMENTS...

After CALLS calls with texts (0 is never) it writes `stuck` to standard error and computes without
end. Files are translated two lines at a time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence

from augmentation.translation import texts
from augmentation.translation.setup import TranslationModels, TranslationSetup
from flows.cli.main import main
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions, Hypothesis


class StuckTranslator(ToyTranslator):
    """The toy translator, until it has been called often enough."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        if texts:
            self._left -= 1
            if self._left == 0:
                os.write(2, b"stuck\n")
                hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
        return super().translate(texts, source, target, options)


if __name__ == "__main__":
    translator = StuckTranslator(int(sys.argv.pop(1)))
    models = TranslationModels(
        translator.name, {"toy": "0123abcd" * 8}, {"toy": "CC0-1.0"}, True, True
    )
    TranslationModels.resolve = staticmethod(lambda names: models)  # type: ignore[method-assign]
    TranslationSetup.translator = lambda setup: translator  # type: ignore[method-assign]
    texts.FIRST_ROWS = texts.CHUNK_ROWS = 2
    sys.exit(main())
