"""Texts put together again: offsets, scores, gaps and flags."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.protocol import Hypothesis
from translators.reassembly import EMPTY, Reassembly, WeightedScore
from translators.sentences import Joint, split_sentences

EN_DE = Joint("en", "de")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a source, the white space before it, and its translation."""

    gap: str
    source: str
    translation: str
    score: float
    pieces: int
    flags: tuple[str, ...]


WHITE_SPACE = st.text(" \n\t\u00a0", max_size=3)
SENTENCES = st.lists(
    st.builds(
        Sentence,
        WHITE_SPACE,
        st.text("ab.。", min_size=1, max_size=5),
        st.text("xy 。", max_size=5),
        st.floats(-20, 0),
        st.integers(0, 50),
        st.lists(st.sampled_from(["length", "copy", "repetition"]), max_size=2).map(tuple),
    ),
    max_size=6,
)
JOINTS = st.sampled_from([None, EN_DE, Joint("zh", "en"), Joint("en", "zh-Hans")])


def source_of(sentences: list[Sentence], tail: str) -> str:
    return "".join(s.gap + s.source for s in sentences) + tail


def reassemble(sentences: list[Sentence], tail: str, joint: Joint | None) -> Reassembly:
    """All of `sentences` added in order."""
    reassembly = Reassembly(source_of(sentences, tail), joint)
    at = 0
    for s in sentences:
        start = at + len(s.gap)
        at = start + len(s.source)
        reassembly.add(start, at, s.translation, s.score, s.pieces, s.flags)
    return reassembly


@given(sentences=SENTENCES, tail=WHITE_SPACE, joint=JOINTS)
def test_every_sentence_lies_where_its_offsets_say(
    sentences: list[Sentence], tail: str, joint: Joint | None
) -> None:
    source = source_of(sentences, tail)
    whole = reassemble(sentences, tail, joint).finish()
    end = 0
    for sentence, placed in zip(sentences, whole.sentences, strict=True):
        assert source[placed.start : placed.end] == sentence.source
        assert whole.text[placed.target_start : placed.target_end] == sentence.translation
        # Nothing but white space lies between two sentences.
        assert placed.target_start >= end
        assert not whole.text[end : placed.target_start].strip()
        end = placed.target_end
    assert whole.text[end:] == tail


@given(sentences=SENTENCES, tail=WHITE_SPACE)
def test_without_a_joint_the_gaps_are_those_of_the_source(
    sentences: list[Sentence], tail: str
) -> None:
    expected = "".join(s.gap + s.translation for s in sentences) + tail
    assert reassemble(sentences, tail, None).finish().text == expected


@given(sentences=SENTENCES, tail=WHITE_SPACE, joint=JOINTS)
def test_score_is_the_average_weighted_by_pieces(
    sentences: list[Sentence], tail: str, joint: Joint | None
) -> None:
    whole = reassemble(sentences, tail, joint).finish()
    weights = [max(1, s.pieces) for s in sentences]
    if not sentences:
        assert whole.score == 0.0
        return
    total = math.fsum(s.score * w for s, w in zip(sentences, weights, strict=True))
    assert whole.score == pytest.approx(total / sum(weights))
    assert min(s.score for s in sentences) - 1e-9 <= whole.score <= 0.0
    assert whole.weighted_score.weight == sum(weights)


@given(first=SENTENCES, second=SENTENCES)
def test_scores_of_two_texts_make_one(first: list[Sentence], second: list[Sentence]) -> None:
    both = WeightedScore()
    for sentences in (first, second):
        both.include(reassemble(sentences, "", EN_DE).finish().weighted_score)
    together = reassemble([*first, *second], "", EN_DE).finish()
    assert both.weight == together.weighted_score.weight
    assert both.mean == pytest.approx(together.score)


@given(sentences=SENTENCES, tail=WHITE_SPACE, joint=JOINTS)
def test_flags_are_the_union_in_order(
    sentences: list[Sentence], tail: str, joint: Joint | None
) -> None:
    whole = reassemble(sentences, tail, joint).finish()
    expected: dict[str, None] = {}
    for sentence, placed in zip(sentences, whole.sentences, strict=True):
        blank = () if sentence.translation.strip() else (EMPTY,)
        assert placed.flags == tuple(dict.fromkeys((*sentence.flags, *blank)))
        expected |= dict.fromkeys(placed.flags)
    assert whole.flags == tuple(expected)
    assert whole.is_lost == (bool(sentences) and not whole.text.strip())


def test_a_sentence_that_comes_out_blank_adds_no_text() -> None:
    reassembly = Reassembly("One. Two. Three.", EN_DE)
    starts = [
        reassembly.add(0, 4, "Eins.", -1.0, 3),
        reassembly.add(5, 9, "", -5.0, 0),
        reassembly.add(10, 16, "Drei.", -2.0, 2, ("length",)),
    ]
    whole = reassembly.finish()
    assert (whole.text, starts) == ("Eins.  Drei.", [0, 6, 7])
    assert whole.score == (3 * -1.0 + 1 * -5.0 + 2 * -2.0) / 6
    assert whole.flags == (EMPTY, "length") and not whole.is_lost


def test_nothing_is_joined_to_a_first_sentence_that_came_out_blank() -> None:
    reassembly = Reassembly("你好。世界。", Joint("zh", "en"))
    reassembly.add(0, 3, "", -1.0, 0)
    reassembly.add(3, 6, "World.", -1.0, 2)
    assert reassembly.finish().text == "World."


@pytest.mark.parametrize(
    ("text", "flags"), [("", ()), (" \n", ()), ("Hello.", (EMPTY,)), (" Hello.\n", (EMPTY,))]
)
def test_a_text_that_comes_out_blank(text: str, flags: tuple[str, ...]) -> None:
    """Only a text that has content is lost."""
    reassembly = Reassembly(text, EN_DE)
    for start, end in split_sentences(text, "en"):
        reassembly.add_hypothesis(start, end, Hypothesis("", -1.0))
    whole = reassembly.finish()
    assert whole.flags == flags and whole.is_lost == bool(flags)
    assert not whole.text.strip()


def test_a_hypothesis_weighs_as_many_pieces_as_it_has() -> None:
    reassembly = Reassembly("A b", None)
    reassembly.add_hypothesis(0, 1, Hypothesis("x", -1.0, target_pieces=((0, 1),)))
    reassembly.add_hypothesis(2, 3, Hypothesis("y", -2.0, piece_count=3))
    assert reassembly.finish().score == (-1.0 + 3 * -2.0) / 4


@pytest.mark.parametrize(("start", "end"), [(1, 4), (3, 9), (5, 4), (-1, 2)])
def test_sentences_come_in_order_and_inside_the_text(start: int, end: int) -> None:
    reassembly = Reassembly("One. Two", None)
    reassembly.add(0, 3, "Eins", 0.0, 1)
    with pytest.raises(ValueError, match=rf"sentence {start}:{end} is not within 3:8"):
        reassembly.add(start, end, "x", 0.0, 1)


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        ("zh-Hans", "en", "你好。世界。", "Hello. World."),
        ("en", "zh-Hans", "Hello. World.", "你好。世界。"),
        ("en", "de", "Hello. World.", "Hallo. Welt."),
        ("ja", "zh-Hant", "今日は。世界。", "你好。世界。"),
        ("en", "zh", "Hello.\n\nWorld.", "你好。\n\n世界。"),
    ],
)
def test_sentences_are_joined_as_the_target_language_writes(
    source: str, target: str, text: str, expected: str
) -> None:
    cuts = split_sentences(text, source)
    assert len(cuts) == 2
    parts = [expected[a:b] for a, b in split_sentences(expected, target)]
    reassembly = Reassembly(text, Joint(source, target))
    starts = [reassembly.add(a, b, part, 0.0, 1) for (a, b), part in zip(cuts, parts, strict=True)]
    joined = reassembly.finish().text
    assert joined == expected
    assert [joined[at:].startswith(part) for at, part in zip(starts, parts, strict=True)] == [
        True,
        True,
    ]
