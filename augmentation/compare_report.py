"""The results of a comparison: numbers for machines, a table for people, charts to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from tabulate import tabulate

from augmentation.compare_models import read_cell
from augmentation.compare_plan import CompareRun, cells_of, strategies_of
from augmentation.compare_sets import checked
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.storage import write_text
from scoring.measures import Measure
from scoring.significance import Comparison, compare_measures
from scoring.task import ScoreOptions, task_measures

RESULTS_FILE = "results.json"
REPORT_FILE = "report.html"
SHOWN = {
    "classification": ("accuracy", "macro_f1"),
    "pair": ("accuracy", "macro_f1"),
    "tokens": ("span_f1", "label_accuracy", "exact_rows"),
    "qa": ("f1", "exact_match"),
    "text": ("chrF++", "BLEU"),
}
"""The metrics of the table, the first being what strategies are judged by."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the runs (seeds) of a strategy, in percent."""

    mean: float
    deviation: float | None
    """Sample standard deviation; None for a single run."""
    values: tuple[float, ...]
    signature: str

    def __str__(self) -> str:
        spread = "" if self.deviation is None else f" ±{self.deviation:.2f}"
        return f"{self.mean:.2f}{spread}"


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """A strategy in one language with one trainer."""

    strategy: str
    scores: dict[str, Spread]
    comparisons: dict[str, Comparison]
    """Against the baseline, by metric; empty for the baseline itself."""
    training_rows: tuple[int, ...]
    seconds: dict[str, float]
    """Of one run, on average: translating, training, predicting."""
    flags: dict[str, int]
    """How many predictions of the first run bear a flag."""

    @property
    def total_seconds(self) -> float:
        """From nothing to predictions."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class LanguageResult:
    """All strategies in one language with one trainer, in the order of the configuration."""

    trainer: str
    lang: str
    items: int
    strategies: tuple[StrategyResult, ...]

    def best(self, metric: str) -> StrategyResult:
        """The strategy with the highest mean."""
        return max(self.strategies, key=lambda one: one.scores[metric].mean)


@dataclass(frozen=True, slots=True)
class CompareResults:
    """What `results.json` holds."""

    task: str
    source: str
    baseline: str
    metrics: tuple[str, ...]
    languages: tuple[LanguageResult, ...]
    source_scores: dict[str, Spread]
    """By trainer: the first metric on the source language's test set, where there is one."""
    check: dict[str, Any]

    @property
    def metric(self) -> str:
        """What strategies are judged by."""
        return self.metrics[0]


def collect(run: CompareRun) -> CompareResults:
    """Score every cell and test it against the baseline."""
    found: CompareResults = run.once("results", lambda: _collect(run))
    return found


def _collect(run: CompareRun) -> CompareResults:
    config = run.config
    languages = []
    source_scores = {}
    metrics: tuple[str, ...] = ()
    for trainer in config.trainers:
        for lang in run.langs:
            result = _language(run, trainer.title, lang)
            names = result.strategies[0].scores
            metrics = tuple(name for name in SHOWN[config.task] if name in names)
            languages.append(result)
        if config.source.test is not None:
            result = _language(run, trainer.title, config.source.lang)
            source_scores[trainer.title] = result.strategies[0].scores[metrics[0]]
    return CompareResults(
        config.task,
        config.source.lang,
        config.baseline,
        metrics,
        tuple(languages),
        source_scores,
        checked(run),
    )


def _language(run: CompareRun, trainer: str, lang: str) -> LanguageResult:
    gold = run.test_sets()[lang]
    cells = [c for c in cells_of(run) if c.trainer == trainer and c.lang == lang]
    read = {cell: read_cell(cell, run) for cell in cells}
    alphabet = {
        label
        for predictions, _ in read.values()
        for one in predictions
        for label in (one.label, *(s.label for s in one.spans), *one.unmapped)
        if label is not None
    }
    measured = {
        cell: _measures(run, gold, predictions, alphabet) for cell, (predictions, _) in read.items()
    }
    results = []
    base = [c for c in cells if c.subject == run.config.baseline]
    for strategy in strategies_of(run, trainer, lang):
        own = [c for c in cells if c.subject == strategy]
        results.append(
            _strategy(
                run,
                strategy,
                gold,
                [measured[c] for c in own],
                [measured[c] for c in base] if strategy != run.config.baseline else [],
                [read[c][1] for c in own],
            )
        )
    return LanguageResult(trainer, lang, len(gold), tuple(results))


def _measures(
    run: CompareRun, gold: Sequence[Row], predictions: Sequence[Prediction], alphabet: set[str]
) -> dict[str, Measure]:
    options = ScoreOptions(run.config.normalisation, run.config.tokenize)
    found = task_measures(
        run.config.task, gold, predictions, options, alphabet=alphabet, allow_unknown_labels=True
    )
    return {measure.name: measure for measure in found}


def _strategy(
    run: CompareRun,
    strategy: str,
    gold: Sequence[Row],
    own: Sequence[dict[str, Measure]],
    base: Sequence[dict[str, Measure]],
    facts: Sequence[dict[str, Any]],
) -> StrategyResult:
    scores = {}
    for name in own[0]:
        found = [measures[name].score() for measures in own]
        values = tuple(one.value for one in found)
        deviation = stdev(values) if len(values) > 1 else None
        scores[name] = Spread(fmean(values), deviation, values, found[0].signature)
    comparisons = {
        name: _test(run, [m[name] for m in base], [m[name] for m in own], gold)
        for name in SHOWN[run.config.task]
        if base and name in own[0]
    }
    kinds = {kind for one in facts for kind in one["seconds"]}
    return StrategyResult(
        strategy,
        scores,
        comparisons,
        tuple(facts[0]["training_rows"]),
        {kind: fmean(one["seconds"].get(kind, 0.0) for one in facts) for kind in sorted(kinds)},
        dict(facts[0].get("flags", {})),
    )


def _test(
    run: CompareRun, base: list[Measure], own: list[Measure], gold: Sequence[Row]
) -> Comparison:
    # A run that no seed changes stands for as many runs as there are of the other.
    count = max(len(base), len(own))
    groups = None
    if run.config.task == "qa":
        groups = [row.text for row in gold]  # questions on one paragraph are not independent
    return compare_measures(
        base if len(base) == count else base * count,
        own if len(own) == count else own * count,
        method=run.config.test,
        samples=run.config.samples,
        groups=groups,
    )


def write_results(run: CompareRun) -> CompareResults:
    """Write `results.json` and `report.html`."""
    run.forget("results")
    results = collect(run)
    values = asdict(results)
    write_text(run.run / RESULTS_FILE, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    write_text(run.run / REPORT_FILE, html_report(results, run.config.name))
    return results


def read_results(folder: Path) -> dict[str, Any]:
    """What `results.json` holds."""
    values: dict[str, Any] = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    return values


# For people.


def table(results: CompareResults) -> str:
    """The strategies of every trainer and language, with what they cost; then who wins."""
    parts = []
    for result in results.languages:
        headers = ["strategy", *results.metrics, f"Δ {results.baseline}", "p", "train rows", "s"]
        rows = [_table_row(one, results) for one in result.strategies]
        title = f"{result.trainer}, {results.source} to {result.lang}, {result.items} test rows"
        lines = tabulate(
            rows,
            headers=headers,
            colalign=("left", *("right" for _ in headers[1:])),
            disable_numparse=True,
        )
        parts.append(f"{title}\n{lines}\n{winner(result, results)}")
    parts += [summary for summary in (_spread_line(results), *_check_lines(results)) if summary]
    return "\n\n".join(parts)


def _table_row(one: StrategyResult, results: CompareResults) -> list[str]:
    test = one.comparisons.get(results.metric)
    return [
        one.strategy,
        *(str(one.scores[name]) for name in results.metrics),
        "" if test is None else f"{test.difference:+.2f}",
        "" if test is None else f"{test.p_value:.3f}",
        "+".join(map(str, one.training_rows)),
        f"{one.total_seconds:.0f}",
    ]


def winner(result: LanguageResult, results: CompareResults) -> str:
    """Which strategy wins, by how much, and whether that could be luck."""
    best = result.best(results.metric)
    test = best.comparisons.get(results.metric)
    if all(one.strategy != results.baseline for one in result.strategies):
        score = best.scores[results.metric]
        return f"{best.strategy} is best with {results.metric} {score}; nothing to test against."
    if test is None or test.difference <= 0:
        return f"No strategy beats {results.baseline}."
    sure = "significant" if test.p_value < 0.05 else "not significant"
    return (
        f"{best.strategy} wins with {results.metric} {best.scores[results.metric]}: "
        f"{test.difference:+.2f} over {results.baseline}, {sure} (p = {test.p_value:.3f})."
    )


def _spread_line(results: CompareResults) -> str:
    """By trainer and strategy, over several languages: the worst, the spread, the gap."""
    lines = []
    for trainer in dict.fromkeys(one.trainer for one in results.languages):
        own = [one for one in results.languages if one.trainer == trainer]
        source = results.source_scores.get(trainer)
        if len(own) < 2 and source is None:
            continue
        for number, strategy in enumerate(own[0].strategies):
            means = {one.lang: one.strategies[number].scores[results.metric].mean for one in own}
            worst = min(means, key=lambda lang: means[lang])
            mean = fmean(means.values())
            gap = "" if source is None else f"{mean - source.mean:+.2f}"
            spread = max(means.values()) - min(means.values())
            lines.append([trainer, strategy.strategy, f"{mean:.2f}", gap, worst, f"{spread:.2f}"])
    if not lines:
        return ""
    named = ", ".join(
        f"{trainer} {results.source} {score}" for trainer, score in results.source_scores.items()
    )
    head = f"Over languages ({results.metric}; source: {named or 'not measured'})"
    body = tabulate(
        lines,
        headers=["trainer", "strategy", "mean", "gap to source", "worst", "spread"],
        colalign=("left", "left", "right", "right", "left", "right"),
        disable_numparse=True,
    )
    return f"{head}\n{body}"


def _check_lines(results: CompareResults) -> list[str]:
    lines = []
    leaks = results.check.get("leaks", {})
    if leaks:
        few = sum(map(len, results.check["few_dropped"].values()))
        lines.append(
            f"{len(results.check['dropped'])} source rows"
            f"{f' and {few} few-shot rows' if few else ''} were left out of all training sets: "
            "they, or what was made of them, are test texts "
            f"({'; '.join(f'{count} {where}' for where, count in leaks.items())})."
        )
    for name, count in results.check.get("bad_rows", {}).items():
        lines.append(f"{count} bad rows of {name} were left out.")
    for name, classes in results.check.get("few_shortages", {}).items():
        if classes:
            shown = ", ".join(f"{label} {count}" for label, count in classes.items())
            lines.append(f"Classes that {name} has fewer examples of than were asked for: {shown}.")
    for lang, labels in results.check.get("labels_never_trained", {}).items():
        lines.append(f"Labels of the {lang} test set that training never has: {', '.join(labels)}.")
    return lines


_CSS = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#e3e7ed;--card:#fff;--page:#f5f7fa;--bar:#2f6fb3;
--base:#9aa6b5;--best:#3f8f5f;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa6b5;--line:#2e3743;--card:#1b222c;
--page:#12171e;--bar:#5b9be0;--base:#5b6675;--best:#63b884}}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0 0 4px}
h2{font-size:19px;margin:32px 0 8px}p.sub{color:var(--soft);margin:0 0 12px}
.box{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;
overflow-x:auto;margin-bottom:14px}svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:right;padding:6px 8px;
border-bottom:1px solid var(--line);white-space:nowrap}th{color:var(--soft);font-weight:600}
td:first-child,th:first-child{text-align:left}td:last-child{white-space:normal;min-width:110px}
.sig{font-size:12px;color:var(--soft);
overflow-wrap:anywhere}
"""


def html_report(results: CompareResults, name: str) -> str:
    """One self-contained page: a chart and a table for every trainer and language."""
    body = []
    for result in results.languages:
        title = f"{result.trainer}: {results.source} to {result.lang}"
        body.append(f"<h2>{escape(title)}</h2>")
        body.append(
            f'<p class="sub">{result.items} test rows. {escape(winner(result, results))}</p>'
        )
        body.append(f'<div class="box">{_chart(result, results)}</div>')
        body.append(f'<div class="box">{_html_table(result, results)}</div>')
    for text in (_spread_line(results), *_check_lines(results)):
        if text:
            body.append(f'<div class="box"><pre>{escape(text)}</pre></div>')
    body.append("<h2>Signatures</h2>")
    body += [f'<p class="sig">{escape(one)}</p>' for one in _signatures(results)]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(name)}: strategies</title><style>{_CSS}</style></head><body><main>"
        f'<h1>{escape(name)}</h1><p class="sub">{escape(results.task)}, by {results.metric}; bars '
        "are means over seeds, whiskers their standard deviation</p>"
        + "\n".join(body)
        + "</main></body></html>\n"
    )


def _chart(result: LanguageResult, results: CompareResults) -> str:
    """Horizontal bars from 0 to 100, the baseline grey, the best green."""
    best = result.best(results.metric).strategy
    left, width, height = 190, 640, 26
    parts = []
    for tick in range(0, 101, 20):
        x = left + width * tick / 100
        bottom = height * len(result.strategies) + 6
        parts.append(f'<line x1="{x}" y1="0" x2="{x}" y2="{bottom}" stroke="var(--line)"/>')
        parts.append(
            f'<text class="soft" x="{x}" y="{bottom + 14}" text-anchor="middle">{tick}</text>'
        )
    for number, one in enumerate(result.strategies):
        score = one.scores[results.metric]
        y = number * height + 4
        colour = "best" if one.strategy == best else "bar"
        colour = "base" if one.strategy == results.baseline and colour == "bar" else colour
        long = width * min(100.0, max(0.0, score.mean)) / 100
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(one.strategy)}</text>'
            f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{height - 8}" rx="3" '
            f'fill="var(--{colour})"/>'
        )
        end = left + long
        if score.deviation is not None:
            low, high = (
                left + width * min(100.0, max(0.0, score.mean + s * score.deviation)) / 100
                for s in (-1, 1)
            )
            middle = y + (height - 8) / 2
            parts.append(
                f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" '
                'stroke="var(--ink)" stroke-width="2"/>'
            )
            end = max(end, high)
        parts.append(f'<text x="{end + 8:.1f}" y="{y + 14}">{score}</text>')
    tall = height * len(result.strategies) + 26
    return f'<svg viewBox="0 0 {left + width + 130} {tall}" role="img">{"".join(parts)}</svg>'


def _html_table(result: LanguageResult, results: CompareResults) -> str:
    headers = ["strategy", *results.metrics, f"Δ {results.baseline}", "p", "training rows",
               "translate s", "train s", "predict s", "flags"]  # fmt: skip
    lines = ["<tr>" + "".join(f"<th>{escape(h)}</th>" for h in headers) + "</tr>"]
    for one in result.strategies:
        cells = _table_row(one, results)[:-1]
        cells += [f"{one.seconds.get(k, 0):.1f}" for k in ("translate", "train", "predict")]
        kinds: Counter[str] = Counter()
        for flag, count in one.flags.items():
            kinds[flag.partition(":")[0]] += count  # of every label together: the cell stays small
        cells.append(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
        lines.append("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>")
    return f"<table>{''.join(lines)}</table>"


def _signatures(results: CompareResults) -> list[str]:
    found: dict[str, None] = {}
    for result in results.languages:
        for one in result.strategies:
            found |= {one.scores[name].signature: None for name in results.metrics}
            found |= {test.signature: None for test in one.comparisons.values()}
    return list(found)
