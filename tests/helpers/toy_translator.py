"""A translator whose answers are known by construction.

It writes every word in capitals, the words of a sentence in reverse order, and aligns each word
with the one that it came from. A text with the name of a guard (`repetition`,
`copy`) gets its flag, one with `vanish` comes out empty, a word `unaligned` has no alignment.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from augmentation.translation.setup import TranslationModels, TranslationSetup
from translators.protocol import DecodingOptions, Hypothesis

_WORD = re.compile(r"\S+")


class ToyTranslator:
    """See the module's docstring; `seen` is every text it was ever asked for."""

    name = "toy@0123abcd"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._lock = threading.Lock()

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        with self._lock:
            self.seen += texts
        return [self._hypothesis(text, options) for text in texts]

    def _hypothesis(self, text: str, options: DecodingOptions) -> Hypothesis:
        words = [match.span() for match in _WORD.finditer(text)]
        flags = tuple(flag for flag in ("repetition", "copy") if flag in text)
        if "vanish" in text:
            nothing = np.zeros((0, len(words)), np.float32) if options.return_attention else None
            return Hypothesis("", -1.0, tuple(words), (), nothing, ("empty",))
        target, pieces = "", []
        for start, end in reversed(words):
            target += " " if target else ""
            pieces.append((len(target), len(target) + end - start))
            target += text[start:end].upper()
        attention = None
        if options.return_attention:
            attention = np.eye(len(words), dtype=np.float32)[::-1].copy()
            for row, (start, end) in enumerate(reversed(words)):
                if "unaligned" in text[start:end]:
                    attention[row] = 0.0
        score = -1.0 / max(1, len(words))
        return Hypothesis(target, score, tuple(words), tuple(pieces), attention, flags)

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """The words of a target are aligned with those of its source from the other end."""
        forced = []
        for text, translation in zip(sources, targets, strict=True):
            words = [match.span() for match in _WORD.finditer(text)]
            pieces = [match.span() for match in _WORD.finditer(translation)]
            attention = np.eye(len(pieces), len(words), dtype=np.float32)[:, ::-1].copy()
            forced.append(
                Hypothesis(translation, -9.0, tuple(words), tuple(pieces), attention, ("length",))
            )
        return forced


def translate_by_toy(monkeypatch: pytest.MonkeyPatch) -> ToyTranslator:
    """The toy translator, by which all runs are translated until `monkeypatch` is undone."""
    translator = ToyTranslator()
    models = TranslationModels(
        translator.name, {"toy": "0123abcd" * 8}, {"toy": "CC0-1.0"}, True, True
    )
    monkeypatch.setattr(TranslationModels, "resolve", lambda names: models)
    for method in ("translator", "plain_translator"):
        monkeypatch.setattr(TranslationSetup, method, lambda setup: translator)
    return translator
