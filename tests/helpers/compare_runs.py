"""Corpora and configurations of comparisons with the toy translator: 'German' is reversed."""

from dataclasses import replace

from augmentation.compare.config import CompareConfig
from corpora.records import Span
from corpora.writers import write_corpus
from tests.helpers.intent_rows import make_intent_rows
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions


def toy_german(row):
    """A row in the toy's German, spans and all."""
    translator = ToyTranslator()
    (hypothesis,) = translator.translate([row.text], "en", "de", DecodingOptions())
    whole = len(row.text)
    spans = [Span(whole - s.end, whole - s.start, s.label) for s in row.spans]
    text, german_spans = hypothesis.text, []
    for span, source_span in zip(spans, row.spans, strict=True):
        words = row.text[source_span.start : source_span.end].upper().split()
        wanted = " ".join(reversed(words))
        assert text[span.start : span.end] == wanted
        german_spans.append(span)
    german_spans.sort(key=lambda s: s.start)
    return replace(row, id=f"g{row.id}", lang="de", text=text, spans=tuple(german_spans))


def write_compare_corpora(folder):
    """Write training and test sets of a source and a target to `folder`; no text is in both."""
    train = make_intent_rows(120)
    seen = {row.text for row in train}
    unseen = {r.text: r for r in make_intent_rows(200, seed=1) if r.text not in seen}
    test = list(unseen.values())[:25]
    few = list({r.text: r for r in make_intent_rows(80, seed=2) if r.text not in seen}.values())
    few = [r for r in few if r.text not in {t.text for t in test}]
    write_corpus(train, folder / "train.jsonl")
    write_corpus(test, folder / "test.en.jsonl")
    write_corpus([toy_german(r) for r in test], folder / "test.de.jsonl")
    write_corpus([toy_german(r) for r in few], folder / "train.de.jsonl")
    return folder


def compare_config(folder, **more):
    """A configuration over the corpora of `folder`, two seeds and all strategies."""
    values = {
        "task": "tokens",
        "source": {"lang": "en", "train": str(folder / "train.jsonl"),
                   "test": str(folder / "test.en.jsonl")},
        "targets": [{"lang": "de", "test": str(folder / "test.de.jsonl"),
                     "train": str(folder / "train.de.jsonl")}],
        "seeds": 2, "samples": 200, "few_shot": {"per_class": 2}, "memory": "off",
        "out": folder / "run",
    }  # fmt: skip
    return CompareConfig.model_validate(values | more)
