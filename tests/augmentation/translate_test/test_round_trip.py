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


class CityPredictor:
    """A predictor that finds the cities, in the tests' process."""

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


def test_spans_are_projected_back_onto_the_original_text():
    rows = [Row("1", "de", "fahr nach Bremen. Jetzt nach Oslo und Paris!"), Row("2", "de", "nein")]
    trip = round_trip("tokens")
    translated = trip.translate(rows)
    assert translated[0].texts[0].text == "BREMEN. NACH FAHR PARIS! UND OSLO NACH JETZT"
    predictions = trip.predict(translated, CityPredictor())
    assert [rows[0].text[s.start : s.end] for s in predictions[0].spans] == [
        "Bremen",
        "Oslo",
        "Paris",
    ]
    assert [p.id for p in predictions] == ["1", "2"]
    assert predictions[1].spans == ()
    assert predictions[0].spans[0].projector == "attention"


def test_a_span_that_cannot_be_projected_back_is_flagged():
    class FirstWordPredictor(CityPredictor):
        def predict(self, rows):
            return [
                Prediction(r.id, spans=(Span(0, len(r.text.split()[0]), "city"),)) for r in rows
            ]

    trip = round_trip("tokens")
    (prediction,) = trip.predict(
        trip.translate([Row("1", "de", "fahr nach unaligned")]), FirstWordPredictor()
    )
    assert prediction.spans == ()
    assert prediction.flags == ("unmapped:city",)
    assert prediction.unmapped == ("city",)


def test_answers_are_projected_back_onto_the_context():
    row = Row("1", "de", "das Haus steht in Bremen", "wo steht es ?")
    trip = round_trip("qa")
    translated = trip.translate([row])
    assert translated[0].variants("en")[0].text_pair == "? ES STEHT WO"
    (prediction,) = trip.predict(translated, CityPredictor())
    assert [row.text[s.start : s.end] for s in prediction.spans] == ["Bremen"]


def test_candidates_are_projected_back_for_an_ensemble():
    spans = [Span(0, 6, "city", None, 0.6), Span(0, 11, "place", None, 0.3)]
    other = Span(7, 11, "way", None, 0.2)

    class CandidatePredictor(CityPredictor):
        def predict(self, rows):
            return [Prediction(r.id, spans=(spans[0],), candidates=(*spans, other)) for r in rows]

    trip = round_trip("tokens")
    translated = trip.translate([Row("1", "de", "nach Bremen")])  # BREMEN NACH
    (prediction,) = trip.predict(translated, CandidatePredictor(), for_ensemble=True)
    assert [(s.start, s.end, s.label) for s in prediction.spans] == [(5, 11, "city")]
    assert [(s.start, s.end, s.label, s.confidence) for s in prediction.candidates] == [
        (0, 4, "way", 0.2), (0, 11, "place", 0.3), (5, 11, "city", 0.6),
    ]  # fmt: skip
    assert trip.predict(translated, CandidatePredictor())[0].candidates == ()


def test_probabilities_of_unmapped_answers_go_to_the_others():
    # UNALIGNED STEHT HAUS, of which the first word cannot be projected back
    answers = (Span(0, 9, "answer", None, 0.5), Span(10, 15, "answer", None, 0.3))

    class CandidatePredictor(CityPredictor):
        def predict(self, rows):
            return [Prediction(r.id, spans=answers[:1], candidates=answers) for r in rows]

    trip = round_trip("qa")
    row = Row("1", "de", "Haus steht unaligned", "wo ?")
    (prediction,) = trip.predict(trip.translate([row]), CandidatePredictor(), for_ensemble=True)
    assert prediction.unmapped == ("answer",)
    assert [(s.start, s.end) for s in prediction.candidates] == [(5, 10)]
    assert prediction.candidates[0].confidence == pytest.approx(0.8)


class FixedPredictor(CityPredictor):
    """Predicts the same for every row."""

    def __init__(self, **fields):
        self.fields = fields

    def predict(self, rows):
        return [Prediction(row.id, **self.fields) for row in rows]


def test_overlapping_spans_are_counted_as_unmapped():
    trip = round_trip("tokens")
    spans = (Span(0, 6, "city"), Span(0, 11, "place"), Span(3, 6, "city"))
    (prediction,) = trip.predict(
        trip.translate([Row("1", "de", "nach Bremen")]), FixedPredictor(spans=spans)
    )
    assert [(s.start, s.end, s.label) for s in prediction.spans] == [(0, 11, "place")]
    assert prediction.unmapped == ("city", "city")


@pytest.mark.parametrize(
    ("predicted", "answer", "unmapped"),
    [("BREMEN", ["Bremen"], ()), ("LONDON", [], ("answer",)), ("", [], ())],
)
def test_answers_given_as_text_are_found_in_the_context(predicted, answer, unmapped):
    row = Row("1", "de", "das Haus steht in Bremen", "wo ?")
    trip = round_trip("qa")
    (prediction,) = trip.predict(trip.translate([row]), FixedPredictor(target=predicted))
    assert [row.text[s.start : s.end] for s in prediction.spans] == answer
    assert prediction.unmapped == unmapped
    assert prediction.target is None


def test_a_back_translation_that_fails_is_flagged():
    trip = round_trip("text", projector=None)
    (prediction,) = trip.predict(
        trip.translate([Row("1", "de", "ein Satz")]), FixedPredictor(target="vanish")
    )
    assert prediction.flags == ("back-translation-empty",)


def test_free_text_is_translated_back():
    trip = round_trip("text", projector=None)
    (prediction,) = trip.predict(trip.translate([Row("1", "de", "ein Satz")]), CityPredictor())
    assert prediction.target == "EIN SATZ"  # reversed twice


def test_a_translation_that_fails_is_kept_and_flagged():
    trip = round_trip("classification", projector=None)
    rows = [Row("1", "de", "vanish"), Row("2", "de", "gut")]
    translated = trip.translate(rows)
    assert translated[0].texts[0].text == "vanish"
    predictions = trip.predict(translated, CityPredictor())
    assert [p.flags for p in predictions] == [("translation-empty",), ()]
    assert [p.label for p in predictions] == ["a", "a"]


class ThreeHypotheses(ToyTranslator):
    """Three hypotheses: the toy's, another, and the first again."""

    def translate(self, texts, source, target, options):
        out = []
        for hypothesis in super().translate(texts, source, target, options):
            pieces = hypothesis.source_pieces
            attention = np.full((1, len(pieces)), 0.1, np.float32)
            other = Hypothesis("ELSEWHERE", -2.0, pieces, ((0, 9),), attention)
            out.append(replace(hypothesis, alternatives=(other, replace(hypothesis))))
        return out


def test_the_n_best_are_predicted_and_averaged():
    trip = round_trip("classification", ThreeHypotheses(), None, num_hypotheses=3)
    (translated,) = trip.translate([Row("1", "de", "in Bremen")])
    assert [t.text for t in translated.texts] == ["BREMEN IN", "ELSEWHERE"]

    class PerHypothesisPredictor(CityPredictor):
        def predict(self, rows):
            assert [r.id for r in rows] == ["1", "1#1"]
            return [
                Prediction(rows[0].id, "a", {"a": 0.9, "b": 0.1}),
                Prediction(rows[1].id, "b", {"a": 0.2, "b": 0.8}),
            ]

    (prediction,) = trip.predict([translated], PerHypothesisPredictor())
    assert prediction.id == "1"
    assert prediction.probabilities == pytest.approx({"a": 0.55, "b": 0.45})
    assert prediction.label == "a"
