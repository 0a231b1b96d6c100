from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from augmentation.reporting.labels import LabelCounts
from augmentation.reporting.pairs import pair_list
from augmentation.reporting.palette import Palette
from corpora.records import Row, Span


def _counts(labels: int) -> LabelCounts:
    spans = Counter({f"L{number:06}": labels - number for number in range(labels)})
    placed = Counter({label: count - 1 for label, count in spans.items()})
    return LabelCounts(spans, placed, {"L000000": Counter({"unaligned": 1})})


def test_a_page_shows_the_most_frequent_labels_and_what_the_rest_is(tmp_path: Path) -> None:
    counts = _counts(200_000)
    assert counts.most_frequent() == [f"L{number:06}" for number in range(100)]
    rest = sum(range(1, 199_901))
    assert counts.rest("labels.parquet") == (
        f"199,900 more labels have {rest:,} spans in the source, of which {rest - 199_900:,} were "
        "projected. All labels are in labels.parquet."
    )
    counts.write(tmp_path / "labels.parquet")
    table = pq.read_table(tmp_path / "labels.parquet")
    assert table.num_rows == 200_000
    assert table.slice(0, 1).to_pylist() == [
        {
            "label": "L000000",
            "source_spans": 200_000,
            "projected": 199_999,
            "lost": [("unaligned", 1)],
        }
    ]


def test_few_labels_need_no_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    path.write_text("of an earlier run")
    _counts(100).write(path)
    assert not path.exists()
    assert _counts(100).rest("labels.parquet") == ""


def test_pairs_show_the_beginning_of_long_texts() -> None:
    spans = tuple(Span(at, at + 1, "L" * 1000) for at in range(0, 10_000, 2))
    row = Row("id" * 1000, "de", "ab" * 5000, spans=spans)
    (pair,) = pair_list("Rows", [(row, "")], Palette(())).pairs
    (line,) = pair.lines
    assert "".join(piece.text for piece in line.pieces) == "ab" * 999 + "a…"
    assert sum(piece.label is not None for piece in line.pieces) == 50
    assert {len(piece.label) for piece in line.pieces if piece.label} == {100}
    assert len(pair.facts[0]) == 300
