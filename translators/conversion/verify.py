"""Verification that a converted model translates as the `transformers` one does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from translators.conversion.convert import convert, require_torch
from translators.engine import Engine
from translators.hardware import Hardware
from translators.language_tokens import LanguageTokens
from translators.model_card import ModelInfo
from translators.vocabulary import read_vocabulary

if TYPE_CHECKING:
    from translators.conversion.reference_torch import Greedy

_TIE = 0.01
"""Two tokens whose log-probabilities differ by less may come in either order."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `transformers` and our engine make of the same texts, for one pair of languages."""

    texts: Sequence[str]
    inputs: list[list[str]]
    """The tokens of each text that our engine gives to the model."""
    expected_inputs: list[list[str]]
    """Those that the tokenizer of `transformers` gives."""
    expected: list[Greedy]
    """What `transformers` writes for each of `inputs`, decoding greedily."""
    tokens: LanguageTokens
    max_length: int

    def outputs(self, folder: Path) -> list[list[str]]:
        """What the CTranslate2 model in `folder` writes for each of `inputs`."""
        import ctranslate2

        translator = ctranslate2.Translator(str(folder), device="cpu", inter_threads=1)
        opening = list(self.tokens.target_prefix)
        results = translator.translate_batch(
            self.inputs,
            [opening] * len(self.inputs) if opening else None,
            max_batch_size=1024,
            batch_type="tokens",
            beam_size=1,
            max_input_length=0,
            max_decoding_length=self.max_length,
        )
        return [result.hypotheses[0] for result in results]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """How a converted model compares with `transformers`, decoding `texts` texts greedily."""

    texts: int
    inputs_equal: int
    """Texts that our tokenizer cuts as the one of `transformers` does."""
    float32_equal: int
    """Texts whose float32 output is the same, token for token."""
    quantized_equal: int
    """Texts whose quantized output is the same."""
    quantized_token_share: float
    """Share of the tokens before the first difference, in the quantized output."""
    differences: tuple[tuple[str, str, str], ...]
    """Up to ten of (text, output of transformers, output of float32), where they differ."""


def compare_inputs(
    hf_folder: Path,
    info: ModelInfo,
    texts: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    max_length: int,
) -> list[Comparison]:
    """What `transformers` makes of `texts` with the model in `hf_folder`, for each of `pairs`
    (source and target, BCP 47), and the inputs that our engine gives to `info`, made from it.

    Outputs have up to `max_length` tokens. Raises `UserError`, `MissingExtraError`.
    """
    require_torch("comparing with transformers")
    from translators.conversion.reference_torch import Reference

    read = _read_by_engine(info, texts, pairs)  # first, so that one model is in memory at a time
    reference = Reference(hf_folder)
    return [
        Comparison(
            texts,
            inputs,
            [reference.tokenize(text, info, source, target) for text in texts],
            reference.greedy(inputs, tokens.target_prefix, tokens.start_tokens, max_length),
            tokens,
            max_length,
        )
        for (source, target), (inputs, tokens) in zip(pairs, read, strict=True)
    ]


def _read_by_engine(
    info: ModelInfo, texts: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> list[tuple[list[list[str]], LanguageTokens]]:
    """For each of `pairs`, the tokens of `texts`, and those around the pieces."""
    engine = Engine(info, Hardware(device="cpu"), verified=True)
    vocabulary = set(read_vocabulary(info.path))
    return [
        (
            [
                [token if token in vocabulary else "<unk>" for token in tokens]
                for tokens in engine.tokens(texts, source, target)
            ],
            engine.language_tokens(source, target),
        )
        for source, target in pairs
    ]


def verify_against_transformers(
    hf_folder: Path,
    info: ModelInfo,
    texts: Sequence[str],
    *,
    source: str,
    target: str,
    max_length: int = 128,
) -> VerifyReport:
    """Compare the converted model `info` with the one in `hf_folder` that it was made from.

    Both translate `texts` greedily from `source` to `target` (BCP 47 tags), up to `max_length`
    tokens. A float32 conversion is also made, and compared token for token. Raises `UserError`,
    `MissingExtraError`.
    """
    (comparison,) = compare_inputs(hf_folder, info, texts, [(source, target)], max_length)
    float32 = exact_outputs(hf_folder, [comparison])[0]
    quantized = comparison.outputs(info.path)
    expected = [greedy.tokens for greedy in comparison.expected]
    same = [tokens == reference for tokens, reference in zip(float32, expected, strict=True)]
    shares = [
        common_prefix(reference, tokens) / max(1, len(reference))
        for reference, tokens in zip(expected, quantized, strict=True)
    ]
    return VerifyReport(
        len(texts),
        sum(map(list.__eq__, comparison.inputs, comparison.expected_inputs)),
        sum(same),
        sum(map(list.__eq__, expected, quantized)),
        float(np.mean(shares)) if shares else 1.0,
        tuple(
            (text, " ".join(reference), " ".join(tokens))
            for text, reference, tokens, equal in zip(texts, expected, float32, same, strict=True)
            if not equal
        )[:10],
    )


def exact_outputs(hf_folder: Path, comparisons: Sequence[Comparison]) -> list[list[list[str]]]:
    """What a float32 conversion of the model in `hf_folder` writes in each of `comparisons`."""
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "float32"
        convert(hf_folder, exact, "float32")
        return [comparison.outputs(exact) for comparison in comparisons]


def is_tie(expected: Greedy, tokens: Sequence[str]) -> bool:
    """Whether `tokens` first differ from the `expected` ones where two were equally likely."""
    at = common_prefix(expected.tokens, tokens)
    return at < len(expected.margins) and expected.margins[at] < _TIE


def common_prefix(tokens: Sequence[str], others: Sequence[str]) -> int:
    """How many tokens both `tokens` and `others` begin with."""
    count = 0
    for left, right in zip(tokens, others, strict=False):
        if left != right:
            break
        count += 1
    return count
