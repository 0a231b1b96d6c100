from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augmentation.translation.segments import (
    needed_shards,
    new_segments,
    read_segments,
    segment_key,
    segment_shard,
)
from corpora.records import Row, Span
from corpora.shards import ShardRef, ShardWriter
from translators.sentences import split_sentences


def write_rows(run: Path, shards: list[list[Row]]) -> list[ShardRef]:
    refs = []
    for index, rows in enumerate(shards):
        ref = ShardRef(run, "10-ingest", index)
        with ShardWriter(ref, f"rows {[row.text for row in rows]}") as out:
            out.write_rows(rows, rows_in=len(rows))
        refs.append(ref)
    return refs


def rows_of(*texts: str) -> list[Row]:
    return [Row(str(number), "en", text) for number, text in enumerate(texts)]


def segment_all(refs: list[ShardRef]) -> list[ShardRef]:
    return [segment_shard(ref, ref.next("20-segment"), "en", split_sentences) for ref in refs]


def test_every_unique_segment_is_stored_once(tmp_path: Path) -> None:
    refs = write_rows(
        tmp_path, [rows_of("One. Two.", "Two.", "Three."), rows_of("Two. Four.", "Four.", "One.")]
    )
    first, second = segment_all(refs)
    assert new_segments(first).column("text").to_pylist() == ["One.", "Two.", "Three."]
    assert new_segments(second).column("text").to_pylist() == ["Four."]
    table = read_segments(second)
    assert table.column("shard").to_pylist() == [0, 1, 1, 0]
    assert table.column("shard_row").to_pylist() == [1, 0, 0, 0]
    assert needed_shards(second) == [0, 1]


def test_all_texts_of_a_row_are_segmented(tmp_path: Path) -> None:
    row = Row("1", "en", "A text.", text_pair="A pair.", target="A text.")
    (ref,) = segment_all(write_rows(tmp_path, [[row]]))
    table = read_segments(ref)
    assert table.column("field").to_pylist() == [0, 1, 2]
    assert table.column("shard_row").to_pylist() == [0, 1, 0]


def test_no_span_is_cut(tmp_path: Path) -> None:
    text = "He works for Which? Books now. She left.\nOK? Yes."
    name = text.index("Which? Books"), text.index(" now")
    over_lines = text.index("left"), text.rindex("?")
    rows = [
        Row("plain", "en", text),
        Row("name", "en", text, spans=(Span(*name, "ORG"),)),
        Row("lines", "en", text, spans=(Span(*name, "ORG"), Span(*over_lines, "X"))),
    ]
    (ref,) = segment_all(write_rows(tmp_path, [rows]))
    table = read_segments(ref)
    cuts: dict[int, list[str]] = {}
    for row, start, end in zip(
        *(table.column(n).to_pylist() for n in ("row", "start", "end")), strict=True
    ):
        cuts.setdefault(row, []).append(text[start:end])
    assert cuts == {
        0: ["He works for Which?", "Books now.", "She left.", "OK?", "Yes."],
        1: ["He works for Which? Books now.", "She left.", "OK?", "Yes."],
        2: ["He works for Which? Books now.", "She left.\nOK?", "Yes."],
    }


def test_keys_tell_languages_apart() -> None:
    assert segment_key("a", "en") != segment_key("a", "de")
    assert segment_key("a", "en") == segment_key("a", "en")


@pytest.mark.parametrize("damage", ["gone", "garbage", "inside", "ahead"])
def test_the_index_is_made_again(tmp_path: Path, damage: str) -> None:
    shards = [rows_of("a b", "c d"), rows_of("c d", "e f"), rows_of("a b", "g h", "e f")]
    refs = write_rows(tmp_path / "whole", shards)
    whole = [read_segments(ref) for ref in segment_all(refs)]
    refs = write_rows(tmp_path / "broken", shards)
    segment_all(refs[:2])
    index = tmp_path / "broken" / "20-segment" / "index.sqlite"
    if damage == "gone":
        index.unlink()
    elif damage == "garbage":
        index.write_bytes(b"not a database" * 100)
    elif damage == "inside":
        index.write_bytes(index.read_bytes()[:4096] + b"\xff" * 8192)
    else:  # killed after the index was written and before the shard was
        connection = sqlite3.connect(index)
        with connection:
            connection.execute("INSERT INTO segments VALUES (?, 2, 0)", (segment_key("g h", "en"),))
            connection.execute("INSERT INTO shards VALUES (2, 'another')")
        connection.close()
    assert [read_segments(ref) for ref in segment_all(refs)] == whole


def test_a_changed_shard_changes_what_comes_after(tmp_path: Path) -> None:
    refs = write_rows(tmp_path, [rows_of("a", "b"), rows_of("b", "c")])
    segment_all(refs)
    write_rows(tmp_path, [rows_of("a", "x")])
    second = segment_all(refs)[1]
    assert new_segments(second).column("text").to_pylist() == ["b", "c"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab .\n", min_size=1).filter(str.strip), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_shard_and_shard_row_lead_to_the_text(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    run = tmp_path_factory.mktemp("run")
    refs = write_rows(run, [rows_of(*shard) for shard in texts])
    done = segment_all(refs)
    stored = [new_segments(ref).column("text").to_pylist() for ref in done]
    assert len({text for shard in stored for text in shard}) == sum(map(len, stored))
    for ref, shard in zip(done, texts, strict=True):
        for segment in read_segments(ref).to_pylist():
            text = shard[segment["row"]][segment["start"] : segment["end"]]
            assert stored[segment["shard"]][segment["shard_row"]] == text


def test_what_is_protected_makes_another_segment(tmp_path: Path) -> None:
    rows = [
        Row("a", "en", "See Bonn. Go home.", spans=(Span(4, 8, "city"),)),
        Row("b", "en", "See Bonn.", spans=(Span(4, 8, "name"),)),
        Row("c", "en", "See Bonn.", spans=(Span(0, 8, "city"),)),
        Row("d", "en", "See Bonn.", spans=(Span(4, 8, "city"),)),
    ]
    ref = ShardRef(tmp_path, "10-ingest", 0)
    with ShardWriter(ref, "x") as out:
        out.write_rows(rows, rows_in=len(rows))
    out_ref = segment_shard(ref, ref.next("20-segment"), "en", split_sentences, ["city"])
    new = new_segments(out_ref).to_pylist()
    assert [(s["text"], s["protected"]) for s in new] == [
        ("See Bonn.", [4, 8]), ("Go home.", None), ("See Bonn.", None), ("See Bonn.", [0, 8]),
    ]  # fmt: skip
    assert new[0]["key"] == segment_key("See Bonn.", "en", ((4, 8),))
    assert new[2]["key"] == segment_key("See Bonn.", "en")
    assert len({s["key"] for s in new}) == 4
