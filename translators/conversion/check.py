"""The check before a converted model is stored: it reads and writes as `transformers` does.

A dozen texts, in two languages. The token input must be the same, and so must the first tokens that
greedy decoding writes in float32; a model that was quantized may write others.
"""

from __future__ import annotations

from pathlib import Path

from corpora.errors import UserError
from corpora.text.languages import scripts_of
from translators.conversion.verify import Comparison, compare_inputs, exact_outputs, is_tie
from translators.model_card import ModelCard, ModelInfo

_FIRST_TOKENS = 8
_TEXTS = {
    "en": (
        "The train to Oslo leaves at 8:30.",
        "Could you send me the report by Friday, please?",
        "She bought 3 apples, 2 pears and a loaf of bread.",
        "“It works,” he said – and closed the door.",
        "NASA'S NEW ROCKET COST $4.1 BILLION",
        "Snow",
    ),
    "de": (
        "Der Zug nach München fährt um 8:30 Uhr.",
        "Könnten Sie mir den Bericht bis Freitag schicken?",
        "Sie kaufte 3 Äpfel, 2 Birnen und ein Brot.",
        "„Es klappt“, sagte er und schloss die Tür.",
        "Die Straße ist größer, als ich dachte!",
        "Schnee",
    ),
    "ru": (
        "Поезд в Москву отправляется в 8:30.",
        "Пришлите мне, пожалуйста, отчёт до пятницы.",
        "Она купила 3 яблока и хлеб.",
        "«Всё хорошо», – сказал он и закрыл дверь.",
        "Сколько это стоит?",
        "Снег",
    ),
    "zh": (
        "火车八点半开往北京。",
        "请在星期五之前把报告发给我。",
        "她买了3个苹果和一个面包。",
        "他说“没问题”。",
        "這個多少錢",
        "雪",
    ),
    "ar": (
        "يغادر القطار في الساعة 8:30.",
        "هل يمكنك إرسال التقرير قبل يوم الجمعة؟",
        "اشترت 3 تفاحات وخبزا.",
        'قال: "كل شيء على ما يرام".',
        "كم ثمن هذا؟",
        "ثلج",
    ),
}
"""Six texts each, of which a model gets those whose script is that of its languages."""


def check_conversion(hf_folder: Path, info: ModelInfo) -> None:
    """Raise `UserError` unless the model `info`, converted from `hf_folder`, is given the tokens
    that `transformers` gives it, and writes those that `transformers` writes."""
    pairs = sample_pairs(info.card)
    comparisons = compare_inputs(hf_folder, info, _texts(pairs[0]), pairs, _FIRST_TOKENS)
    for pair, comparison in zip(pairs, comparisons, strict=True):
        for i, text in enumerate(comparison.texts):
            ours, theirs = comparison.inputs[i], comparison.expected_inputs[i]
            if ours != theirs:
                raise _difference("token input", hf_folder, pair, text, ours, theirs)
    if info.card.quantization == "float32":
        outputs = [comparison.outputs(info.path) for comparison in comparisons]
    else:
        outputs = exact_outputs(hf_folder, comparisons)
    for pair, comparison, written in zip(pairs, comparisons, outputs, strict=True):
        _compare_outputs(hf_folder, pair, comparison, written)


def _compare_outputs(
    hf_folder: Path, pair: tuple[str, str], comparison: Comparison, written: list[list[str]]
) -> None:
    for text, ours, expected in zip(comparison.texts, written, comparison.expected, strict=True):
        if ours != expected.tokens and not is_tie(expected, ours):
            raise _difference("greedy output", hf_folder, pair, text, ours, expected.tokens)


def sample_pairs(card: ModelCard) -> list[tuple[str, str]]:
    """Up to two pairs of languages that a model with this `card` translates, and that have no
    language in the same place: English and German where it has them."""
    if card.pairs is not None:
        pairs = list(card.pairs)
    else:
        sources, targets = (_best_known_first(tags)[:3] for tags in (card.sources, card.targets))
        pairs = [(source, target) for target in targets for source in sources if source != target]
    first = pairs[0]
    others = [pair for pair in pairs if pair[0] != first[0] and pair[1] != first[1]]
    others = others or [pair for pair in pairs if pair != first]
    return [first, *others[:1]]


def _best_known_first(tags: dict[str, str]) -> list[str]:
    return sorted(tags, key=lambda tag: (tag not in ("en", "de"), tag not in _TEXTS))


def _texts(pair: tuple[str, str]) -> list[str]:
    """A dozen texts in two languages, of the scripts of `pair` where there are such."""
    by_script = {scripts_of(language)[0]: language for language in ("ru", "zh", "ar")}
    languages = [by_script.get(scripts_of(tag)[0]) for tag in pair]
    chosen = dict.fromkeys([*(language for language in languages if language), "en", "de"])
    return [text for language in list(chosen)[:2] for text in _TEXTS[language]]


def _difference(
    what: str,
    hf_folder: Path,
    pair: tuple[str, str],
    text: str,
    ours: list[str],
    theirs: list[str],
) -> UserError:
    return UserError(
        f"from {pair[0]} to {pair[1]}, the {what} for {text!r} would be {' '.join(ours)!r}, where "
        f"`transformers` has {' '.join(theirs)!r}: a convention that is not supported, or another "
        "--family",
        file=hf_folder,
    )
