"""translate-test with the toy translator: capitals, words reversed, alignment known."""

import json
import re
import shlex
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from alignment.projectors import load_projector
from alignment.protocol import SegmentAlignment
from augmentation.translate_test import plan as plan_module
from augmentation.translate_test.answers import ANSWER, answer
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.merging import average, ensemble
from augmentation.translate_test.round_trip import RoundTrip
from augmentation.translate_test.run import translate_test
from augmentation.translate_test.setup import resolve
from augmentation.translation.documents import translate_documents, transpose
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from flows.cli.main import main
from scoring.files import read_predictions
from tests.augmentation.toy import ToyTranslator, toy
from translators.protocol import DecodingOptions, Hypothesis

__all__ = ["toy"]

CITIES = ("Bremen", "Paris", "Oslo")
PREDICTOR = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    text = row["text"]
    spans = []
    for city in ("BREMEN", "PARIS", "OSLO", "UNALIGNED"):
        if city in text:
            at = text.index(city)
            spans.append({"start": at, "end": at + len(city), "label": "city", "confidence": 0.9})
    label, other = ("question", "order") if "?" in text else ("order", "question")
    print(json.dumps({"id": row["id"], "label": label, "spans": spans,
                      "probabilities": {label: 0.75, other: 0.25}, "target": text}))
"""
COMMAND = f"command:{shlex.quote(sys.executable)} -c {shlex.quote(PREDICTOR)}"


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


CITY = Span(0, 6, "city", None, 0.8)
DATE = Span(7, 9, "date", None, 0.9)
WIDE = Span(0, 9, "city", None, 0.3)


def test_spans_are_voted_on():
    three = [Prediction("1", spans=s) for s in ((CITY, DATE), (CITY,), (WIDE,))]
    (city,) = average("tokens", three).spans
    assert (city.start, city.end) == (0, 6)
    assert city.confidence == pytest.approx(1.6 / 3)
    # Of two voters each has its way, and where they clash the surer one.
    two = [Prediction("1", spans=(CITY,)), Prediction("1", spans=(WIDE,))]
    assert [s.end for s in average("tokens", two).spans] == [6]
    lost = Prediction("1", flags=("unmapped:city",))
    assert average("tokens", [lost, lost, three[0]]).flags == ("unmapped:city",)
    assert average("tokens", [lost, three[0], three[0]]).flags == ()


def test_flags_are_voted_on_copy_by_copy():
    none, one, two = (Prediction("1", flags=("unmapped:city",) * count) for count in range(3))
    assert average("tokens", [two, none, none]).flags == ()
    assert average("tokens", [two, two, two]).flags == two.flags
    assert average("tokens", [two, one, none]).flags == one.flags
    assert ensemble("tokens", two, one, 0.5).flags == two.flags
    assert ensemble("tokens", two, one, 0.6).flags == one.flags
    other = Prediction("1", flags=("unmapped:city", "unmapped:date", "unmapped:city"))
    assert average("tokens", [other, other]).flags == other.flags


def test_answers_are_voted_on():
    yes, no = Prediction("1", spans=(CITY,)), Prediction("1")
    lost = Prediction("1", flags=("unmapped:answer",))
    assert average("qa", [yes, yes, no]).spans[0].end == 6
    assert average("qa", [yes, no, no]).spans == ()
    assert average("qa", [yes, lost, no]).spans[0].end == 6
    assert average("qa", [lost, lost, no]).unmapped == ("answer",)
    assert average("qa", [Prediction("1", spans=(WIDE,)), yes, yes]).spans[0].end == 6


def test_an_ensemble_averages_logits():
    one = Prediction("1", "a", {"a": 0.9, "b": 0.1})
    other = Prediction("1", "b", {"a": 0.2, "b": 0.8})
    found = ensemble("classification", one, other)
    a, b = (0.9 * 0.2) ** 0.5, (0.1 * 0.8) ** 0.5
    assert found.probabilities == pytest.approx({"a": a / (a + b), "b": b / (a + b)})
    assert found.label == "a"
    assert ensemble("classification", one, other, 1.0).probabilities == pytest.approx(
        other.probabilities
    )
    assert ensemble("classification", one, Prediction("1", "b")).label == "b"


def test_attention_is_transposed():
    attention = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.7, 0.1]], np.float32)
    segment = SegmentAlignment(((0, 1), (1, 2), (2, 3)), ((0, 1), (1, 2), (2, 3)), attention)
    (found,) = transpose([segment])
    assert found.attention[0] == pytest.approx([1 / 2.2, 1 / 2.2, 0.2 / 2.2])
    assert found.attention[1] == pytest.approx([0, 0, 0.7])
    assert found.attention[2] == pytest.approx([0, 0, 0.1])


def test_whole_texts_keep_the_white_space_between_sentences():
    from translators.sentences import split_sentences

    texts = ["Eins zwei.\n\nDrei vier. ", "", "Drei vier."]
    translator = ToyTranslator()
    found = translate_documents(texts, "de", "en", translator, DecodingOptions(), split_sentences)
    assert [one[0].text for one in found] == ["ZWEI. EINS\n\nVIER. DREI ", "", "VIER. DREI"]
    assert sorted(translator.seen) == ["Drei vier.", "Eins zwei."]


@pytest.fixture
def source(tmp_path):
    rows = [
        {"id": f"r{i}", "lang": "de", "text": f"fahr nach {CITIES[i % 3]}{' ?' * (i % 2)}",
         "label": "question" if i % 2 else "order",
         "spans": [{"start": 10, "end": 10 + len(CITIES[i % 3]), "label": "city"}]}
        for i in range(12)
    ]  # fmt: skip
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def config(source, out, **more):
    values = {
        "input": source, "task": "tokens", "source": "de", "target": "en", "predictor": COMMAND,
        "out": out, "shard_rows": 5,
    }  # fmt: skip
    return TranslateTestConfig.model_validate(values | more)


def test_a_run_writes_what_score_reads(tmp_path, source, toy, capsys):
    out = tmp_path / "run"
    result = translate_test(config(source, out))
    assert result.rows == 12
    assert result.flags == Counter()
    first = json.loads(result.predictions.read_text(encoding="utf-8").splitlines()[0])
    assert first["translation"] == "BREMEN NACH FAHR"
    assert first["probabilities"] == {"order": 0.75, "question": 0.25}
    predictions = read_predictions(result.predictions, "tokens", [])
    assert len(predictions) == 12
    command = ["score", str(result.predictions), "--gold", str(source), "--task", "tokens"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {s["name"]: s["value"] for s in report["scores"]}["exact_rows"] == 100.0


def test_a_run_goes_on_where_it_was_cut_off(tmp_path, source, toy, monkeypatch):
    def failing(ref, setup):
        if ref.index == 2:
            raise RuntimeError("cut off")
        return answer(ref, setup)

    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="cut off"):
        patch.setattr(plan_module, "answer", failing)
        translate_test(config(source, out))
    before = {p: p.stat().st_mtime_ns for p in (out / ANSWER).glob("part-*.arrow")}
    assert len(before) == 2
    seen = len(toy.seen)
    assert translate_test(config(source, out)).rows == 12
    assert len(toy.seen) == seen + 2  # the last shard's two rows
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    with pytest.raises(UserError, match="made by another configuration"):
        translate_test(config(source, out, n_best=2))


def test_a_script_that_has_changed_is_another_predictor(tmp_path, source, toy):
    script = tmp_path / "predict.py"
    script.write_text(PREDICTOR)
    given = {"predictor": f"command:{shlex.quote(sys.executable)} {shlex.quote(str(script))}"}
    translate_test(config(source, tmp_path / "run", **given))
    before = resolve(config(source, tmp_path / "run", **given)).predictors
    script.write_text(PREDICTOR.replace("PARIS", "NOWHERE"))
    assert resolve(config(source, tmp_path / "run", **given)).predictors != before
    with pytest.raises(UserError, match=r"inputs.command:.*predict\.py: '\w+' -> '\w+'\); choose"):
        translate_test(config(source, tmp_path / "run", **given))
    again = translate_test(config(source, tmp_path / "again", **given))
    found = read_predictions(again.predictions, "tokens", [])
    assert [len(p.spans) for p in found] == [1, 0, 1] * 4


def test_an_ensemble_asks_the_second_predictor_on_the_original(tmp_path, source, toy):
    own = PREDICTOR.replace("BREMEN", "Bremen").replace('"?" in', '"never" in')
    command = f"command:{shlex.quote(sys.executable)} -c {shlex.quote(own)}"
    result = translate_test(config(source, tmp_path / "run", ensemble=command, ensemble_weight=0.9))
    found = read_predictions(result.predictions, "tokens", [])
    assert {p.label for p in found} == {"order"}
    assert all(len(p.spans) <= 1 for p in found)


def test_rows_without_labels_are_taken_and_a_limit_holds(tmp_path, toy):
    path = tmp_path / "bare.csv"
    path.write_text("id,text\n" + "".join(f"{i},fahr nach Oslo\n" for i in range(9)))
    limited = config(path, tmp_path / "run", reading={"limit": 7})
    assert translate_test(limited).rows == 7


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"predictor": "command:false"}, "failed with exit code 1"),
        ({"predictor": "command:sleep 30", "timeout": "0.5"}, "took longer than 0.5 seconds"),
        ({"predictor": "command:echo loading"}, "printed 'loading' on line 1: not JSON"),
        ({"predictor": "no/such/folder/here"}, "no such folder"),
        ({"source": "en"}, "both 'en'"),
        ({"task": "ner"}, "no task 'ner'"),
        ({"input": "none.jsonl"}, "no such file"),
    ],
)
def test_bad_input_ends_with_2(tmp_path, source, toy, capsys, change, problem):
    values = {"task": "tokens", "source": "de", "target": "en", "predictor": COMMAND} | change
    arguments = [str(values.pop("input", source)), "--out", str(tmp_path / "run"), "--no-prefect"]
    for name, value in values.items():
        arguments += [f"--{name}", value]
    assert main(["translate-test", *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_an_empty_input_is_refused(tmp_path, toy, capsys):
    empty = tmp_path / "in.jsonl"
    empty.write_text("")
    arguments = [str(empty), "--task", "tokens", "--source", "de", "--target", "en", "--predictor",
                 COMMAND, "--out", str(tmp_path / "run"), "--no-prefect"]  # fmt: skip
    assert main(["translate-test", *arguments]) == 2
    assert "the file is empty" in capsys.readouterr().err


def test_a_language_that_the_translator_lacks(tmp_path, source, toy, monkeypatch):
    def translate(texts, source, target, options):
        raise UserError(f"the model does not translate from {source} to {target}", choices=["en"])

    monkeypatch.setattr(toy, "translate", translate)
    with pytest.raises(UserError, match="does not translate from de to en"):
        translate_test(config(source, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_command_prints_a_summary(tmp_path, source, toy, capsys):
    arguments = [str(source), "--task", "tokens", "--source", "de", "--target", "en"]
    arguments += ["--predictor", COMMAND, "--out", str(tmp_path / "run"), "--n-best", "2"]
    assert main(["translate-test", *arguments, "--no-prefect"]) == 0
    out = capsys.readouterr().out
    assert "rows" in out
    assert "predictions.jsonl" in out


def test_bad_rows_that_are_left_out_are_counted(tmp_path, source, toy, capsys):
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    source.write_text("".join([lines[0], '{"id": "bad", "text": ""}\n', *lines[1:]]))
    arguments = [str(source), "--task", "tokens", "--source", "de", "--target", "en"]
    arguments += ["--predictor", COMMAND, "--out", str(tmp_path / "run"), "--on-error", "skip"]
    assert main(["translate-test", *arguments, "--no-prefect"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^rows +12\n", out) and re.search(r"^dropped +1$", out, re.MULTILINE)
