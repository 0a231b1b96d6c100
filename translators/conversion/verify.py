"""Verification that a converted model translates as the `transformers` one does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from translators.conversion.convert import convert, require_torch
from translators.conversion.describe import describe_converted
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.hardware import Hardware
from translators.vocabulary import read_vocabulary


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


def verify_against_transformers(
    hf_folder: Path,
    ct2_folder: Path,
    texts: Sequence[str],
    *,
    source: str,
    target: str,
    facts: ModelFacts | None = None,
    max_length: int = 128,
) -> VerifyReport:
    """Compare the model in `ct2_folder` with the one in `hf_folder` that it was made from.

    Both translate `texts` greedily from `source` to `target` (BCP 47 tags), up to `max_length`
    tokens. `facts` are those the model was described with, None the pair of languages alone. A
    float32 conversion is also made, and compared token for token. Raises `UserError`,
    `MissingExtraError`.
    """
    require_torch("comparing with transformers")
    from translators.conversion.reference_torch import Reference

    reference = Reference(hf_folder)
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "float32"
        convert(hf_folder, exact, "float32")
        facts = facts or ModelFacts(source=source, target=target)
        info = describe_converted(hf_folder, exact, "float32", facts)
        engine = Engine(info, Hardware(device="cpu"))
        inputs = engine.tokens(texts, source, target)
        opening = engine.target_prefix(source, target)
        expected = [reference.greedy(tokens, opening, max_length) for tokens in inputs]
        vocabulary = set(read_vocabulary(exact))
        ours = [
            [token if token in vocabulary else "<unk>" for token in tokens] for tokens in inputs
        ]
        theirs = [reference.tokenize(text, inputs[i], info) for i, text in enumerate(texts)]
        float32 = _greedy(exact, inputs, opening, max_length)
    quantized = _greedy(ct2_folder, inputs, opening, max_length)
    same = [tokens == reference for tokens, reference in zip(float32, expected, strict=True)]
    shares = [
        _common_prefix(reference, tokens) / max(1, len(reference))
        for reference, tokens in zip(expected, quantized, strict=True)
    ]
    return VerifyReport(
        len(texts),
        sum(left == right for left, right in zip(ours, theirs, strict=True)),
        sum(same),
        sum(left == right for left, right in zip(expected, quantized, strict=True)),
        float(np.mean(shares)) if shares else 1.0,
        tuple(
            (text, " ".join(reference), " ".join(tokens))
            for text, reference, tokens, equal in zip(texts, expected, float32, same, strict=True)
            if not equal
        )[:10],
    )


def _greedy(
    folder: Path, inputs: list[list[str]], opening: tuple[str, ...], max_length: int
) -> list[list[str]]:
    import ctranslate2

    translator = ctranslate2.Translator(str(folder), device="cpu", inter_threads=1)
    results = translator.translate_batch(
        inputs,
        [list(opening)] * len(inputs) if opening else None,
        max_batch_size=1024,
        batch_type="tokens",
        beam_size=1,
        max_input_length=0,
        max_decoding_length=max_length,
    )
    return [result.hypotheses[0] for result in results]


def _common_prefix(tokens: Sequence[str], others: Sequence[str]) -> int:
    """How many tokens both begin with."""
    count = 0
    for left, right in zip(tokens, others, strict=False):
        if left != right:
            break
        count += 1
    return count
