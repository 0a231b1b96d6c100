"""The curves of a training run as a picture: loss over steps, chrF over minutes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from translators.training.card import History

# Narrow enough for a phone to show it in nearly its own size, so that its text stays readable.
_WIDTH, _FONT = 440, 14
_LEFT, _RIGHT = 48, 416
_PLOT, _ABOVE, _BELOW, _LEGEND_ROW = 180, 26, 48, 20
"""Heights: a plot, the space above and below it, and a row of the legend."""
_LEGEND_CHARACTERS = 21
"""Of an entry that takes no more than half the width."""

_COLOURS = ("#1f5fa8", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0e7490", "#a16207", "#475569")
_GRID, _AXIS, _INK = "#e2e8f0", "#334155", "#1c2430"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Panel:
    """One plot: its lines by name, and what its axes measure."""

    title: str
    axis: str
    lines: Mapping[str, Points]

    @property
    def legend(self) -> list[str]:
        """The name and the last value of every line; a single line needs none."""
        if len(self.lines) < 2:
            return []
        names = {name: name.removesuffix(".chrf") for name in self.lines} | {"chrf": "mean"}
        return [f"{names[name]} {line[-1][1]:.1f}" for name, line in self.lines.items()]

    @property
    def legend_columns(self) -> int:
        """Two, where two entries fit beside each other."""
        return 2 if max(map(len, self.legend), default=0) <= _LEGEND_CHARACTERS else 1

    @property
    def legend_rows(self) -> int:
        return math.ceil(len(self.legend) / self.legend_columns)

    @property
    def height(self) -> int:
        return _ABOVE + _PLOT + _BELOW + self.legend_rows * _LEGEND_ROW


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to positions in the picture; values of x begin at 0."""

    top: int
    right: float
    low: float
    high: float

    @classmethod
    def of(cls, points: Points, top: int) -> _Scale:
        right = max(x for x, _ in points) or 1.0
        low, high = min(y for _, y in points), max(y for _, y in points)
        if high - low < 1e-9:
            low, high = low - 0.5, high + 0.5
        return cls(top, right, low, high)

    def x(self, value: float) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * value / self.right:.1f}"

    def y(self, value: float) -> str:
        return f"{self.top + _PLOT * (1 - (value - self.low) / (self.high - self.low)):.1f}"


def curves_svg(history: History) -> str:
    """The curves of `history` as one SVG: loss over steps above, chrF (mean and of each set) over
    minutes below."""
    losses = [(float(step), loss) for step, loss in history.losses]
    names = sorted({k for v in history.validations for k in v if k.endswith("chrf")})
    chrf = {
        name: [(v["seconds"] / 60, v[name]) for v in history.validations if name in v]
        for name in names
    }
    panels = (
        _Panel("loss per target piece", "steps", {"loss": losses}),
        _Panel("dev chrF, greedy", "minutes", chrf),
    )
    height = sum(panel.height for panel in panels)
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(_WIDTH),
            "height": str(height),
            "viewBox": f"0 0 {_WIDTH} {height}",
            "role": "img",
            "font-family": "sans-serif",
            "font-size": str(_FONT),
            "fill": _INK,
        },
    )
    SubElement(root, "title").text = "Curves of a training run: loss over steps, chrF over minutes"
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "white"})
    top = 0
    for panel in panels:
        _draw(root, panel, top)
        top += panel.height
    indent(root, "")
    return tostring(root, encoding="unicode") + "\n"


def _draw(root: Element, panel: _Panel, top: int) -> None:
    _text(root, _LEFT, top + 18, panel.title, {"font-weight": "bold"})
    points = [point for line in panel.lines.values() for point in line]
    if not points:
        _text(root, _LEFT, top + 44, "nothing was measured")
        return
    scale = _Scale.of(points, top + _ABOVE)
    _draw_axes(root, scale, panel.axis)
    for number, (name, line) in enumerate(panel.lines.items()):
        path = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in line)
        width = "2.5" if name == "chrf" else "1.3"
        colour = _COLOURS[number % len(_COLOURS)]
        style = {"fill": "none", "stroke": colour, "stroke-width": width}
        SubElement(root, "polyline", {"points": path, **style})
    _draw_legend(root, panel, scale.top + _PLOT + _BELOW)


def _draw_axes(root: Element, scale: _Scale, name: str) -> None:
    bottom = scale.top + _PLOT
    for tick in _ticks(scale.low, scale.high):
        y = scale.y(tick)
        SubElement(root, "path", {"d": f"M{_LEFT} {y}H{_RIGHT}", "stroke": _GRID})
        _text(root, _LEFT - 6, float(y) + 5, f"{tick:g}", {"text-anchor": "end"})
    for tick in _ticks(0, scale.right):
        _text(root, scale.x(tick), bottom + 18, f"{tick:g}", {"text-anchor": "middle"})
    _text(root, _RIGHT, bottom + 36, name, {"text-anchor": "end"})
    frame = f"M{_LEFT} {scale.top}V{bottom}H{_RIGHT}"
    SubElement(root, "path", {"d": frame, "stroke": _AXIS, "fill": "none"})


def _draw_legend(root: Element, panel: _Panel, top: int) -> None:
    for number, entry in enumerate(panel.legend):
        row, column = divmod(number, panel.legend_columns)
        x, y = _LEFT + column * (_RIGHT - _LEFT) // 2, top + 14 + row * _LEGEND_ROW
        colour = _COLOURS[number % len(_COLOURS)]
        SubElement(root, "path", {"d": f"M{x} {y - 5}h14", "stroke": colour, "stroke-width": "3"})
        _text(root, x + 20, y, entry)


def _text(
    root: Element, x: float | str, y: float, text: str, style: Mapping[str, str] | None = None
) -> None:
    SubElement(root, "text", {"x": f"{x}", "y": f"{y:g}", **(style or {})}).text = text


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers within [low, high]."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]
