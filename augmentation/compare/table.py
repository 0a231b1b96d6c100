"""The scores as a table for the terminal."""

from __future__ import annotations

from statistics import fmean

from tabulate import tabulate

from augmentation.compare.results import CompareResults, LanguageResult, StrategyResult


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
    check = results.check
    if check.leaks:
        few = sum(map(len, check.few_dropped.values()))
        lines.append(
            f"{len(check.dropped)} source rows"
            f"{f' and {few} few-shot rows' if few else ''} were left out of all training sets: "
            "they, or what was made of them, are test texts "
            f"({'; '.join(f'{count} {where}' for where, count in check.leaks.items())})."
        )
    for name, count in check.bad_rows.items():
        lines.append(f"{count} bad rows of {name} were left out.")
    for lang, classes in check.few_shortages.items():
        if classes:
            shown = ", ".join(f"{label} {count}" for label, count in classes.items())
            lines.append(
                f"Classes of which there are fewer few-shot examples in {lang} than asked for: "
                f"{shown}."
            )
    for lang, labels in check.labels_never_trained.items():
        lines.append(f"Labels of the {lang} test set that training never has: {', '.join(labels)}.")
    return lines
