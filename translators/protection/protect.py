"""What is protected besides what its form shows, and a translator made to do so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from translators.open import model_infos
from translators.protection.finding import ItemFinder
from translators.protection.items import Kind
from translators.protection.probing import marker_pairs
from translators.protection.scripts import unwritable_finder
from translators.protection.term_translator import TermTranslator
from translators.protection.terms import Term
from translators.protection.translator import LEFT_AT_FIRST, ProtectingTranslator
from translators.protocol import Translator


@dataclass(frozen=True, slots=True)
class Protection:
    """What the user wants to be protected."""

    kept: tuple[str, ...] = ()
    """Terms that stay as they are."""
    terms: tuple[Term, ...] = ()
    """How terms are to be translated."""
    forms: bool = True
    """Whether what its form shows to be untranslatable, or the model cannot write, stays too."""


def protect(
    translator: Translator,
    protection: Protection,
    left_at_first: Collection[Kind] = LEFT_AT_FIRST,
) -> ProtectingTranslator:
    """A translator that keeps what cannot be translated and uses the terms of `protection`, over
    `translator`, which `open_translator` made. `left_at_first` is that of `ProtectingTranslator`.
    """
    infos = model_infos(translator)
    unwritable = None
    if infos and protection.forms:
        unwritable = unwritable_finder(tuple((info.path, info.content_hash) for info in infos))
    with_terms = TermTranslator(translator, protection.terms) if protection.terms else translator
    return ProtectingTranslator(
        with_terms,
        ItemFinder(unwritable, protection.kept, forms=protection.forms),
        marker_pairs([info.card.markers for info in infos]),
        left_at_first,
    )
