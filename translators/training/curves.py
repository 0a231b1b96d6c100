"""The curves of a training run as a picture: loss over steps, chrF over minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from translators.training.card import History

_WIDTH, _HEIGHT, _LEFT, _GAP = 640, 220, 56, 54


def curves_svg(history: History) -> str:
    """The curves of `history` as one SVG: loss over steps above, chrF (mean and of each set) over
    minutes below."""
    losses = [(float(step), loss) for step, loss in history.losses]
    names = sorted({k for v in history.validations for k in v if k.endswith("chrf")})
    chrf = {
        name: [(v["seconds"] / 60, v[name]) for v in history.validations if name in v]
        for name in names
    }
    total = 2 * _HEIGHT + 2 * _GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 190} {total}" '
            'font-family="sans-serif" font-size="11">',
            f'<rect width="{_WIDTH + 190}" height="{total}" fill="white"/>',
            *_panel(0, "loss per target piece", "steps", {"loss": losses}),
            *_panel(_HEIGHT + _GAP, "dev chrF, greedy", "minutes", chrf),
            "</svg>\n",
        ]
    )


_COLOURS = ("#1f5fa8", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0e7490", "#a16207", "#475569")

Points = Sequence[tuple[float, float]]


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers within [low, high]."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _panel(top: int, title: str, axis: str, series: Mapping[str, Points]) -> list[str]:
    out = [f'<text x="{_LEFT}" y="{top + 16}" font-weight="bold">{escape(title)}</text>']
    points = [p for line in series.values() for p in line]
    if not points:
        return [*out, f'<text x="{_LEFT}" y="{top + 40}">nothing was measured</text>']
    right, low, high = (
        max(p[0] for p in points) or 1.0,
        min(p[1] for p in points),
        max(p[1] for p in points),
    )
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT) * value / right

    def y(value: float) -> float:
        return top + 26 + (_HEIGHT - 36) * (1 - (value - low) / (high - low))

    bottom = top + _HEIGHT - 10
    for tick in _ticks(low, high):
        out.append(
            f'<path d="M{_LEFT} {y(tick):.1f}H{_WIDTH}" stroke="#e2e8f0"/>'
            f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    for tick in _ticks(0, right):
        out.append(
            f'<text x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:g}</text>'
        )
    out.append(f'<text x="{_WIDTH}" y="{bottom + 28}" text-anchor="end">{escape(axis)}</text>')
    out.append(f'<path d="M{_LEFT} {top + 26}V{bottom}H{_WIDTH}" stroke="#334155" fill="none"/>')
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        width = 2.5 if name == "chrf" else 1.3
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
        label = "mean" if name == "chrf" else name.removesuffix(".chrf")
        out.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        )
        if len(series) > 1:
            out.append(
                f'<text x="{_WIDTH + 10}" y="{top + 36 + 15 * number}" fill="{colour}">'
                f"{escape(label)} {line[-1][1]:.1f}</text>"
            )
    return out
