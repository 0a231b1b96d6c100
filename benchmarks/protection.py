"""What cannot be translated, and terms: how much comes out right, what it costs, what it changes.

    python -m benchmarks.protection data/models/en-de ../shared/data [--rows N]

`placeholders`: interface strings with `{ $x }` and tags, both directions. `terms`: sentences of
newstest2017 with IATE terms, each with its own list. `numbers`: sentences of that set with dates
and quantities, by what is done first. `nothing`: xSID's English train set without rows that have
anything to protect; the outputs must be the same, and old and new take turns.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import regex
import sacrebleu

from translators.open import open_translator
from translators.protection.finding import ItemFinder
from translators.protection.items import REWRITTEN, lost_items
from translators.protection.protect import Protection, protect
from translators.protection.terms import Term, TermFinder
from translators.protocol import DecodingOptions, Translator
from translators.texts import translate_texts

OPTIONS = DecodingOptions()
_PLACEHOLDER = regex.compile(r"\{[^{}]*\}")
_TAG = regex.compile(r"<[^<>]*>")
_TURNS = 3


def _bleu(outputs: Sequence[str], references: Sequence[str]) -> float:
    return float(sacrebleu.corpus_bleu(list(outputs), [list(references)]).score)


def _bare(texts: Sequence[str]) -> list[str]:
    return [" ".join(_TAG.sub(" ", _PLACEHOLDER.sub(" ", text)).split()) for text in texts]


def _exact(pattern: regex.Pattern[str], source: str, output: str) -> bool:
    return Counter(pattern.findall(source)) == Counter(pattern.findall(output))


def placeholders(translator: Translator, data: Path, rows: int) -> None:
    """Interface strings with placeholders in `data`, at most `rows`, by `translator` alone and with
    protection."""
    lines = (data / "localisation" / "fluent.en-de.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [tuple(line.split("\t")) for line in lines[1:]]
    pairs = [pair for pair in pairs if _PLACEHOLDER.search(pair[0])][:rows]
    print(
        "| direction | rows | system | placeholders exact | tags exact | BLEU | without them | s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for source, target in (("en", "de"), ("de", "en")):
        texts = [pair[source == "de"] for pair in pairs]
        references = [pair[source == "en"] for pair in pairs]
        systems = (("model alone", translator), ("protected", protect(translator, Protection())))
        for name, system in systems:
            began = time.perf_counter()
            results = translate_texts(system, texts, source, target, OPTIONS)
            seconds = time.perf_counter() - began
            outputs = [result.texts[0] for result in results]
            exact, tags = (
                100 * statistics.mean(_exact(p, s, o) for s, o in zip(texts, outputs, strict=True))
                for p in (_PLACEHOLDER, _TAG)
            )
            bare = _bleu(_bare(outputs), _bare(references))
            print(
                f"| {source}→{target} | {len(texts)} | {name} | {exact:.1f} % | {tags:.1f} % | "
                f"{_bleu(outputs, references):.1f} | {bare:.1f} | {seconds:.0f} |",
                flush=True,
            )


def _newstest2017(data: Path) -> list[tuple[str, str]]:
    file = data / "parallel" / "en-de" / "newstest.distilled.train.tsv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        columns = [line.rstrip("\n").split("\t") for line in lines]
    return [(c[0], c[1]) for c in columns if c[2:5] == ["en-de", "wmt17", "google"]]


def _references(data: Path) -> dict[str, str]:
    file = data / "parallel" / "en-de" / "newstest.reference.train.tsv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        columns = [line.rstrip("\n").split("\t") for line in lines]
    return {c[0]: c[1] for c in columns}


def terms(translator: Translator, data: Path, rows: int) -> None:
    """Sentences with terms in `data`, at most `rows`, by `translator` alone and with the terms."""
    sentences, references = _newstest2017(data), _references(data)
    lines = (data / "terminology" / "iate.414.tsv").read_text(encoding="utf-8").splitlines()[:rows]
    texts, lists = [], []
    for line in lines:
        _, number, *columns = line.split("\t")
        texts.append(sentences[int(number) - 1][0])
        pairs = {s: t for s, t in zip(columns[::2], columns[1::2], strict=True) if s and t}
        lists.append([Term(s, (t,)) for s, t in pairs.items()])
    wanted = [references[text] for text in texts]
    print("| system | terms | as written | or a form of it | BLEU |")
    print("|---|---|---|---|---|")
    alone = [h.text for h in translator.translate(texts, "en", "de", OPTIONS)]
    with_terms = [
        protect(translator, Protection(terms=tuple(of_text)))
        .translate([text], "en", "de", OPTIONS)[0]
        .text
        for text, of_text in zip(texts, lists, strict=True)
    ]
    total = sum(map(len, lists))
    for name, outputs in (("model alone", alone), ("with the terms", with_terms)):
        written = forms = 0
        for output, of_text in zip(outputs, lists, strict=True):
            finder = TermFinder(of_text, "en", "de")
            written += sum(term.targets[0].lower() in output.lower() for term in of_text)
            forms += sum(finder.has(term, output) for term in of_text)
        print(
            f"| {name} | {total} | {100 * written / total:.1f} % | {100 * forms / total:.1f} % | "
            f"{_bleu(outputs, wanted):.1f} |",
            flush=True,
        )


def numbers(translator: Translator, data: Path, rows: int) -> None:
    """Sentences of newstest2017 in `data` with dates and quantities, at most `rows`, by
    `translator` alone, left at first, and masked at once."""
    finder, references = ItemFinder(None), _references(data)
    pairs = [(text, references[text]) for text, _ in _newstest2017(data) if text in references]
    pairs = [p for p in pairs if any(i.kind in REWRITTEN for i in finder.find(p[0]))][:rows]
    texts = [text for text, _ in pairs]
    print("| order | rows | rows with all numbers | BLEU | s |")
    print("|---|---|---|---|---|")
    for name, system in (
        ("model alone", translator),
        ("left in the text at first", protect(translator, Protection())),
        ("masked at once", protect(translator, Protection(), left_at_first=())),
    ):
        began = time.perf_counter()
        outputs = [h.text for h in system.translate(texts, "en", "de", OPTIONS)]
        seconds = time.perf_counter() - began
        whole = statistics.mean(
            not lost_items([i for i in finder.find(text) if i.kind in REWRITTEN], output)
            for text, output in zip(texts, outputs, strict=True)
        )
        bleu = _bleu(outputs, [reference for _, reference in pairs])
        print(f"| {name} | {len(texts)} | {100 * whole:.1f} % | {bleu:.2f} | {seconds:.0f} |")


def nothing(translator: Translator, data: Path, rows: int) -> None:
    """Texts of xSID in `data` with nothing to protect, at most `rows`: the same outputs, and the
    time that protection adds to `translator`."""
    with gzip.open(data / "xsid" / "en.train.conll.gz", "rt", encoding="utf-8") as lines:
        texts = [line[9:].strip() for line in lines if line.startswith("# text = ")]
    protected = protect(translator, Protection())
    finder = ItemFinder(None)
    texts = [text for text in dict.fromkeys(texts) if not finder.find(text)][:rows]
    seconds: dict[str, list[float]] = {"alone": [], "protected": []}
    outputs = {}
    for _ in range(_TURNS):
        for name, system in (("alone", translator), ("protected", protected)):
            began = time.perf_counter()
            outputs[name] = [h.text for h in system.translate(texts, "en", "de", OPTIONS)]
            seconds[name].append(time.perf_counter() - began)
    alone, with_it = (statistics.median(values) for values in seconds.values())
    began = time.perf_counter()
    for text in texts:
        finder.find(text)
    searching = time.perf_counter() - began
    print(
        f"{len(texts)} texts with nothing to protect: outputs the same: "
        f"{outputs['alone'] == outputs['protected']}; {alone:.2f} s alone, {with_it:.2f} s "
        f"protected ({100 * (with_it / alone - 1):+.1f} %), of which searching "
        f"{1e6 * searching / len(texts):.1f} µs a text ({100 * searching / alone:.2f} %)"
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--only", choices=["placeholders", "terms", "numbers", "nothing"])
    args = parser.parse_args()
    translator = open_translator(args.model)
    parts: tuple[Callable[[Translator, Path, int], None], ...] = (
        placeholders,
        terms,
        numbers,
        nothing,
    )
    for part in parts:
        if args.only in (None, part.__name__):
            print(f"\n{part.__name__}\n")
            part(translator, args.data, args.rows)


if __name__ == "__main__":
    main()
