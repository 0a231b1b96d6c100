"""Commands with intents and slots that any learner can tell apart."""

import random

from corpora.records import Row, Span

CITIES = ("Bremen", "Hamburg", "Paris", "Rome", "Oslo", "New York", "Leeds", "Madrid")

DAYS = ("today", "tomorrow", "on Friday", "next week", "at noon")


def make_intent_rows(count, seed=0, *, tokens=False):
    """Commands with intents and slots that any learner can tell apart."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        city, day = rng.choice(CITIES), rng.choice(DAYS)
        intent, before = rng.choice(
            [("weather", "what is the weather in"), ("train", "find a train to"),
             ("news", "read the news from")]
        )  # fmt: skip
        text = f"{before} {city} {day}"
        start = len(before) + 1
        after = start + len(city) + 1
        spans = (Span(start, start + len(city), "city"), Span(after, len(text), "when"))
        offsets, at = [], 0
        for word in text.split(" "):
            offsets.append((at, at + len(word)))
            at += len(word) + 1
        rows.append(
            Row(
                str(number), "en", text, label=intent, spans=spans,
                tokens=tuple(offsets) if tokens else None,
            )
        )  # fmt: skip
    return rows
