"""The sentences of texts and of translations that exist already."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelferry
from alignment.protocol import ProjectionInput
from augmentation.projection.sentences import pair_sentences, with_sentences
from corpora.records import Row, Span
from flows.cli.main import main
from tests.helpers.json_lines import write_json_lines

VERBS = {"walked": "ging", "slept": "schlief", "sang": "sang", "ran": "lief", "lived": "lebte"}


def places(text: str, name: str = "Oslo") -> list[Span]:
    starts = [at for at in range(len(text)) if text.startswith(name, at)]
    return [Span(at, at + len(name), "LOC") for at in starts]


def projected(
    source: str, target: str, spans: list[Span], **settings: object
) -> list[tuple[int, int]]:
    result = labelferry.project(
        [Row("1", "en", source, spans=tuple(spans))], [target], source="en", target="de",
        unplaced="drop-span", **settings,
    )  # fmt: skip
    return [(span.start, span.end) for span in result.kept[0].spans]


@pytest.mark.parametrize("count", [1, 5, 10, 40])
def test_many_mentions_of_one_name_stay_in_their_sentences(count: int) -> None:
    text = " ".join(["In Oslo."] * count)
    spans = places(text)
    for chosen in (spans[:1], spans[-1:], spans):
        assert projected(text, text, chosen) == [(s.start, s.end) for s in chosen]


@pytest.mark.parametrize("count", [22, 23, 60])
def test_mentions_in_varied_sentences(count: int) -> None:
    verbs = random.Random(3).choices(list(VERBS.items()), k=count)
    source = " ".join(f"He {verb} in Oslo yesterday." for verb, _ in verbs)
    target = " ".join(f"Gestern {verb} er in Oslo." for _, verb in verbs)
    right = [(s.start, s.end) for s in places(target)]
    assert projected(source, target, places(source)) == right
    assert projected(source, target, places(source)[7:8]) == right[7:8]


def test_sentences_that_were_joined_or_cut() -> None:
    sources = ["Anna lives in Ulm.", "She is 43.", "Otto met 7 friends in Bonn and went home."]
    targets = ["Anna lebt in Ulm, sie ist 43.", "Otto traf 7 Freunde in Bonn.", "Er ging heim."]
    assert pair_sentences(sources, targets) == [((0, 2), (0, 1)), ((2, 3), (1, 3))]
    assert pair_sentences(["a"], ["b", "c"]) == [((0, 1), (0, 2))]


@settings(max_examples=40, deadline=None)
@given(*[st.lists(st.text("ab ", min_size=1, max_size=9), min_size=1, max_size=20)] * 2)
def test_every_sentence_is_in_one_pair(sources: list[str], targets: list[str]) -> None:
    pairs = pair_sentences(sources, targets)
    for side, size in enumerate(map(len, (sources, targets))):
        numbers = [n for pair in pairs for n in range(*pair[side])]
        assert numbers == list(range(size))
        assert all(start < end for start, end in (pair[side] for pair in pairs))


def test_rows_with_one_sentence_or_without_spans_have_no_segments() -> None:
    spans = (Span(0, 4, "X"),)
    two = "Anna lacht. Otto weint."
    rows = [
        ProjectionInput(two[:11], spans, two, (), "en", "de"),
        ProjectionInput(two, (), two, (), "en", "de"),
        ProjectionInput(two, spans, two, (), "en", "de"),
    ]
    assert [len(row.segments) for row in with_sentences(rows)] == [0, 0, 2]


def test_an_empty_line_of_links_places_nothing(tmp_path: Path) -> None:
    links = tmp_path / "x.talp"
    links.write_text("\n")
    text = "Oslo"
    assert projected(text, text, places(text), alignments=links) == []
    links.write_text("0-0\n")
    assert projected(text, text, places(text), alignments=links) == [(0, 4)]


def test_links_count_tokens_between_spaces_and_tabs_alone(tmp_path: Path) -> None:
    links = tmp_path / "x.talp"
    links.write_text("0-1 1-0\n")
    source, target = "10\u00a0km Oslo", "Oslo 10\u2009km"
    assert projected(source, target, places(source), alignments=links) == [(0, 4)]


def test_parts_of_a_word_do_not_swallow_each_other(tmp_path: Path) -> None:
    spans = [Span(0, 5, "A"), Span(5, 10, "B")]
    assert projected("SouthKorea wins", "SouthKorea gewinnt", spans) == [(0, 5), (5, 10)]
    assert projected("SouthKorea wins", "Südkorea gewinnt", spans) == []
    rows = [{"id": "1", "text": "SouthKorea wins", "spans": [[0, 5, "A"], [5, 10, "B"]]}]
    out = tmp_path / "out.conll"
    (tmp_path / "de.conll").write_text("# id = 1\nSouthKorea\tO\ngewinnt\tO\n")
    code = main(
        ["project", str(write_json_lines(tmp_path / "en.jsonl", *rows)), "--targets",
         str(tmp_path / "de.conll"), "--source", "en", "--target", "de", "--out", str(out)]
    )  # fmt: skip
    assert code == 0
    assert [line.split("\t") for line in out.read_text().splitlines() if "\t" in line] == [
        ["South", "B-A"], ["Korea", "B-B"], ["gewinnt", "O"],
    ]  # fmt: skip
