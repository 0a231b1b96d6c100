"""The page to review with, driven in a headless Chromium; without one the tests are skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augmentation.review.corrections import read_corrections
from augmentation.review.formats.page import PAGE
from augmentation.review.queue import Queue, QueueItem
from corpora.records import Provenance, Row, Span
from tests.helpers.browser import driven, layouts

EVIL = "</script><script>alert(1)</script>"


def item(
    number: int, text: str, *spans: tuple[int, int, str], label: str | None = None
) -> QueueItem:
    origin = Provenance(f"r{number}", "en", f"source {EVIL}", "translate-train", "m", -0.5)
    placed = tuple(Span(*span, "aligned", 0.75) for span in spans)
    row = Row(f"r{number}", "de", text, None, label, placed, provenance=origin)
    return QueueItem(row, "least-sure", 1.0, 0.5, {"spans": 0.25})


QUEUE = Queue(
    *("run", "de", "tokens", 9, 0, ("PER", "LOC"), ("a", "b"), 0),
    (
        item(0, "😀 Anna wohnt in Oslo", (2, 6, "PER"), (16, 20, "LOC"), label="a"),
        item(1, "Die alte Stadt Rom", (15, 18, "LOC"), label="a"),
        item(2, "Rom und Oslo", (0, 3, "LOC"), label="a"),
        item(3, f"weg {EVIL}", label="b"),
        item(4, "Anna Maria kommt", (0, 4, "PER"), label="b"),
        item(5, "👩‍👩‍👧 Ada", (6, 9, "PER"), label="a"),
        item(6, "nicht gesehen", label="a"),
    ),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    (path,) = PAGE.write(QUEUE, tmp_path_factory.mktemp("page"))
    return path.read_text(encoding="utf-8")


SCRIPT = """
  press("a");                                     // right as it is
  press("q", "c", "Enter");                       // the start of Rom a word to the left, class b
  press("n", "w", "l", "a");                      // und; its start has no room to the right
  press("d");                                     // dropped
  press("p", "1", "a");                           // Anna Maria
  press("t");
  const area = page.querySelector("textarea");
  area.value = "👩‍👩‍👧 Frau Ada"; area.dispatchEvent(new view.Event("input"));
  area.dispatchEvent(new view.KeyboardEvent("keydown", {key: "Escape", bubbles: true}));
  press("Q", "W", "a");                           // a character: over the whole family and back
  press("x", "o");                                // the last row, which has no span
  const link = [], create = view.document.createElement.bind(view.document);
  view.HTMLAnchorElement.prototype.click = function () { link.push(this.download, this.href); };
  press("s");
  const pane = page.getElementById("target");
  return [view.corrections(), link[0], link[1].slice(0, 5), page.getElementById("row").textContent,
    page.scripts.length, page.getElementById("progress").textContent];
"""


def test_a_review_by_keyboard(page: str, tmp_path: Path) -> None:
    made, name, scheme, shown, scripts, progress = driven(page, SCRIPT, tmp_path)
    assert (name, scheme) == ("review-run-de.json", "blob:")
    assert scripts == 2 and EVIL in shown
    assert progress == "Row 7 of 7; 5 kept, 1 dropped"
    file = tmp_path / "corrections.json"
    file.write_text(json.dumps(made), encoding="utf-8")
    rows = {c.item.row.id: c for c in read_corrections([file], QUEUE)}
    assert set(rows) == {f"r{n}" for n in range(6)}
    assert not rows["r0"].is_error
    assert rows["r3"].row is None

    def spans(number: int) -> list[tuple[str, str]]:
        row = rows[f"r{number}"].row
        assert row is not None
        return [(row.text[s.start : s.end], s.label) for s in row.spans]

    assert spans(1) == [("Stadt Rom", "LOC")]
    assert rows["r1"].row is not None and rows["r1"].row.label == "b"
    assert spans(2) == [("Rom", "LOC"), ("und", "LOC")]
    assert spans(4) == [("Anna Maria", "PER")]
    assert rows["r5"].row is not None and rows["r5"].row.text == "👩‍👩‍👧 Frau Ada"
    assert spans(5) == [("Ada", "PER")]


def test_words_are_marked_with_the_finger(page: str, tmp_path: Path) -> None:
    script = """
      const select = (node, start, end) => {
        const range = page.createRange();
        range.setStart(node, start); range.setEnd(node, end);
        view.getSelection().removeAllRanges(); view.getSelection().addRange(range);
      };
      const chip = name => [...page.querySelectorAll("button.chip")].find(
        b => b.textContent.includes(name)).click();
      const pane = page.getElementById("target");
      select(pane.childNodes[2], 0, 7);           // " wohnt " between the spans
      chip("PER");
      select(page.getElementById("target").childNodes[0], 0, 2);
      page.getElementById("target").querySelectorAll("mark")[1].click();
      view.getSelection().removeAllRanges();
      chip("LOC");
      [...page.querySelectorAll("button")].find(b => b.textContent.includes("right")).click();
      return view.corrections().rows[0].spans;
    """
    spans: list[dict[str, Any]] = driven(page, script, tmp_path)
    text = QUEUE.items[0].row.text
    assert sorted((text[s["start"] : s["end"]], s["label"]) for s in spans) == [
        ("Anna", "PER"),
        ("Oslo", "LOC"),
        ("wohnt", "LOC"),
    ]


def test_it_fits_a_phone_and_a_desk(page: str, tmp_path: Path) -> None:
    for layout in layouts(page, (390, 1100), tmp_path):
        assert layout.scroll_width <= layout.width, layout


def test_nothing_ends_the_data_early(page: str) -> None:
    assert page.count("</script>") == 2
    assert "default-src 'none'" in page
