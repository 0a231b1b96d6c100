"""The report of a run, also of one whose texts and labels try to break it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from augmentation.reporting.samples import slowest
from augmentation.translate_train.run import translate_train
from augmentation.translate_train.runs import final_rows
from corpora.shards import list_shards
from tests.helpers.browser import assert_fits
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config, write_labelled_rows


def test_the_report_names_the_rows_that_took_longest(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)
    result = translate_train(translate_train_config(source, tmp_path / "run"))
    rows = sorted(final_rows(result.run, "de"), key=lambda row: len(row.text))
    refs = list_shards(result.run, "50-filter-de")
    assert len(refs) > 1
    found = slowest(refs, lambda ref: 2.0 if ref.index == 1 else 0.0, 5)
    assert len(found) == 5
    seconds = [value for value, _ in found]
    assert seconds == sorted(seconds, reverse=True) and seconds[-1] > 0
    everything = slowest(refs, lambda ref: 2.0 if ref.index == 1 else 0.0, len(rows))
    assert {row.id for _, row in everything} == {row.id for row in rows}
    assert sum(value for value, _ in everything) == pytest.approx(2.0)
    assert "Rows that took longest" in (result.run / "report.html").read_text(encoding="utf-8")


EVIL = '<script>alert("1")</script> \'q\' onload="x" \x1b[31m \u202e nine'


@pytest.fixture
def page(tmp_path: Path, toy: ToyTranslator) -> str:
    """A run with dropped rows, long words, another script, and labels of all kinds."""
    first_words = ["wake", EVIL, "x" * 400, "שלום", "unaligned"]
    labels = ["time", "<b>\"'\x07", "a_label_without_any_place_to_break_" * 3, "c", "d"]
    rows = [
        {"text": f"{first} me at {n}", "label": labels[n % 5],
         "spans": [{"start": 0, "end": len(first.split()[0]), "label": labels[n % 5]}]}
        for n in range(25) for first in [first_words[n % 5]]
    ]  # fmt: skip
    rows.append({"text": "a repetition", "label": "alarm", "spans": []})
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return translate_train(translate_train_config(source, tmp_path / "run")).report.read_text(
        "utf-8"
    )


def test_the_report_runs_nothing_and_loads_nothing(page: str) -> None:
    assert not re.search(r"<[^>]*\son\w+\s*=", page.replace("&#34;", ""))
    assert not re.search(
        r"<script|javascript:|<link|<iframe|<object|(src|href)=|url\(|@import", page
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", page)
    assert "&lt;script&gt;alert(&#34;1&#34;)" in page
    assert "&lt;b&gt;&#34;&#39;␇" in page
    assert "default-src 'none'" in page


def test_the_report_has_all_its_parts(page: str) -> None:
    for part in (
        "rows in", "kept", "dropped", "unique segments", "from translation memory",
        "spans projected", "Rows dropped, by reason", "Translation length relative to the source",
        "Spans by label", "lost because", "Pairs picked at random", "the least confident span",
        "the least confident translation", "Rows that took longest", "Examples of dropped rows",
        "Work by step", "The slowest shards",
    ):  # fmt: skip
        assert part in page, part
    assert page.count("<figure") == page.count("<figcaption>") == 2
    assert page.count("<table>") == page.count("<caption") == 4
    assert page.count('role="img" aria-label="Translation length') == 1
    assert re.search(r"confidence [01]\.\d\d<", page)
    assert re.search(r"log-probability -\d\.\d\d per token<", page)
    assert page.count("unplaced-span") >= 2 and page.count("repetition") >= 2


def test_the_report_fits_a_phone(page: str, tmp_path: Path) -> None:
    assert_fits(page, tmp_path)
