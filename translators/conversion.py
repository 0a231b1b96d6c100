"""From a `transformers` folder to a CTranslate2 one, and the proof that they say the same.

Safetensors only: a pickle can run code, so neither pickled weights nor a model's own code is ever
loaded. Needs the `torch` extra; what it makes does not.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpora.errors import MissingExtraError, UserError
from translators.engine import Engine, Hardware
from translators.families import FAMILIES, Family
from translators.languages import language_of_code
from translators.pieces import read_vocabulary
from translators.store import (
    AlignmentHead,
    ModelFacts,
    ModelInfo,
    describe_folder,
    find_tokenizers,
)

QUANTIZATIONS = ("int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16",
                 "bfloat16", "float32")  # fmt: skip


@dataclass(frozen=True, slots=True)
class HubModel:
    """A downloaded hub repository: where it lies, and the commit it is."""

    folder: Path
    hub_id: str
    commit: str
    licence: str | None


def require_torch(feature: str = "converting a model") -> None:
    """Raise `MissingExtraError` unless PyTorch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, "torch") from error


def download(hub_id: str, revision: str | None) -> HubModel:
    """Fetch the safetensors, configuration and tokenizer of a hub repository at one commit.

    `revision` (branch, tag, commit, `refs/pr/1`) is resolved to a commit first. Raises `UserError`
    when the hub cannot be reached, has no such model, or the model has no safetensors.
    """
    import huggingface_hub

    # HTTPError is that of whichever HTTP library the hub's client uses.
    from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        info = huggingface_hub.HfApi().model_info(hub_id, revision=revision)
        if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or ()):
            raise UserError(
                f"{hub_id} has no safetensors at revision {revision or 'main'}; weights as pickles "
                "are not loaded. Many repositories have a pull request that adds them: "
                "--revision refs/pr/N"
            )
        folder = huggingface_hub.snapshot_download(
            hub_id,
            revision=info.sha,
            allow_patterns=["*.json", "*.safetensors", "*.spm", "*.model", "README.md"],
        )
    except (HTTPError, HFValidationError, OSError) as error:
        raise UserError(f"cannot fetch {hub_id} from the hub: {error}") from error
    return HubModel(Path(folder), hub_id, str(info.sha), licence_of(Path(folder)))


def licence_of(folder: Path) -> str | None:
    """The licence that the model card's (README.md) header states."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    header = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    found = re.search(r"^license:\s*(\S+)", header[1], re.MULTILINE) if header else None
    return found[1].strip("\"'") if found else None


def says_transformer_align(folder: Path) -> bool:
    """Whether the README names the `transformer-align` recipe, as OPUS-MT models with guided
    alignment do."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return "transformer-align" in text


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's config.json; raises `UserError` if it is no `transformers` folder."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError("not a `transformers` model: no config.json", file=folder) from error
    except (OSError, ValueError) as error:
        raise UserError(f"not a configuration: {error}", file=path) from error
    if not isinstance(config, dict):
        raise UserError("not a configuration", file=path)
    return config


def check_safetensors(folder: Path) -> None:
    """Raise `UserError` unless the weights are safetensors."""
    if not list(folder.glob("*.safetensors")):
        pickles = [p.name for p in folder.glob("*.bin")]
        what = f"only pickled weights ({', '.join(pickles)})" if pickles else "no weights"
        raise UserError(
            f"{what}: safetensors are needed, because a pickle can run code. Save the model with "
            "`save_pretrained` of a current `transformers`, or take a revision that has them",
            file=folder,
        )


def candidate_families(folder: Path) -> list[Family]:
    """The families that the architecture in config.json may be; raises `UserError` if none."""
    names = read_config(folder).get("architectures") or []
    found = [f for f in FAMILIES.values() if set(f.architectures) & set(names)]
    if not found:
        known = {name for family in FAMILIES.values() for name in family.architectures}
        raise UserError(
            f"architecture {', '.join(map(str, names)) or 'not stated'} is not supported",
            file=folder / "config.json",
            choices=known,
        )
    return found


def convert(
    folder: Path,
    out: Path,
    quantization: str = "int8",
    alignment: AlignmentHead | None = None,
) -> None:
    """Convert the `transformers` model in `folder` to a CTranslate2 model in the new folder `out`.

    The tokenizer's files are copied along. `alignment` says which head CTranslate2 gives as the
    attention. A Marian model starts decoding from the embedding of `<pad>`, which is zero in
    OPUS-MT models and those we train; where it is not, `<pad>` is kept, so that CTranslate2 says
    what `transformers` says. Raises `UserError`, `MissingExtraError`.
    """
    require_torch()
    if quantization not in QUANTIZATIONS:
        raise UserError(f"unknown quantization {quantization!r}", choices=QUANTIZATIONS)
    check_safetensors(folder)
    family = candidate_families(folder)[0]
    tokenizers = find_tokenizers(folder, family)
    from translators.conversion_torch import ModelConverter

    try:
        ModelConverter(folder, alignment).convert(
            str(out), quantization=None if quantization == "float32" else quantization, force=True
        )
    except (ValueError, NotImplementedError, KeyError) as error:
        raise UserError(f"cannot convert the model: {error}", file=folder) from error
    for name in dict.fromkeys(tokenizers):
        shutil.copyfile(folder / name, out / name)


def describe_converted(
    folder: Path, out: Path, quantization: str, facts: ModelFacts, **known: Any
) -> ModelInfo:
    """The card of the model in `out`, which `convert` made from `folder`; not yet written.

    `known` is for `describe_folder`.
    """
    config = read_config(folder)
    families = candidate_families(folder)
    if facts.family is None and len(families) == 1:
        facts = dataclasses.replace(facts, family=families[0].name)
    if facts.family == "marian":
        facts = _with_languages(folder, FAMILIES["marian"].codes(read_vocabulary(out)), facts)
    positions = config.get("max_position_embeddings")
    longest = int(positions) - 4 if isinstance(positions, int) else 500
    fields: dict[str, Any] = {
        "quantization": quantization,
        "max_source_pieces": facts.max_source_pieces or max(8, min(longest, 500)),
    }
    prompts = _prompts(config)
    if prompts:
        pairs = [tuple(pair.split(">")) for pair in prompts]
        fields |= {
            "prompts": prompts,
            "pairs": pairs,
            "sources": {s: s for s, _ in pairs},
            "targets": {t: t for _, t in pairs},
            "language_tokens": False,
        }
        source, target = pairs[0]
        facts = dataclasses.replace(facts, family="t5", source=source, target=target)
    return describe_folder(out, facts, **{**fields, **known})


def _with_languages(folder: Path, codes: Mapping[str, str], facts: ModelFacts) -> ModelFacts:
    """`facts` with the languages that a Marian tokenizer's configuration names, the user's first.

    A model that writes several languages (`codes`, by their tags) and reads one of them as well is
    taken to read all of them; one that reads another language reads that alone.
    """
    try:
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return facts
    if not isinstance(said, dict):
        return facts
    source, target = (
        language_of_code(code) if isinstance(code := said.get(key), str) else None
        for key in ("source_lang", "target_lang")
    )
    if source in codes:
        source = None
    return dataclasses.replace(facts, source=facts.source or source, target=facts.target or target)


def _prompts(config: dict[str, Any]) -> dict[str, str]:
    """The prompts of a plain T5, from its `task_specific_params`, by `source>target`."""
    found = {}
    for task, params in (config.get("task_specific_params") or {}).items():
        pair = re.fullmatch(r"translation_([a-z]{2,3})_to_([a-z]{2,3})", task)
        if pair and isinstance(params, dict) and isinstance(params.get("prefix"), str):
            found[f"{pair[1]}>{pair[2]}"] = params["prefix"].strip()
    return found


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """How a converted model compares with `transformers`, greedily, over `texts` texts."""

    texts: int
    inputs_equal: int
    """Texts that our tokenizer cuts as the one of `transformers` does."""
    float32_equal: int
    """Texts whose float32 output is the same, token for token."""
    quantized_equal: int
    """Texts whose quantized output is."""
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

    `source` and `target` are BCP 47 tags. A float32 conversion is made in passing and compared
    token for token.
    """
    require_torch("comparing with transformers")
    from translators.conversion_torch import Reference

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
        known = set(read_vocabulary(exact))
        seen = [[token if token in known else "<unk>" for token in tokens] for tokens in inputs]
        theirs = [reference.tokenize(text, inputs[i], info) for i, text in enumerate(texts)]
        float32 = _greedy(exact, inputs, opening, max_length)
    quantized = _greedy(ct2_folder, inputs, opening, max_length)
    same = [one == other for one, other in zip(expected, float32, strict=True)]
    shares = [
        _common(one, other) / max(1, len(one))
        for one, other in zip(expected, quantized, strict=True)
    ]
    return VerifyReport(
        len(texts),
        sum(one == other for one, other in zip(seen, theirs, strict=True)),
        sum(same),
        sum(one == other for one, other in zip(expected, quantized, strict=True)),
        float(np.mean(shares)) if shares else 1.0,
        tuple(
            (text, " ".join(one), " ".join(other))
            for text, one, other, equal in zip(texts, expected, float32, same, strict=True)
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


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
