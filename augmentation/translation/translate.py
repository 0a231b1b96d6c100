"""Texts and records in memory, translated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from augmentation.translation.setup import TranslationSetup
from translators.texts import TextTranslation, translate_texts


def translate(
    texts: Sequence[str],
    setup: TranslationSetup,
    target: str,
    *,
    n_best: int = 1,
    split: bool = True,
) -> list[TextTranslation]:
    """Translate `texts` of any length to `target` (BCP 47) as `setup` says, in order.

    Every text gets its `n_best` translations, best first; `split` cuts texts into sentences first.
    Raises `UserError` for a language pair that the models lack.
    """
    options = setup.n_best_options(n_best)
    return translate_texts(setup.translator(), texts, setup.source, target, options, split=split)


def translate_records(
    records: Iterable[Mapping[str, Any]],
    setup: TranslationSetup,
    target: str,
    *,
    field: str = "text",
    into: str = "translation",
    n_best: int = 1,
    split: bool = True,
) -> list[dict[str, Any]]:
    """Translate the `field` of every record to `target`; the records with the field `into` added.

    `setup`, `n_best` and `split` are those of `translate`. See `with_translation` for the fields.
    """
    records = list(records)
    translations = translate(
        [record[field] for record in records], setup, target, n_best=n_best, split=split
    )
    return [
        with_translation(record, translation, into, n_best)
        for record, translation in zip(records, translations, strict=True)
    ]


def with_translation(
    record: Mapping[str, Any], translation: TextTranslation, into: str, n_best: int
) -> dict[str, Any]:
    """`record` with `translation` in its field `into`: a string, or a list if `n_best` is over 1.

    What the guards found wrong is in the field `<into>_flags`, which is left out otherwise.
    """
    texts = translation.texts
    result = {**record, into: texts[0] if n_best == 1 else list(texts)}
    if translation.flags:
        result[f"{into}_flags"] = list(translation.flags)
    return result
