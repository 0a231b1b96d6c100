"""What a browser makes of a page, measured in a headless Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

# A frame's own width counts for the page's media queries, so one start measures several widths.
HARNESS = """<!doctype html><meta charset="utf-8"><body>{frames}<pre id="measured"></pre><script>
const texts = (page, within) => [...page.querySelectorAll(within)].filter(
  e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 ||
  a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
onload = () => { measured.textContent = JSON.stringify(Array.from(frames, frame => {
  const page = frame.document, box = e => e.getBoundingClientRect();
  return [frame.innerWidth, page.documentElement.scrollWidth,
    Math.min(...texts(page, ".chart *").map(e => parseFloat(frame.getComputedStyle(e).fontSize))),
    [...page.querySelectorAll(".box")].filter(
      e => e.querySelector(".chart") && e.scrollWidth > e.clientWidth).length,
    [...page.querySelectorAll(".bars li")].filter(bar => !["fill", "whisker"].every(mark =>
      [...bar.querySelectorAll("." + mark)].every(e =>
        apart(box(e), box(bar.querySelector(".label"))) &&
        apart(box(e), box(bar.querySelector(".value")))))).length];
})); };
</script>"""

DRIVER = """<!doctype html><meta charset="utf-8"><body>{frame}<pre id="measured"></pre><script>
onload = async () => {
  const view = frames[0], page = view.document;
  const press = (...keys) => keys.forEach(key => (page.activeElement || page.body).dispatchEvent(
    new view.KeyboardEvent("keydown", {key, bubbles: true, cancelable: true,
      shiftKey: key.length === 1 && key !== key.toLowerCase()})));
  let result;
  try { result = await (async () => {{script}})(); } catch (error) { result = String(error); }
  measured.textContent = JSON.stringify(result);
};
</script>"""


@dataclass(frozen=True)
class Layout:
    """A page at one width; lengths are in CSS pixels."""

    width: int
    scroll_width: int
    smallest_chart_text: float
    charts_cut_off: int
    """Charts that are wider than their box."""
    values_under_bars: int
    """Bars that cover their label or their value."""


def chromium() -> str:
    """The browser's command; the test is skipped without one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    command = next(filter(None, map(shutil.which, names)), None)
    if command is None:
        pytest.skip("needs Chromium")
    return command


def layouts(page: str, widths: Sequence[int], folder: Path) -> list[Layout]:
    """The HTML `page` laid out at each of `widths`; `folder` takes the browser's files."""
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:800px" srcdoc="{escape(page)}"></iframe>'
        for width in widths
    )
    measured = _measured(HARNESS.replace("{frames}", frames), folder)
    return [Layout(*values) for values in measured]


def driven(page: str, script: str, folder: Path) -> Any:
    """What `script`, the body of an asynchronous function, returns in the HTML `page` at the width
    of a phone; `view` is its window, `press` presses keys there. `folder` takes files."""
    frame = f'<iframe style="border:0;width:390px;height:800px" srcdoc="{escape(page)}"></iframe>'
    return _measured(DRIVER.replace("{frame}", frame).replace("{script}", script), folder)


def _measured(content: str, folder: Path) -> Any:
    """What the page with `content` writes as JSON into its element `measured`."""
    command = chromium()
    harness = folder / "harness.html"
    harness.write_text(content, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [command, *options, f"--user-data-dir={folder / 'profile'}", harness.as_uri()],
        capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    text = done.stdout.partition('<pre id="measured">')[2].partition("</pre>")[0]
    assert text, done.stderr[-2000:]
    return json.loads(unescape(text))


def assert_fits(page: str, folder: Path) -> None:
    """Assert that the HTML `page` is whole and readable on a phone and on a desk."""
    for layout in layouts(page, (390, 1100), folder):
        assert layout.scroll_width <= layout.width, layout
        assert layout.smallest_chart_text >= 11, layout
        assert layout.charts_cut_off == layout.values_under_bars == 0, layout
