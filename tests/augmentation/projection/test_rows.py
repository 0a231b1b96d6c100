from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from alignment.projectors import load_projector
from alignment.protocol import Projection, ProjectionInput
from augmentation.projection.rows import Outcome, project_rows
from augmentation.projection.spans import ProjectionContext
from augmentation.translation.segments import SEGMENT_SCHEMA, segment_key
from augmentation.translation.table import Translations, translation_batch
from corpora.batches import batch_to_dropped, batch_to_rows, rows_to_batch
from corpora.records import Row, Span
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions, Hypothesis
from translators.sentences import split_sentences


def carry(*rows: Row, task: Any = "tokens", target: str = "de", drop_rows: bool = True) -> Outcome:
    """Rows through the toy translator and the attention projector."""
    cut: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        for field, text in enumerate((row.text, row.text_pair, row.target)):
            for start, end in split_sentences(text or "", "en"):
                cut.append({"row": number, "field": field, "start": start, "end": end,
                            "home": 0, "place": 0, "text": (text or "")[start:end]})  # fmt: skip
    texts = [one["text"] for one in cut]
    spans = task in ("tokens", "qa")
    hypotheses = ToyTranslator().translate(
        texts, "en", target, DecodingOptions(return_attention=spans)
    )
    keys = pa.array([segment_key(text, "en") for text in texts], pa.binary(16))
    batch = translation_batch(keys, pa.array(texts, pa.string()), hypotheses)
    context = ProjectionContext(
        task, "en", target, "toy@1", load_projector("attention") if spans else None, drop_rows
    )
    return project_rows(
        rows_to_batch(rows),
        pa.Table.from_pylist(cut, SEGMENT_SCHEMA),
        Translations(pa.Table.from_batches([batch])),
        np.arange(len(cut)),
        context,
    )


class Loses:
    """Places a span where the translation has its very text, in capitals."""

    name = "loses"

    def __init__(self, learns: bool = False) -> None:
        self.learns = learns
        self.calls: list[list[str]] = []

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        self.calls.append([row.target for row in inputs])
        result = []
        for row in inputs:
            at = [row.target.find(row.source[s.start : s.end].upper()) for s in row.spans]
            placed = tuple(
                Span(start, start + span.end - span.start, span.label) if start >= 0 else None
                for start, span in zip(at, row.spans, strict=True)
            )
            result.append(Projection(placed, tuple("" if p else "unaligned" for p in placed)))
        return result


def carry_otherwise(
    rows: Sequence[Row],
    best: dict[str, str],
    others: dict[str, list[tuple[str, tuple[str, ...]]]],
    projector: Loses,
) -> tuple[Outcome, list[list[str]]]:
    """Rows whose sentences have translations and, when asked, further ones with flags."""
    cut = [
        {"row": number, "field": 0, "start": start, "end": end, "home": 0, "place": 0}
        for number, row in enumerate(rows)
        for start, end in split_sentences(row.text, "en")
    ]
    texts = [rows[one["row"]].text[one["start"] : one["end"]] for one in cut]
    batch = translation_batch(
        pa.array([segment_key(text, "en") for text in texts], pa.binary(16)),
        pa.array(texts, pa.string()),
        [Hypothesis(best[text], -1.0) for text in texts],
    )
    asked: list[list[str]] = []

    def ask(wanted: Sequence[str]) -> list[tuple[Hypothesis, ...]]:
        asked.append(list(wanted))
        return [
            tuple(Hypothesis(text, -2.0, flags=flags) for text, flags in others.get(one, []))
            for one in wanted
        ]

    outcome = project_rows(
        rows_to_batch(rows),
        pa.Table.from_pylist(cut, SEGMENT_SCHEMA),
        Translations(pa.Table.from_batches([batch])),
        np.arange(len(cut)),
        ProjectionContext("tokens", "en", "de", "toy@1", projector, True, ask),
    )
    return outcome, asked


def test_a_span_that_is_lost_finds_a_place_in_another_translation() -> None:
    rows = [
        Row("1", "en", "see rome", spans=(Span(4, 8, "city"),)),
        Row("2", "en", "Go on. See bonn. Be well.", spans=(Span(11, 15, "city"),)),
        Row("3", "en", "see york", spans=(Span(4, 8, "city"),)),
    ]
    best = {"see rome": "SEE ROME", "Go on.": "GO.", "See bonn.": "LOOK.", "Be well.": "BE WELL.",
            "see york": "LOOK"}  # fmt: skip
    others: dict[str, list[tuple[str, tuple[str, ...]]]] = {
        "See bonn.": [("LOOK!", ()), ("BONN BONN", ("repetition",)), ("SEE BONN.", ())],
        "see york": [("NEW", ())],
    }
    projector = Loses()
    outcome, asked = carry_otherwise(rows, best, others, projector)
    assert asked == [["See bonn.", "see york"]]
    first, second = batch_to_rows(outcome.kept)
    assert (first.text, second.text) == ("SEE ROME", "GO. SEE BONN. BE WELL.")
    assert words(second) == [("BONN", "city")]
    (dropped,) = batch_to_dropped(outcome.dropped)
    assert (dropped.row.id, dropped.reason) == ("3-de", "unplaced-span")
    assert dropped.row.text == "LOOK"
    assert outcome.retranslated == 1
    assert projector.calls[1] == ["GO. LOOK! BE WELL.", "GO. BONN BONN BE WELL.",
                                  "GO. SEE BONN. BE WELL.", "NEW"]  # fmt: skip


def test_a_projector_that_learns_sees_the_other_rows_too() -> None:
    rows = [
        Row("1", "en", "see rome", spans=(Span(4, 8, "city"),)),
        Row("2", "en", "see york", spans=(Span(4, 8, "city"),)),
    ]
    projector = Loses(learns=True)
    others: dict[str, list[tuple[str, tuple[str, ...]]]] = {"see york": [("YORK", ())]}
    outcome, _ = carry_otherwise(
        rows, {"see rome": "SEE ROME", "see york": "LOOK"}, others, projector
    )
    assert projector.calls[1] == ["YORK", "SEE ROME"]
    assert [row.text for row in kept(outcome)] == ["SEE ROME", "YORK"]


def test_without_other_translations_nothing_changes() -> None:
    rows = [Row("1", "en", "see york", spans=(Span(4, 8, "city"),))]
    outcome, asked = carry_otherwise(rows, {"see york": "LOOK"}, {}, Loses())
    assert asked == [["see york"]]
    assert (outcome.kept.num_rows, outcome.dropped.num_rows) == (0, 1)


def kept(outcome: Outcome) -> list[Row]:
    assert not outcome.dropped.num_rows
    return batch_to_rows(outcome.kept)


def words(row: Row) -> list[tuple[str, str]]:
    return [(row.text[span.start : span.end], span.label) for span in row.spans]


def test_spans_follow_their_words() -> None:
    row = Row("7", "en", "wake me at nine", label="alarm", spans=(Span(11, 15, "time"),))
    (made,) = kept(carry(row))
    assert made.text == "NINE AT ME WAKE"
    assert words(made) == [("NINE", "time")]
    assert made.spans[0].projector == "attention"
    assert 0 < (made.spans[0].confidence or 0) <= 1
    assert (made.id, made.lang, made.label) == ("7-de", "de", "alarm")
    assert made.provenance is not None
    assert made.provenance.source_id == "7"
    assert made.provenance.source_text == "wake me at nine"
    assert made.provenance.source_spans == row.spans
    assert made.provenance.method == "translate-train"
    assert made.provenance.model == "toy@1"


def test_what_is_carried_untouched() -> None:
    row = Row("1", "en", "a b", split="dev", meta={"k": "v"}, tokens=((0, 1), (2, 3)), label="x")
    (made,) = kept(carry(row, task="classification"))
    assert (made.split, dict(made.meta), made.label, made.tokens) == ("dev", {"k": "v"}, "x", None)


def test_white_space_between_sentences_stays() -> None:
    text = "  One two.\n\nThree four.  Five six. "
    row = Row("1", "en", text, spans=(Span(text.index("four"), text.index("four") + 4, "n"),))
    (made,) = kept(carry(row))
    assert made.text == "  TWO. ONE\n\nFOUR. THREE  SIX. FIVE "
    assert [word for word, _ in words(made)] == ["FOUR"]


def test_a_long_text_comes_out_whole_and_in_order() -> None:
    sentences = [f"The number is w{n}." for n in range(2500)]
    text = " ".join(sentences)
    at = text.index("w2400")
    (made,) = kept(carry(Row("1", "en", text, spans=(Span(at, at + 5, "n"),))))
    assert made.text == " ".join(f"W{n}. IS NUMBER THE" for n in range(2500))
    assert words(made) == [("W2400", "n")]


def test_japanese_closes_up_and_opens_up() -> None:
    row = Row("1", "en", "One two. Three.")
    (made,) = kept(carry(row, task="text", target="ja"))
    assert made.text == "TWO. ONETHREE."


def test_the_score_is_the_average_over_all_pieces() -> None:
    (made,) = kept(carry(Row("1", "en", "One two. Three four five six."), task="text"))
    assert made.provenance is not None
    score = made.provenance.translation_score
    assert score is not None and abs(score - (2 * -0.5 + 4 * -0.25) / 6) < 1e-9


def test_all_texts_are_translated() -> None:
    row = Row("1", "en", "a b", text_pair="c d", label="x", target="e f")
    (made,) = kept(carry(row, task="pair"))
    assert (made.text, made.text_pair, made.target) == ("B A", "D C", "F E")
    assert made.provenance is not None and made.provenance.source_text_pair == "c d"


def test_guards_drop_rows_with_their_reason() -> None:
    rows = [
        Row("1", "en", "fine"),
        Row("2", "en", "a repetition here"),
        Row("3", "en", "this will vanish"),
        Row("4", "en", "fine", text_pair="a copy"),
    ]
    outcome = carry(*rows, task="pair")
    assert [row.id for row in batch_to_rows(outcome.kept)] == ["1-de"]
    dropped = batch_to_dropped(outcome.dropped)
    assert [(one.row.id, one.reason) for one in dropped] == [
        ("2-de", "repetition"), ("3-de", "empty"), ("4-de", "copy"),
    ]  # fmt: skip
    assert dropped[2].detail == "text_pair 0:6"


def test_an_unplaced_span_drops_its_row_or_itself() -> None:
    row = Row("1", "en", "say unaligned now", spans=(Span(4, 13, "a"), Span(14, 17, "b")))
    outcome = carry(row)
    (dropped,) = batch_to_dropped(outcome.dropped)
    assert dropped.reason == "unplaced-span"
    assert dropped.detail.startswith("'unaligned' (a): ")
    assert outcome.lost == {("a", "unaligned"): 1, ("b", "row dropped: unplaced-span"): 1}
    outcome = carry(row, drop_rows=False)
    (made,) = kept(outcome)
    assert words(made) == [("NOW", "b")]
    assert outcome.placed == {"b": 1}
    assert outcome.spans == {"a": 1, "b": 1}


def test_one_answer_of_several_is_enough() -> None:
    text = "the unaligned tower stands tall"
    answers = (Span(14, 19, "answer"), Span(4, 13, "answer"), Span(14, 26, "answer"))
    row = Row("1", "en", text, text_pair="what stands", spans=answers)
    (made,) = kept(carry(row, task="qa"))
    assert {made.text[s.start : s.end] for s in made.spans} == {"TOWER", "STANDS TOWER"}
    lost = Row("2", "en", text, text_pair="what", spans=(Span(4, 13, "answer"),))
    for drop_rows in (True, False):
        outcome = carry(lost, task="qa", drop_rows=drop_rows)
        assert [one.reason for one in batch_to_dropped(outcome.dropped)] == ["unplaced-span"]


def test_an_unanswerable_question_stays_one() -> None:
    (made,) = kept(carry(Row("1", "en", "a b", text_pair="c"), task="qa"))
    assert made.spans == ()


def test_an_answer_across_sentences() -> None:
    text = "Tall towers. Old walls."
    row = Row("1", "en", text, text_pair="what", spans=(Span(0, len(text), "answer"),))
    (made,) = kept(carry(row, task="qa"))
    assert [word for word, _ in words(made)] in (["TOWERS. TALL WALLS. OLD"],)


def test_a_blank_pair_stays_blank() -> None:
    (made,) = kept(carry(Row("1", "en", "a b", text_pair=" "), task="pair"))
    assert made.text_pair == " "
