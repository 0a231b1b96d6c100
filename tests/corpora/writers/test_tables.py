"""CSV and TSV for spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.readers import open_corpus
from corpora.records import Row
from corpora.writers import write_corpus


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_safe_cells_are_no_formulas(tmp_path: Path, suffix: str) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "a=b", " =1"]
    if suffix == "csv":
        texts += ["\t=1", "\r=1"]
    rows = [Row(str(number), "en", text) for number, text in enumerate(texts)]
    for safe in (False, True):
        write_corpus(rows, tmp_path / f"out.{suffix}", safe_cells=safe)
        read = open_corpus(tmp_path / f"out.{suffix}", task="classification", labelled=False)
        written = [row.text for row in read.rows()]
        active = tuple("=+-@\t\r")
        assert written == [f"'{t}" if safe and t.startswith(active) else t for t in texts]
