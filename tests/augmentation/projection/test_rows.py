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


def project_toy_rows(
    *rows: Row, task: Any = "tokens", target: str = "de", drop_rows: bool = True
) -> Outcome:
    """Rows through the toy translator and the attention projector."""
    segments: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        for field, text in enumerate((row.text, row.text_pair, row.target)):
            for start, end in split_sentences(text or "", "en"):
                segments.append({
                    "row": number, "field": field, "start": start, "end": end,
                    "shard": 0, "shard_row": 0, "text": (text or "")[start:end],
                })  # fmt: skip
    texts = [segment["text"] for segment in segments]
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
        pa.Table.from_pylist(segments, SEGMENT_SCHEMA),
        Translations(pa.Table.from_batches([batch])),
        np.arange(len(segments)),
        context,
    )


class SubstringProjector:
    """Places a span where the translation has its very text, in capitals."""

    name = "substring"

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


def project_with_alternatives(
    rows: Sequence[Row],
    best: dict[str, str],
    others: dict[str, list[tuple[str, tuple[str, ...]]]],
    projector: SubstringProjector,
) -> tuple[Outcome, list[list[str]]]:
    """Rows whose sentences have translations and, on request, alternatives with flags."""
    segments = [
        {"row": number, "field": 0, "start": start, "end": end, "shard": 0, "shard_row": 0}
        for number, row in enumerate(rows)
        for start, end in split_sentences(row.text, "en")
    ]
    texts = [rows[cut["row"]].text[cut["start"] : cut["end"]] for cut in segments]
    batch = translation_batch(
        pa.array([segment_key(text, "en") for text in texts], pa.binary(16)),
        pa.array(texts, pa.string()),
        [Hypothesis(best[text], -1.0) for text in texts],
    )
    requests: list[list[str]] = []

    def alternatives(texts: Sequence[str], protected: object) -> list[tuple[Hypothesis, ...]]:
        requests.append(list(texts))
        return [
            tuple(Hypothesis(text, -2.0, flags=flags) for text, flags in others.get(source, []))
            for source in texts
        ]

    outcome = project_rows(
        rows_to_batch(rows),
        pa.Table.from_pylist(segments, SEGMENT_SCHEMA),
        Translations(pa.Table.from_batches([batch])),
        np.arange(len(segments)),
        ProjectionContext("tokens", "en", "de", "toy@1", projector, True, alternatives),
    )
    return outcome, requests


def test_an_unplaced_span_is_projected_onto_an_alternative_translation() -> None:
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
    projector = SubstringProjector()
    outcome, requests = project_with_alternatives(rows, best, others, projector)
    assert requests == [["See bonn.", "see york"]]
    first, second = batch_to_rows(outcome.kept)
    assert (first.text, second.text) == ("SEE ROME", "GO. SEE BONN. BE WELL.")
    assert span_texts(second) == [("BONN", "city")]
    (dropped,) = batch_to_dropped(outcome.dropped)
    assert (dropped.row.id, dropped.reason) == ("3-de", "unplaced-span")
    assert dropped.row.text == "LOOK"
    assert outcome.retranslated == 1
    assert projector.calls[1] == ["GO. LOOK! BE WELL.", "GO. BONN BONN BE WELL.",
                                  "GO. SEE BONN. BE WELL.", "NEW"]  # fmt: skip


def test_a_projector_that_learns_gets_the_other_rows_too() -> None:
    rows = [
        Row("1", "en", "see rome", spans=(Span(4, 8, "city"),)),
        Row("2", "en", "see york", spans=(Span(4, 8, "city"),)),
    ]
    projector = SubstringProjector(learns=True)
    others: dict[str, list[tuple[str, tuple[str, ...]]]] = {"see york": [("YORK", ())]}
    outcome, _ = project_with_alternatives(
        rows, {"see rome": "SEE ROME", "see york": "LOOK"}, others, projector
    )
    assert projector.calls[1] == ["YORK", "SEE ROME"]
    assert [row.text for row in kept(outcome)] == ["SEE ROME", "YORK"]


def test_without_alternative_translations_the_row_is_dropped() -> None:
    rows = [Row("1", "en", "see york", spans=(Span(4, 8, "city"),))]
    outcome, requests = project_with_alternatives(
        rows, {"see york": "LOOK"}, {}, SubstringProjector()
    )
    assert requests == [["see york"]]
    assert (outcome.kept.num_rows, outcome.dropped.num_rows) == (0, 1)


def kept(outcome: Outcome) -> list[Row]:
    assert not outcome.dropped.num_rows
    return batch_to_rows(outcome.kept)


def span_texts(row: Row) -> list[tuple[str, str]]:
    return [(row.text[span.start : span.end], span.label) for span in row.spans]


def test_spans_are_projected_onto_their_words() -> None:
    row = Row("7", "en", "wake me at nine", label="alarm", spans=(Span(11, 15, "time"),))
    (made,) = kept(project_toy_rows(row))
    assert made.text == "NINE AT ME WAKE"
    assert span_texts(made) == [("NINE", "time")]
    assert made.spans[0].projector == "attention"
    assert 0 < (made.spans[0].confidence or 0) <= 1
    assert (made.id, made.lang, made.label) == ("7-de", "de", "alarm")
    assert made.provenance is not None
    assert made.provenance.source_id == "7"
    assert made.provenance.source_text == "wake me at nine"
    assert made.provenance.source_spans == row.spans
    assert made.provenance.method == "translate-train"
    assert made.provenance.model == "toy@1"


def test_split_meta_and_label_are_kept_and_tokens_are_not() -> None:
    row = Row("1", "en", "a b", split="dev", meta={"k": "v"}, tokens=((0, 1), (2, 3)), label="x")
    (made,) = kept(project_toy_rows(row, task="classification"))
    assert (made.split, dict(made.meta), made.label, made.tokens) == ("dev", {"k": "v"}, "x", None)


def test_white_space_between_sentences_is_kept() -> None:
    text = "  One two.\n\nThree four.  Five six. "
    row = Row("1", "en", text, spans=(Span(text.index("four"), text.index("four") + 4, "n"),))
    (made,) = kept(project_toy_rows(row))
    assert made.text == "  TWO. ONE\n\nFOUR. THREE  SIX. FIVE "
    assert [word for word, _ in span_texts(made)] == ["FOUR"]


def test_all_sentences_of_a_long_text_are_kept_in_order() -> None:
    sentences = [f"The number is w{n}." for n in range(2500)]
    text = " ".join(sentences)
    at = text.index("w2400")
    (made,) = kept(project_toy_rows(Row("1", "en", text, spans=(Span(at, at + 5, "n"),))))
    assert made.text == " ".join(f"W{n}. IS NUMBER THE" for n in range(2500))
    assert span_texts(made) == [("W2400", "n")]


def test_japanese_sentences_are_joined_without_a_space() -> None:
    row = Row("1", "en", "One two. Three.")
    (made,) = kept(project_toy_rows(row, task="text", target="ja"))
    assert made.text == "TWO. ONETHREE."


def test_the_score_is_the_average_over_all_pieces() -> None:
    (made,) = kept(project_toy_rows(Row("1", "en", "One two. Three four five six."), task="text"))
    assert made.provenance is not None
    score = made.provenance.translation_score
    assert score is not None and abs(score - (2 * -0.5 + 4 * -0.25) / 6) < 1e-9


def test_all_texts_are_translated() -> None:
    row = Row("1", "en", "a b", text_pair="c d", label="x", target="e f")
    (made,) = kept(project_toy_rows(row, task="pair"))
    assert (made.text, made.text_pair, made.target) == ("B A", "D C", "F E")
    assert made.provenance is not None and made.provenance.source_text_pair == "c d"


def test_guards_drop_rows_with_their_reason() -> None:
    rows = [
        Row("1", "en", "fine"),
        Row("2", "en", "a repetition here"),
        Row("3", "en", "this will vanish"),
        Row("4", "en", "fine", text_pair="a copy"),
    ]
    outcome = project_toy_rows(*rows, task="pair")
    assert [row.id for row in batch_to_rows(outcome.kept)] == ["1-de"]
    dropped = batch_to_dropped(outcome.dropped)
    assert [(row.row.id, row.reason) for row in dropped] == [
        ("2-de", "repetition"), ("3-de", "empty"), ("4-de", "copy"),
    ]  # fmt: skip
    assert dropped[2].detail == "text_pair 0:6"


def test_an_unplaced_span_drops_its_row_or_itself() -> None:
    row = Row("1", "en", "say unaligned now", spans=(Span(4, 13, "a"), Span(14, 17, "b")))
    outcome = project_toy_rows(row)
    (dropped,) = batch_to_dropped(outcome.dropped)
    assert dropped.reason == "unplaced-span"
    assert dropped.detail.startswith("'unaligned' (a): ")
    assert outcome.lost == {("a", "unaligned"): 1, ("b", "row dropped: unplaced-span"): 1}
    outcome = project_toy_rows(row, drop_rows=False)
    (made,) = kept(outcome)
    assert span_texts(made) == [("NOW", "b")]
    assert outcome.placed == {"b": 1}
    assert outcome.spans == {"a": 1, "b": 1}


def test_one_answer_of_several_is_enough() -> None:
    text = "the unaligned tower stands tall"
    answers = (Span(14, 19, "answer"), Span(4, 13, "answer"), Span(14, 26, "answer"))
    row = Row("1", "en", text, text_pair="what stands", spans=answers)
    (made,) = kept(project_toy_rows(row, task="qa"))
    assert {made.text[s.start : s.end] for s in made.spans} == {"TOWER", "STANDS TOWER"}
    lost = Row("2", "en", text, text_pair="what", spans=(Span(4, 13, "answer"),))
    for drop_rows in (True, False):
        outcome = project_toy_rows(lost, task="qa", drop_rows=drop_rows)
        assert [row.reason for row in batch_to_dropped(outcome.dropped)] == ["unplaced-span"]


def test_an_unanswerable_question_stays_unanswerable() -> None:
    (made,) = kept(project_toy_rows(Row("1", "en", "a b", text_pair="c"), task="qa"))
    assert made.spans == ()


def test_an_answer_across_sentences() -> None:
    text = "Tall towers. Old walls."
    row = Row("1", "en", text, text_pair="what", spans=(Span(0, len(text), "answer"),))
    (made,) = kept(project_toy_rows(row, task="qa"))
    assert [word for word, _ in span_texts(made)] in (["TOWERS. TALL WALLS. OLD"],)


def test_a_blank_text_pair_is_kept() -> None:
    (made,) = kept(project_toy_rows(Row("1", "en", "a b", text_pair=" "), task="pair"))
    assert made.text_pair == " "
