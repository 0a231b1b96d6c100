"""Translated, predicted, and projected back onto the original, with the toy translator."""

from dataclasses import replace

import numpy as np
import pytest

from alignment.projectors import load_projector
from augmentation.translate_test.round_trip import RoundTrip
from corpora.predictions import Prediction
from corpora.records import Row, Span
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_test_runs import CITIES
from translators.protocol import DecodingOptions, Hypothesis


class Sure:
    """A predictor in the tests' own process."""

    labels = ()

    def predict(self, rows):
        out = []
        for row in rows:
            spans = [
                Span(row.text.index(c.upper()), row.text.index(c.upper()) + len(c), "city")
                for c in CITIES
                if c.upper() in row.text
            ]
            out.append(Prediction(row.id, "a", {"a": 0.6, "b": 0.4}, tuple(spans), row.text))
        return out

    def save(self, folder):
        raise NotImplementedError


def round_trip(task, translator=None, projector="attention", **options):
    return RoundTrip(
        task,
        "de",
        "en",
        translator or ToyTranslator(),
        load_projector(projector) if projector else None,
        DecodingOptions(return_attention=True, **options),
    )


def test_spans_come_back_to_the_original_text():
    rows = [Row("1", "de", "fahr nach Bremen. Jetzt nach Oslo und Paris!"), Row("2", "de", "nein")]
    one = round_trip("tokens")
    translated = one.translate(rows)
    assert translated[0].texts[0].text == "BREMEN. NACH FAHR PARIS! UND OSLO NACH JETZT"
    found = one.predict(translated, Sure())
    assert [rows[0].text[s.start : s.end] for s in found[0].spans] == ["Bremen", "Oslo", "Paris"]
    assert [p.id for p in found] == ["1", "2"]
    assert found[1].spans == ()
    assert found[0].spans[0].projector == "attention"


def test_a_span_that_cannot_be_brought_back_leaves_a_flag():
    class Lost(Sure):
        def predict(self, rows):
            return [
                Prediction(r.id, spans=(Span(0, len(r.text.split()[0]), "city"),)) for r in rows
            ]

    one = round_trip("tokens")
    (found,) = one.predict(one.translate([Row("1", "de", "fahr nach unaligned")]), Lost())
    assert found.spans == ()
    assert found.flags == ("unmapped:city",)
    assert found.unmapped == ("city",)


def test_answers_come_back_as_spans_of_the_context():
    row = Row("1", "de", "das Haus steht in Bremen", "wo steht es ?")
    one = round_trip("qa")
    translated = one.translate([row])
    assert translated[0].variants("en")[0].text_pair == "? ES STEHT WO"
    (found,) = one.predict(translated, Sure())
    assert [row.text[s.start : s.end] for s in found.spans] == ["Bremen"]


def test_what_was_weighed_comes_back_for_an_ensemble():
    spans = [Span(0, 6, "city", None, 0.6), Span(0, 11, "place", None, 0.3)]
    other = Span(7, 11, "way", None, 0.2)

    class Weighs(Sure):
        def predict(self, rows):
            return [Prediction(r.id, spans=(spans[0],), candidates=(*spans, other)) for r in rows]

    one = round_trip("tokens")
    translated = one.translate([Row("1", "de", "nach Bremen")])  # BREMEN NACH
    (found,) = one.predict(translated, Weighs(), for_ensemble=True)
    assert [(s.start, s.end, s.label) for s in found.spans] == [(5, 11, "city")]
    assert [(s.start, s.end, s.label, s.confidence) for s in found.candidates] == [
        (0, 4, "way", 0.2), (0, 11, "place", 0.3), (5, 11, "city", 0.6),
    ]  # fmt: skip
    assert one.predict(translated, Weighs())[0].candidates == ()


def test_answers_that_are_lost_leave_their_chances_to_the_others():
    # UNALIGNED STEHT HAUS, of which the first word cannot be brought back
    answers = (Span(0, 9, "answer", None, 0.5), Span(10, 15, "answer", None, 0.3))

    class Weighs(Sure):
        def predict(self, rows):
            return [Prediction(r.id, spans=answers[:1], candidates=answers) for r in rows]

    one = round_trip("qa")
    row = Row("1", "de", "Haus steht unaligned", "wo ?")
    (found,) = one.predict(one.translate([row]), Weighs(), for_ensemble=True)
    assert found.unmapped == ("answer",)
    assert [(s.start, s.end) for s in found.candidates] == [(5, 10)]
    assert found.candidates[0].confidence == pytest.approx(0.8)


class Says(Sure):
    """Says the same of every row."""

    def __init__(self, **said):
        self.said = said

    def predict(self, rows):
        return [Prediction(row.id, **self.said) for row in rows]


def test_spans_that_overlap_others_are_not_lost_in_silence():
    one = round_trip("tokens")
    spans = (Span(0, 6, "city"), Span(0, 11, "place"), Span(3, 6, "city"))
    (found,) = one.predict(one.translate([Row("1", "de", "nach Bremen")]), Says(spans=spans))
    assert [(s.start, s.end, s.label) for s in found.spans] == [(0, 11, "place")]
    assert found.unmapped == ("city", "city")


@pytest.mark.parametrize(
    ("said", "answer", "unmapped"),
    [("BREMEN", ["Bremen"], ()), ("LONDON", [], ("answer",)), ("", [], ())],
)
def test_answers_given_as_text_are_found_in_the_context(said, answer, unmapped):
    row = Row("1", "de", "das Haus steht in Bremen", "wo ?")
    one = round_trip("qa")
    (found,) = one.predict(one.translate([row]), Says(target=said))
    assert [row.text[s.start : s.end] for s in found.spans] == answer
    assert found.unmapped == unmapped
    assert found.target is None


def test_a_back_translation_that_fails_is_flagged():
    one = round_trip("text", projector=None)
    (found,) = one.predict(one.translate([Row("1", "de", "ein Satz")]), Says(target="vanish"))
    assert found.flags == ("back-translation-empty",)


def test_free_text_is_translated_back():
    one = round_trip("text", projector=None)
    (found,) = one.predict(one.translate([Row("1", "de", "ein Satz")]), Sure())
    assert found.target == "EIN SATZ"  # reversed twice


def test_a_translation_that_fails_is_kept_and_flagged():
    one = round_trip("classification", projector=None)
    rows = [Row("1", "de", "vanish"), Row("2", "de", "gut")]
    translated = one.translate(rows)
    assert translated[0].texts[0].text == "vanish"
    found = one.predict(translated, Sure())
    assert [p.flags for p in found] == [("translation-empty",), ()]
    assert [p.label for p in found] == ["a", "a"]


class Several(ToyTranslator):
    """Three hypotheses: the toy's, another, and the first again."""

    def translate(self, texts, source, target, options):
        out = []
        for one in super().translate(texts, source, target, options):
            other = Hypothesis("ELSEWHERE", -2.0, one.source_pieces, ((0, 9),),
                               np.full((1, len(one.source_pieces)), 0.1, np.float32))  # fmt: skip
            out.append(replace(one, alternatives=(other, replace(one))))
        return out


def test_the_n_best_are_predicted_and_averaged():
    one = round_trip("classification", Several(), None, num_hypotheses=3)
    (translated,) = one.translate([Row("1", "de", "in Bremen")])
    assert [t.text for t in translated.texts] == ["BREMEN IN", "ELSEWHERE"]

    class Counting(Sure):
        def predict(self, rows):
            assert [r.id for r in rows] == ["1", "1#1"]
            return [
                Prediction(rows[0].id, "a", {"a": 0.9, "b": 0.1}),
                Prediction(rows[1].id, "b", {"a": 0.2, "b": 0.8}),
            ]

    (found,) = one.predict([translated], Counting())
    assert found.id == "1"
    assert found.probabilities == pytest.approx({"a": 0.55, "b": 0.45})
    assert found.label == "a"
