"""What is protected besides what its form shows, and a translator made to do so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translators.open import model_infos
from translators.protection.finding import ItemFinder, Stretches
from translators.protection.probing import marker_pairs
from translators.protection.scripts import unwritable_finder
from translators.protection.term_translator import TermTranslator
from translators.protection.terms import Term
from translators.protection.translator import ProtectingTranslator
from translators.protocol import DecodingOptions, Hypothesis, Translator


@dataclass(frozen=True, slots=True)
class Protection:
    """What the user wants to be protected."""

    kept: tuple[str, ...] = ()
    """Terms that stay as they are."""
    terms: tuple[Term, ...] = ()
    """How terms are to be translated."""


def protect(translator: Translator, protection: Protection) -> ProtectingTranslator:
    """A translator that keeps what cannot be translated and uses the terms of `protection`, over
    `translator`, which `open_translator` made."""
    infos = model_infos(translator)
    unwritable = None
    if infos:
        unwritable = unwritable_finder(tuple((info.path, info.content_hash) for info in infos))
    with_terms = TermTranslator(translator, protection.terms) if protection.terms else translator
    return ProtectingTranslator(
        with_terms,
        ItemFinder(unwritable, protection.kept),
        marker_pairs([info.card.markers for info in infos]),
    )


def translate_protected(
    translator: Translator,
    texts: Sequence[str],
    protected: Sequence[Stretches],
    source: str,
    target: str,
    options: DecodingOptions,
) -> list[Hypothesis]:
    """Translate `texts` with `translator` from `source` to `target` with `options`, keeping the
    stretches of `protected` in each, which a translator without protection cannot."""
    if isinstance(translator, ProtectingTranslator):
        return translator.translate_protected(texts, protected, source, target, options)
    return translator.translate(texts, source, target, options)
