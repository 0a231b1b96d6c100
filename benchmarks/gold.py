"""Parallel text with gold spans on both sides, and the F1 of projected spans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignment.protocol import ProjectionInput
from corpora.records import Span

TokenSpan = tuple[int, int, str]
"""First token, one past the last, label."""


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Source rows with their spans, target texts, and the gold target spans in tokens."""

    name: str
    group: str
    inputs: list[ProjectionInput]
    source_tokens: list[tuple[tuple[int, int], ...]]
    tokens: list[tuple[tuple[int, int], ...]]
    spans: list[list[TokenSpan]]


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Micro-averaged precision, recall and F1 of exact spans with their labels, in percent."""

    f1: float
    precision: float
    recall: float


def span_f1(
    gold: Sequence[Sequence[TokenSpan]], predicted: Sequence[Sequence[TokenSpan]]
) -> SpanScore:
    """Score spans sentence by sentence."""
    right = sum(len(set(a) & set(b)) for a, b in zip(gold, predicted, strict=True))
    wanted, given = sum(len(set(a)) for a in gold), sum(len(set(b)) for b in predicted)
    precision, recall = right / max(given, 1), right / max(wanted, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return SpanScore(100 * f1, 100 * precision, 100 * recall)


def token_spans(tokens: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The tokens that [start, end) touches."""
    first = bisect_right(tokens, start, key=lambda token: token[1])
    return first, max(first, bisect_left(tokens, end, key=lambda token: token[0]))


def read_columns(path: Path, word: int = 0, tag: int = 1) -> list[tuple[list[str], list[str]]]:
    """Words and tags of every sentence of a file with one token per line."""
    sentences = []
    for block in path.read_text(encoding="utf-8").replace("\r", "").split("\n\n"):
        rows = [
            line.split("\t" if "\t" in line else None)
            for line in block.split("\n")
            if line.strip() and not line.startswith("# ")
        ]
        if rows:
            sentences.append(([row[word] for row in rows], [row[tag] for row in rows]))
    return sentences


def tag_spans(tags: Sequence[str]) -> list[TokenSpan]:
    """Spans of IOB tags; an `I-` that continues no span of its label opens one."""
    spans: list[TokenSpan] = []
    start, label = -1, ""
    for index, tag in enumerate([*tags, "O"]):
        if start >= 0 and not (tag[:1] == "I" and tag[2:] == label):
            spans.append((start, index, label))
            start = -1
        if start < 0 and tag[:1] in "BI":
            start, label = index, tag[2:]
    return spans


def offsets_of(tokens: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Offsets of tokens that are joined by single spaces."""
    offsets, at = [], 0
    for token in tokens:
        offsets.append((at, at + len(token)))
        at += len(token) + 1
    return tuple(offsets)


def gold_set(
    name: str,
    group: str,
    source: Sequence[tuple[list[str], list[str]]],
    target: Sequence[tuple[list[str], list[str]]],
    languages: tuple[str, str],
) -> GoldSet:
    """Sentence i of `source` is translated as sentence i of `target`."""
    inputs, source_tokens, tokens, spans = [], [], [], []
    for (source_words, source_tags), (target_words, target_tags) in zip(
        source, target, strict=True
    ):
        offsets = offsets_of(source_words)
        source_spans = tuple(
            Span(offsets[a][0], offsets[b - 1][1], label) for a, b, label in tag_spans(source_tags)
        )
        inputs.append(
            ProjectionInput(
                " ".join(source_words), source_spans, " ".join(target_words), (), *languages
            )
        )
        source_tokens.append(offsets)
        tokens.append(offsets_of(target_words))
        spans.append(tag_spans(target_tags))
    return GoldSet(name, group, inputs, source_tokens, tokens, spans)


def load_gold_sets(data: Path) -> list[GoldSet]:
    """Europarl-NER, opinion targets and xSID under `data`, in all languages that are there."""
    return [*europarl(data), *opinion_targets(data), *xsid(data)]


def europarl(data: Path) -> list[GoldSet]:
    """English with every other language of `europarl-ner`, by the rest of the file name."""
    sets = []
    for path in sorted((data / "europarl-ner").glob("*.conll")):
        language, _, rest = path.name.partition(".")
        english = path.with_name(f"en.{rest}")
        if language != "en" and english.exists():
            name = f"Europarl-NER en-{language} {rest.removesuffix('.conll')}"
            sets.append(
                gold_set(
                    name, "europarl", read_columns(english), read_columns(path), ("en", language)
                )
            )
    return sets


def opinion_targets(data: Path) -> list[GoldSet]:
    """Opinion targets of restaurant reviews, English to every language with manual gold."""
    sets = []
    for folder in sorted((data / "absa").glob("en-*")):
        language = folder.name.split("-")[1]
        for split in ("train", "test"):
            source = read_columns(data / "absa" / f"en.{split}.tsv")
            target = read_columns(folder / f"manual.{split}.tsv")
            name = f"Opinion targets en-{language} {split}"
            sets.append(gold_set(name, "absa", source, target, ("en", language)))
    return sets


def xsid(data: Path) -> list[GoldSet]:
    """Slots of the human-translated English test set."""
    source = data / "xsid" / "en.test.conll"
    return [
        gold_set(
            f"xSID en-{path.name.split('.')[0]} test",
            "xsid",
            read_columns(source, 1, 3),
            read_columns(path, 1, 3),
            ("en", path.name.split(".")[0]),
        )
        for path in sorted(source.parent.glob("*.test.conll"))
        if path != source
    ]
