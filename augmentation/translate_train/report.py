"""`report.html`: one file that shows what a run did, with nothing loaded from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import pyarrow.compute as pc

from augmentation.reporting.highlights import marked, visible
from augmentation.reporting.samples import least_confident, sample_dropped, sample_rows, slowest
from augmentation.translate_train.layout import (
    INGEST,
    SEGMENT,
    filter_step,
    project_step,
    report_path,
    translate_step,
)
from augmentation.translate_train.setup import TranslateTrainSetup
from augmentation.translate_train.summary import RunSummary, TargetSummary, summarize
from corpora.records import DroppedRow, Row, Span
from corpora.shards import ShardRef, list_shards, read_batches, read_sidecar, sidecar_of
from corpora.storage import write_text

PAIRS, LEAST, SLOWEST, DROPPED_EACH = 20, 10, 8, 4


BEGINNING = 120


_BINS = np.geomspace(0.25, 4.0, 33)


_GOLDEN_ANGLE = 137.5


_CSS = """
:root{--ink:#1c2430;--soft:#5b6675;--line:#e3e7ed;--card:#fff;--page:#f5f7fa;--bar:#2f6fb3;
--bad:#c2553a;--good:#3f8f5f;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa6b5;--line:#2e3743;--card:#1b222c;
--page:#12171e;--bar:#5b9be0;--bad:#e07f62;--good:#63b884}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 10px}
h3{font-size:15px;margin:0 0 8px}
p.sub{color:var(--soft);margin:0 0 18px;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}
.card,.box{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}.card span{color:var(--soft)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:14px}
.box{overflow-x:auto}svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:6px 8px;
border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft);font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.pair{padding:10px 0;border-bottom:1px solid var(--line)}.pair:last-child{border-bottom:0}
.pair .src{color:var(--soft)}.pair .meta{font-size:12px;color:var(--soft)}
.pair .lang{display:inline-block;min-width:34px;font-size:12px;color:var(--soft)}
bdi{overflow-wrap:anywhere}mark{border-radius:4px;padding:1px 3px;color:inherit;
background:hsl(var(--hue) 75% 55%/.28)}mark small{font-size:10px;opacity:.8;margin-left:4px}
.stack{display:flex;height:12px;border-radius:6px;overflow:hidden;background:var(--line);min-width:120px}
.stack i{background:var(--good)}.stack u{background:var(--bad)}
"""


def write_report(setup: TranslateTrainSetup) -> None:
    """Write the report of a run whose rows are all through."""
    summary = summarize(setup.run, setup.targets)
    parts = [_head(setup, summary)]
    for target in summary.targets:
        parts.append(_target(setup, target))
    parts.append(_timing(setup, summary))
    title = escape(f"{setup.config.run_name}: translate-train")
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_CSS}</style></head><body><main>"
        + "\n".join(parts)
        + "</main></body></html>\n"
    )
    write_text(report_path(setup.run), page)


def _text(value: object) -> str:
    return escape(visible(str(value)))


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _head(setup: TranslateTrainSetup, summary: RunSummary) -> str:
    config = setup.config
    by = (
        f", spans placed by {_text(setup.translation.projector)}"
        if setup.translation.projector
        else ""
    )
    lines = [
        f"<h1>{_text(config.run_name)}</h1>",
        f'<p class="sub">{_text(config.input.name)} ({_text(config.task)}), {_text(config.source)} '
        f"to {_text(', '.join(config.targets))}, by {_text(setup.translation.models.name)}{by}</p>",
    ]
    return "".join(lines)


def _cards(summary: Sequence[tuple[str, str]]) -> str:
    cards = (
        f'<div class="card"><b>{value}</b><span>{name}</span></div>' for name, value in summary
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def _target(setup: TranslateTrainSetup, target: TargetSummary) -> str:
    refs = list_shards(setup.run, filter_step(target.target))
    dropped = target.dropped.total()
    palette = _Palette(label for label, _ in target.spans.most_common())
    cards = [
        ("rows in", _number(target.kept + dropped)),
        ("kept", _number(target.kept)),
        ("dropped", _number(dropped)),
        ("distinct segments", _number(target.segments)),
        ("from the memory", _number(target.remembered)),
    ]
    if target.spans:
        share = target.placed.total() / target.spans.total()
        cards.append(("spans carried over", f"{100 * share:.1f}\u202f%"))
    parts = [f"<h2>{_text(setup.config.source)} to {_text(target.target)}</h2>", _cards(cards)]
    charts = [_box("Rows dropped, by reason", _bars(target.dropped))]
    charts.append(_box("Length of the translation over that of its source", _ratios(refs)))
    parts.append(f'<div class="two" style="margin-top:14px">{"".join(charts)}</div>')
    if target.spans:
        parts.append("<h2>What became of the spans</h2>" + _box("", _span_table(target, palette)))
    parts.append("<h2>Twenty pairs, picked at random</h2>")
    parts.append(_box("", _pairs(sample_rows(refs, PAIRS, setup.config.seed), palette)))
    if target.spans:
        parts.append("<h2>Rows with the least sure span</h2>")
        rows = least_confident(refs, LEAST, by_spans=True)
        parts.append(
            _box(
                "", _pairs([r for _, r in rows], palette, [f"confidence {v:.2f}" for v, _ in rows])
            )
        )
    parts.append("<h2>Rows with the least sure translation</h2>")
    rows = least_confident(refs, LEAST, by_spans=False)
    notes = [f"{value:.2f} a token" for value, _ in rows]
    parts.append(_box("", _pairs([row for _, row in rows], palette, notes)))
    parts.append("<h2>Rows that took longest to translate</h2>")
    parts.append(_box("", _slowest_rows(setup, target, refs)))
    if dropped:
        parts.append("<h2>Some of the rows that were dropped</h2>")
        parts.append(_box("", _dropped(setup, target, palette)))
    return "".join(parts)


def _box(title: str, inner: str) -> str:
    heading = f"<h3>{title}</h3>" if title else ""
    return f'<div class="box">{heading}{inner}</div>'


def _bars(counts: Counter[str]) -> str:
    """A horizontal bar for every reason."""
    if not counts:
        return "<p>None was dropped.</p>"
    high = max(counts.values())
    rows = []
    for number, (reason, count) in enumerate(counts.most_common()):
        y = number * 26
        width = max(2.0, 250 * count / high)
        rows.append(
            f'<text x="150" y="{y + 16}" text-anchor="end">{_text(reason)}</text>'
            f'<rect x="160" y="{y + 4}" width="{width:.1f}" height="16" rx="3" fill="var(--bad)"/>'
            f'<text class="soft" x="{166 + width:.1f}" y="{y + 16}">{_number(count)}</text>'
        )
    return f'<svg viewBox="0 0 480 {26 * len(counts)}" role="img">{"".join(rows)}</svg>'


def _ratios(refs: Sequence[ShardRef]) -> str:
    """A histogram of length ratios, in characters, on a logarithmic axis."""
    counts = np.zeros(len(_BINS) - 1, np.int64)
    for ref in refs:
        for batch in read_batches(ref):
            target = pc.utf8_length(batch.column("text")).to_numpy(zero_copy_only=False)
            source = pc.utf8_length(batch.column("source_text")).to_numpy(zero_copy_only=False)
            ratios = np.clip(target / np.maximum(source, 1), _BINS[0], _BINS[-1] * 0.999)
            counts += np.histogram(ratios, _BINS)[0]
    high = max(1, int(counts.max()))
    width = 440 / len(counts)
    bars = []
    for number, count in enumerate(counts.tolist()):
        height = 120 * count / high
        bars.append(
            f'<rect x="{20 + number * width:.1f}" y="{130 - height:.1f}" width="{width - 1:.1f}" '
            f'height="{height:.1f}" fill="var(--bar)"><title>{_BINS[number]:.2f} to '
            f"{_BINS[number + 1]:.2f}: {count} rows</title></rect>"
        )
    for value in (0.25, 0.5, 1.0, 2.0, 4.0):
        x = 20 + 440 * np.log2(value / 0.25) / 4
        bars.append(
            f'<path d="M{x:.1f} 130v5" stroke="var(--soft)"/>'
            f'<text class="soft" x="{x:.1f}" y="150" text-anchor="middle">{value:g}</text>'
        )
    return f'<svg viewBox="0 0 480 158" role="img">{"".join(bars)}</svg>'


def _span_table(target: TargetSummary, palette: _Palette) -> str:
    """Labels, those that lose most first, and why."""
    rows = []
    order = sorted(
        target.spans, key=lambda one: (target.placed[one] / target.spans[one], -target.spans[one])
    )
    for label in order:
        count, placed = target.spans[label], target.placed[label]
        share = 100 * placed / count
        why = ", ".join(
            f"{_text(reason)} {number}"
            for reason, number in target.lost.get(label, Counter()).most_common()
        )
        name = palette.mark(label, label, named=False)
        rows.append(
            f'<tr><td>{name}</td><td class="n">{_number(count)}</td>'
            f'<td class="n">{_number(placed)}</td><td class="n">{share:.1f}\u202f%</td>'
            f'<td><div class="stack"><i style="width:{share:.1f}%"></i>'
            f'<u style="width:{100 - share:.1f}%"></u></div></td><td>{why}</td></tr>'
        )
    return (
        '<table><tr><th>label</th><th class="n">in the source</th><th class="n">carried over</th>'
        '<th class="n">share</th><th></th><th>lost because</th></tr>' + "".join(rows) + "</table>"
    )


class _Palette:
    """A colour for every label; neighbours in the order of their frequency lie far apart."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._hues = {label: i * _GOLDEN_ANGLE % 360 for i, label in enumerate(labels)}

    def mark(self, text: str, label: str, *, named: bool = True) -> str:
        small = f"<small>{_text(label)}</small>" if named else ""
        hue = self._hues.get(label, 0.0)
        return f'<mark style="--hue:{hue:.0f}">{_text(text)}{small}</mark>'

    def marked(self, text: str, spans: Sequence[Span]) -> str:
        pieces = (
            escape(piece) if label is None else self.mark(piece, label)
            for piece, label in marked(text, spans)
        )
        return f'<bdi dir="auto">{"".join(pieces)}</bdi>'


def _pairs(rows: Sequence[Row], palette: _Palette, notes: Sequence[str] = ()) -> str:
    if not rows:
        return "<p>There are none.</p>"
    return "".join(
        _pair(row, palette, notes[number] if notes else "") for number, row in enumerate(rows)
    )


def _pair(row: Row, palette: _Palette, note: str) -> str:
    made = row.provenance
    lines = []
    if made is not None:
        lines += _line(palette, "src", made.source_lang, made.source_text, made.source_spans)
        if made.source_text_pair is not None:
            lines += _line(palette, "src", made.source_lang, made.source_text_pair)
    lines += _line(palette, "tgt", row.lang, row.text, row.spans)
    if row.text_pair is not None:
        lines += _line(palette, "tgt", row.lang, row.text_pair)
    facts = [row.id, *([f"label {row.label}"] if row.label else []), *([note] if note else [])]
    meta = f'<div class="meta">{_text(" · ".join(facts))}</div>'
    return f'<div class="pair">{"".join(lines)}{meta}</div>'


def _line(
    palette: _Palette, kind: str, lang: str, text: str, spans: Sequence[Span] = ()
) -> list[str]:
    said = palette.marked(text, spans)
    return [f'<div class="{kind}"><span class="lang">{_text(lang)}</span>{said}</div>']


def _slowest_rows(
    setup: TranslateTrainSetup, target: TargetSummary, refs: Sequence[ShardRef]
) -> str:
    """A table; whole texts would not do, as the slowest may be of 100,000 characters."""
    step = translate_step(target.target)

    def seconds(ref: ShardRef) -> float:
        return sidecar_of(ShardRef(setup.run, step, ref.index)).seconds

    table = _table(
        ("text", "row", "seconds"),
        (
            (_beginning(row.provenance.source_text if row.provenance else ""), row.id, f"{one:.3f}")
            for one, row in slowest(refs, seconds, SLOWEST)
        ),
    )
    how = "Rows are translated together: the seconds of a shard are shared out by length."
    return f"<p>{how}</p>{table}"


def _beginning(text: str) -> str:
    return text if len(text) <= BEGINNING else text[: BEGINNING - 1] + "…"


def _dropped(setup: TranslateTrainSetup, target: TargetSummary, palette: _Palette) -> str:
    """A few rows for each reason."""
    found: dict[str, list[DroppedRow]] = {}
    shown = [INGEST, project_step(target.target), filter_step(target.target)]
    for step in shown:
        refs = [ref for ref in list_shards(setup.run, step) if ref.dropped_path.is_file()]
        for one in sample_dropped(refs, 50 * DROPPED_EACH, setup.config.seed):
            found.setdefault(one.reason, []).append(one)
    return "".join(
        _pair(one.row, palette, f"{reason}{': ' if one.detail else ''}{one.detail}")
        for reason in target.dropped
        for one in found.get(reason, [])[:DROPPED_EACH]
    )


def _timing(setup: TranslateTrainSetup, summary: RunSummary) -> str:
    work = _table(
        ("step", "seconds of work"),
        ((name, f"{seconds:.1f}") for name, seconds in summary.step_seconds.items()),
    )
    slow: list[tuple[float, str, int]] = []
    names = [INGEST, SEGMENT]
    for target in setup.config.targets:
        names += [f(target) for f in (translate_step, project_step, filter_step)]
    for step in names:
        for ref in list_shards(setup.run, step):
            sidecar = read_sidecar(ref)
            if sidecar is not None:
                slow.append((sidecar.seconds, f"{step}/{ref.path.name}", sidecar.rows_out))
    slowest = _table(
        ("shard", "seconds", "rows"),
        ((name, f"{seconds:.1f}", rows) for seconds, name, rows in sorted(slow)[::-1][:SLOWEST]),
    )
    boxes = _box("Work by step, over all shards (they overlap in time)", work)
    boxes += _box("The slowest shards", slowest)
    return f'<h2>Time</h2><div class="two">{boxes}</div>'


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=n' if number else ''}>{_text(value)}</{tag}>"
            for number, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', head)}</tr>{body}</table>"
