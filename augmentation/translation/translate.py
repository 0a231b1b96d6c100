"""Texts and records in memory, translated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from augmentation.translation.setup import TranslationSetup
from corpora.errors import UserError
from translators.protection.stretches import Stretches
from translators.texts import TextTranslation, translate_texts


def translate(
    texts: Sequence[str],
    setup: TranslationSetup,
    target: str,
    *,
    n_best: int = 1,
    split: bool = True,
    protected: Sequence[Stretches] = (),
) -> list[TextTranslation]:
    """Translate `texts` of any length to `target` (BCP 47) as `setup` says, in order.

    Every text gets its `n_best` translations, best first; `split` cuts texts into sentences first.
    `protected` are the stretches of each text that are kept as they are; () is none in any. Raises
    `UserError` for a language pair that the models lack.
    """
    options = setup.n_best_options(n_best)
    return translate_texts(
        setup.translator(), texts, setup.source, target, options, split=split, protected=protected
    )


def protected_stretches(
    records: Iterable[Mapping[str, Any] | None], setup: TranslationSetup, field: str
) -> list[Stretches]:
    """Of each of `records`, the stretches of its `field` that `setup` keeps as they are: those of
    its `spans` (start, end, label) with a protected label. A record without spans has none."""
    labels = setup.config.protection.protect
    return [_stretches(record, labels, field) if record and labels else () for record in records]


def _stretches(record: Mapping[str, Any], labels: Sequence[str], field: str) -> Stretches:
    size = len(record[field])
    try:
        spans = [(s["start"], s["end"]) for s in record.get("spans") or () if s["label"] in labels]
        valid = all(0 <= start <= end <= size for start, end in spans)
    except (TypeError, KeyError):
        valid = False
    if not valid:
        problem = "'spans' must be objects with start, end and label, within the text"
        raise UserError(f"{problem}: {record.get('spans')!r:.80}")
    return tuple(spans)


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
        [record[field] for record in records],
        setup,
        target,
        n_best=n_best,
        split=split,
        protected=protected_stretches(records, setup, field),
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
