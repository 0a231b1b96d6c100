"""Fixed examples in scripts and languages of every kind; sentences, links and gold are our own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from alignment.projectors import load_projector
from alignment.protocol import ProjectionInput
from alignment.words.splitting import split_words
from tests.helpers.projection_inputs import linked_input, placed_texts, spans_in


@dataclass(frozen=True)
class Example:
    language: str
    source: str
    target: str
    spans: tuple[tuple[str, str], ...]
    gold: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    """Source words and the target stretches they became, separated by `|` where apart."""


EXAMPLES = (
    Example(
        "ja", "Wake me up at 7 am in Osaka tomorrow", "明日大阪で午前7時に起こしてください。",
        (("7 am", "time"), ("Osaka", "place"), ("tomorrow", "date")),
        (("午前7時", "time"), ("大阪", "place"), ("明日", "date")),
        (("Wake", "起こして"), ("me", "ください"), ("at", "に"), ("7", "7時"), ("am", "午前"),
         ("in", "で"), ("Osaka", "大阪"), ("tomorrow", "明日")),
    ),
    Example(
        "ja", "Play Thriller by Michael Jackson", "マイケル・ジャクソンのスリラーをかけて",
        (("Thriller", "song"), ("Michael Jackson", "artist")),
        (("スリラー", "song"), ("マイケル・ジャクソン", "artist")),
        (("Play", "かけて"), ("Thriller", "スリラー"), ("by", "の"), ("Michael", "マイケル"),
         ("Jackson", "ジャクソン")),
    ),
    Example(
        "zh", "Book a table at the Golden Dragon for four people on Friday",
        "请在周五为四个人在金龙预订一张桌子。",
        (("Golden Dragon", "restaurant"), ("four people", "size"), ("Friday", "date")),
        (("金龙", "restaurant"), ("四个人", "size"), ("周五", "date")),
        (("Book", "预订"), ("a", "一张"), ("table", "桌子"), ("Golden", "金"), ("Dragon", "龙"),
         ("four", "四个"), ("people", "人"), ("Friday", "周五")),
    ),
    Example(
        "th", "Remind me to call Somchai on Monday", "เตือนฉันให้โทรหาสมชายในวันจันทร์",
        (("call Somchai", "todo"), ("Monday", "date")),
        (("โทรหาสมชาย", "todo"), ("วันจันทร์", "date")),
        (("Remind", "เตือน"), ("me", "ฉัน"), ("to", "ให้"), ("call", "โทรหา"),
         ("Somchai", "สมชาย"), ("on", "ใน"), ("Monday", "วันจันทร์")),
    ),
    Example(
        "ar", "Layla Hassan works for Cairo University in Egypt",
        "تعمل ليلى حسن في جامعة القاهرة في مصر.",
        (("Layla Hassan", "PER"), ("Cairo University", "ORG"), ("Egypt", "LOC")),
        (("ليلى حسن", "PER"), ("جامعة القاهرة", "ORG"), ("مصر", "LOC")),
        (("Layla", "ليلى"), ("Hassan", "حسن"), ("works", "تعمل"), ("Cairo", "القاهرة"),
         ("University", "جامعة"), ("Egypt", "مصر")),
    ),
    Example(
        "tr", "What is the weather like in Ankara this weekend",
        "Bu hafta sonu Ankara'da hava nasıl olacak?",
        (("Ankara", "LOC"), ("this weekend", "date")),
        (("Ankara", "LOC"), ("Bu hafta sonu", "date")),
        (("What", "nasıl"), ("weather", "hava"), ("in", "da"), ("Ankara", "Ankara"),
         ("this", "Bu"), ("weekend", "hafta sonu")),
    ),
    Example(
        "tr", "Cancel my dentist appointment on Tuesday", "Salı günkü dişçi randevumu iptal et",
        (("dentist appointment", "event"), ("Tuesday", "date")),
        (("dişçi randevumu", "event"), ("Salı", "date")),
        (("Cancel", "iptal et"), ("my", "günkü"), ("dentist", "dişçi"),
         ("appointment", "randevumu"), ("Tuesday", "Salı")),
    ),
    Example(
        "de", "Set an alarm for the parents' evening (8 pm)",
        "Stell einen Wecker für den Elternabend (20 Uhr)",
        (("parents' evening", "event"), ("8 pm", "time")),
        (("Elternabend", "event"), ("20 Uhr", "time")),
        (("Set", "Stell"), ("an", "einen"), ("alarm", "Wecker"), ("for", "für"), ("the", "den"),
         ("parents", "Elternabend"), ("evening", "Elternabend"), ("8", "20"), ("pm", "Uhr"),
         ("(", "("), (")", ")")),
    ),
    Example(
        "fr", "She left the European Union’s office in Lyon",
        "Elle a quitté le bureau de l’Union européenne à Lyon",
        (("European Union", "ORG"), ("Lyon", "LOC")),
        (("Union européenne", "ORG"), ("Lyon", "LOC")),
        (("She", "Elle"), ("left", "quitté"), ("the", "le"), ("European", "européenne"),
         ("Union", "Union"), ("office", "bureau"), ("in", "à"), ("Lyon", "Lyon")),
    ),
)  # fmt: skip


def build(example: Example) -> ProjectionInput:
    words = [split_words(text) for text in (example.source, example.target)]
    sources = words[0].strings()
    links = []
    for source, target in example.links:
        start = example.target.index(target)
        links += [
            (sources.index(source), j)
            for j, (a, b) in enumerate(words[1].offsets)
            if start <= a and b <= start + len(target)
        ]
    spans = spans_in(example.source, *example.spans)
    return linked_input(example.source, example.target, spans, links)


@pytest.mark.parametrize("projector", ["attention", "aligned"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.language}-{e.source[:12]}")
def test_gold(example: Example, projector: str) -> None:
    options = {"aligner": "attention"} if projector == "aligned" else {}
    row = build(example)
    projection = load_projector(projector, **options).project([row])[0]
    assert placed_texts(row, projection) == list(example.gold)


@pytest.mark.parametrize(
    ("source", "target", "span", "expected"),
    [
        # A clitic and a suffix stay outside, an ending and a compound inside.
        ("the Council decided", "el Consejo decidió", "Council", "Consejo"),
        ("in “Ankara”", "in „Ankara“", "Ankara", "Ankara"),
        ("20% off", "20 % Rabatt", "20%", "20 %"),
        ("the C# course", "der C#-Kurs", "C#", "C#"),
    ],
)
def test_edges(source: str, target: str, span: str, expected: str) -> None:
    words = [split_words(text).strings() for text in (source, target)]
    links = [
        (i, j) for i, a in enumerate(words[0]) for j, b in enumerate(words[1])
        if a == b or (a, b) in {("the", "el"), ("Council", "Consejo"), ("decided", "decidió"),
                                ("“", "„"), ("”", "“"), ("off", "Rabatt"), ("the", "der"),
                                ("course", "Kurs")}
    ]  # fmt: skip
    row = linked_input(source, target, spans_in(source, (span, "X")), links)
    assert placed_texts(row, load_projector("attention").project([row])[0]) == [(expected, "X")]
