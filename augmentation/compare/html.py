"""The scores as a page."""

from __future__ import annotations

from collections import Counter
from html import escape

from augmentation.compare.results import CompareResults, LanguageResult
from augmentation.compare.table import _check_lines, _spread_line, _table_row, winner

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


def tables_html(results: CompareResults) -> str:
    """The tables of `results` without the page around them, for notebooks."""
    parts = []
    for result in results.languages:
        title = f"{result.trainer}: {results.source} to {result.lang}"
        parts.append(f"<p><b>{escape(title)}</b><br>{escape(winner(result, results))}</p>")
        parts.append(_html_table(result, results))
    return "".join(parts)


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
