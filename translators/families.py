"""The model families and the language convention of each, in one table.

A family defines the tokens around a source, the forced start of a target, how the vocabulary writes
languages, and the names of the tokenizer files. Nothing else in the package depends on a model's
family.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from translators.languages import tags_of_codes

FamilyName = Literal[
    "marian", "nllb", "m2m100", "small100", "mbart50", "mbart25", "t5", "argos", "ct2"
]

EOS = "</s>"
BPE_CODES = "bpe.model"
"""The name of the merges of older Argos packages, which cut words as subword-nmt does."""


@dataclass(frozen=True, slots=True)
class Family:
    """The tokens that a family of models expects around the pieces of a text.

    A language's token is its code put into `token` (`>>{}<<`); `opens_source` and `opens_target`
    say which side begins with a language's token, and of which language.
    """

    name: FamilyName
    about: str
    architectures: tuple[str, ...]
    """Names in `architectures` of a `transformers` folder's config.json."""
    token: str | None
    """How the vocabulary writes a language, None where a model has one pair only."""
    code: str
    """Regular expression of the code inside `token`."""
    opens_source: Literal["source", "target", None]
    opens_target: bool
    """Whether decoding is forced to start with the target's token, which is then removed."""
    source_end: tuple[str, ...]
    """Tokens after the source's pieces."""
    tokenizers: tuple[tuple[str, str], ...]
    """File names of the SentencePiece models of the source and the target, most usual first."""
    guided_alignment: bool
    """Whether models of this family may have been trained with guided alignment."""
    max_source_pieces: int
    """Most pieces of a source where the model's configuration has no limit."""
    optional_token: bool = False
    """Whether a model of the family may do without language tokens (bilingual ones do)."""
    country_is_noise: bool = False
    """Whether the country in a code means nothing (mBART's `ar_AR`, `bn_IN`)."""
    closes_source: bool = False
    """Whether the source's language token comes last, after `source_end`, and decoding starts with
    the target's in the place of the end-of-sentence token (mBART-25)."""
    variant_of: FamilyName | None = None
    """The family with the same vocabulary, which is assumed where nothing shows this one."""

    def language_token(self, code: str) -> str:
        """The vocabulary's token for the language `code`."""
        return code if self.token is None else self.token.format(code)

    def codes(self, vocabulary: Iterable[str]) -> dict[str, str]:
        """The languages that `vocabulary` has tokens for: BCP 47 tag to code."""
        if self.token is None:
            return {}
        before, after = (re.escape(part) for part in self.token.split("{}"))
        pattern = re.compile(f"{before}({self.code}){after}")
        matches = (pattern.fullmatch(token) for token in vocabulary)
        codes = [match[1] for match in matches if match]
        return tags_of_codes(codes, country_is_noise=self.country_is_noise)


_ONE_SPM = (
    ("sentencepiece.bpe.model",) * 2,
    ("sentencepiece.model",) * 2,
    ("spiece.model",) * 2,
    ("spm.model",) * 2,
    ("tokenizer.model",) * 2,
)

FAMILIES: dict[FamilyName, Family] = {
    family.name: family
    for family in (
        Family(
            name="marian",
            about="Marian and OPUS-MT, bilingual or with >>xxx<<, and what we train ourselves",
            architectures=("MarianMTModel",),
            token=">>{}<<",
            code="[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*",
            opens_source="target",
            opens_target=False,
            source_end=(EOS,),
            tokenizers=(("source.spm", "target.spm"), *_ONE_SPM),
            guided_alignment=True,
            max_source_pieces=500,
            optional_token=True,
        ),
        Family(
            name="nllb",
            about="NLLB-200",
            architectures=("M2M100ForConditionalGeneration",),
            token="{}",
            code="[a-z]{3}_[A-Z][a-z]{3}",
            opens_source="source",
            opens_target=True,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
        ),
        Family(
            name="m2m100",
            about="M2M-100 and the WMT21 models",
            architectures=("M2M100ForConditionalGeneration",),
            token="__{}__",
            code="[a-z]{2,3}",
            opens_source="source",
            opens_target=True,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
        ),
        Family(
            name="small100",
            about="SMaLL-100: as M2M-100, but the source begins with the target's language",
            architectures=("M2M100ForConditionalGeneration",),
            token="__{}__",
            code="[a-z]{2,3}",
            opens_source="target",
            opens_target=False,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
            variant_of="m2m100",
        ),
        Family(
            name="mbart50",
            about="mBART-50, many to many",
            architectures=("MBartForConditionalGeneration",),
            token="{}",
            code="[a-z]{2}_[A-Z]{2}",
            country_is_noise=True,
            opens_source="source",
            opens_target=True,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
        ),
        Family(
            name="mbart25",
            about="mBART-25: the source ends with its language, decoding starts with the other",
            architectures=("MBartForConditionalGeneration",),
            token="{}",
            code="[a-z]{2}_[A-Z]{2}",
            country_is_noise=True,
            opens_source="source",
            opens_target=True,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
            closes_source=True,
            variant_of="mbart50",
        ),
        Family(
            name="t5",
            about="MADLAD-400 (<2xx>), and T5 or mT5 with a prompt",
            architectures=("T5ForConditionalGeneration", "MT5ForConditionalGeneration"),
            token="<2{}>",
            code="[a-z]{2,3}(?:_[A-Za-z]{2,8})*",
            opens_source="target",
            opens_target=False,
            source_end=(EOS,),
            tokenizers=_ONE_SPM,
            guided_alignment=False,
            max_source_pieces=500,
            optional_token=True,
        ),
        Family(
            name="argos",
            about="Argos Translate packages (.argosmodel), one pair each",
            architectures=(),
            token=None,
            code="",
            opens_source=None,
            opens_target=False,
            source_end=(),
            tokenizers=(("sentencepiece.model",) * 2, (BPE_CODES,) * 2),
            guided_alignment=False,
            max_source_pieces=200,
        ),
        Family(
            name="ct2",
            about="a CTranslate2 folder made by OpenNMT: pieces alone, one pair",
            architectures=(),
            token=None,
            code="",
            opens_source=None,
            opens_target=False,
            source_end=(),
            tokenizers=(("source.spm", "target.spm"), *_ONE_SPM),
            guided_alignment=True,
            max_source_pieces=250,
        ),
    )
}


def family_of_vocabulary(vocabulary: Iterable[str]) -> tuple[Family, dict[str, str]] | None:
    """The family whose language tokens `vocabulary` holds, and its languages; None if unclear.

    Variants have the vocabulary of their family: which it is, `translators.variants` tells.
    """
    tokens = list(vocabulary)
    families = [f for f in FAMILIES.values() if f.token and f.variant_of is None]
    candidates = [(family, family.codes(tokens)) for family in families]
    candidates = [(family, codes) for family, codes in candidates if len(codes) >= 2]
    return candidates[0] if len(candidates) == 1 else None
