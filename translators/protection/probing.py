"""Which masks a model copies: a few shapes are tried in sentences of the source language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from corpora.text.languages import language_subtag
from translators.protection.masks import Slot, mask_text, unmask
from translators.protocol import DecodingOptions, Translator

_NAMES = ("Kwalu", "Brunsk", "Xenotar", "Zorvik", "Tamsel", "Prondek", "Vilmak", "Hostra")


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to write masks."""

    name: str
    write: Callable[[int], str]
    """The n-th mask, from 0."""

    def masks(self, count: int, text: str) -> list[str]:
        """`count` masks that are not in `text`."""
        masks: list[str] = []
        number = 0
        while len(masks) < count:
            mask = self.write(number)
            if mask not in text:
                masks.append(mask)
            number += 1
        return masks


def _named(number: int) -> str:
    name = _NAMES[number % len(_NAMES)]
    return name if number < len(_NAMES) else f"{name}{number // len(_NAMES)}"


SHAPES = (
    Shape("letters and digit", lambda n: f"XQ{n + 1}"),
    Shape("rare names", _named),
    Shape("code with hyphen", lambda n: f"ABC-{n + 121}"),
    Shape("letter and digit", lambda n: f"X{n + 1}"),
    Shape("variable", lambda n: f"VAR{n + 1}"),
    Shape("motorway", lambda n: f"B{n + 52}"),
)
_CARRIERS: dict[str, tuple[str, ...]] = {
    "en": ("I saw {} yesterday.", "{} is supported by {}.",
           "Please open {} and click on the button.", "Go to {}, then choose {} and save it.",
           "We need {} for this."),
    "de": ("Ich habe {} gestern gesehen.", "{} wird von {} unterstützt.",
           "Bitte öffnen Sie {} und klicken Sie auf den Knopf.",
           "Geh zu {}, wähle dann {} und speichere es.", "Wir brauchen {} dafür."),
    "fr": ("J'ai vu {} hier.", "{} est soutenu par {}.", "Ouvrez {} et cliquez sur le bouton.",
           "Allez à {}, puis choisissez {} et enregistrez.", "Nous avons besoin de {} pour cela."),
    "es": ("Ayer vi {}.", "{} es compatible con {}.", "Abra {} y pulse el botón.",
           "Vaya a {}, elija {} y guárdelo.", "Necesitamos {} para esto."),
    "it": ("Ho visto {} ieri.", "{} è supportato da {}.", "Apri {} e fai clic sul pulsante.",
           "Vai a {}, poi scegli {} e salva.", "Abbiamo bisogno di {} per questo."),
    "pt": ("Vi {} ontem.", "{} é suportado por {}.", "Abra {} e clique no botão.",
           "Vá para {}, escolha {} e salve.", "Precisamos de {} para isso."),
    "nl": ("Ik heb {} gisteren gezien.", "{} wordt ondersteund door {}.",
           "Open {} en klik op de knop.", "Ga naar {}, kies {} en sla het op.",
           "We hebben {} hiervoor nodig."),
    "pl": ("Widziałem {} wczoraj.", "{} jest obsługiwane przez {}.",
           "Otwórz {} i kliknij przycisk.", "Przejdź do {}, wybierz {} i zapisz.",
           "Potrzebujemy {} do tego."),
    "ru": ("Я видел {} вчера.", "{} поддерживается {}.", "Откройте {} и нажмите кнопку.",
           "Перейдите в {}, выберите {} и сохраните.", "Для этого нам нужен {}."),
    "tr": ("Dün {} gördüm.", "{} ve {} destekleniyor.", "Lütfen {} açın ve düğmeye tıklayın.",
           "Bunun için {} gerekiyor."),
    "zh": ("我昨天看到了{}。", "{}由{}支持。", "请打开{}并点击按钮。", "我们需要{}。"),
    "ja": ("昨日{}を見ました。", "{}は{}で使えます。", "{}を開いてボタンを押してください。",
           "これには{}が必要です。"),
    "ar": ("رأيت {} أمس.", "{} مدعوم من {}.", "يرجى فتح {} والنقر على الزر.", "نحتاج {} لهذا."),
}  # fmt: skip
_OPTIONS = DecodingOptions(beam_size=2, max_decoding_length=64)


def copied_shapes(translator: Translator, source: str, target: str) -> tuple[Shape, ...]:
    """The shapes that `translator` copies from `source` to `target` (BCP 47) in most sentences,
    best first; of a source language without sentences to try, all in the usual order."""
    carriers = _CARRIERS.get(language_subtag(source))
    if carriers is None:
        return SHAPES
    masked = []
    for shape in SHAPES:
        for carrier in carriers:
            count = carrier.count("{}")
            slots: list[Slot] = []
            at = -1
            for mask in shape.masks(count, carrier):
                at = carrier.index("{}", at + 1)
                slots.append(Slot(mask, at, at + 2, "{}", "{}"))
            masked.append((shape.name, mask_text(carrier, slots)))
    hypotheses = translator.translate([text.text for _, text in masked], source, target, _OPTIONS)
    copied = dict.fromkeys((shape.name for shape in SHAPES), 0)
    for (name, text), hypothesis in zip(masked, hypotheses, strict=True):
        copied[name] += unmask(text, hypothesis) is not None
    ranked = sorted(SHAPES, key=lambda shape: -copied[shape.name])
    return tuple(shape for shape in ranked if copied[shape.name] * 2 >= len(carriers))


def marker_pairs(markers: Sequence[Sequence[tuple[str, str]]]) -> tuple[tuple[str, str], ...]:
    """The pairs of projection `markers` that all models were trained to keep."""
    if not markers:
        return ()
    return tuple(pair for pair in markers[0] if all(pair in other for other in markers[1:]))
