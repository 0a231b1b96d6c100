import gzip

import pytest

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from scoring.files import FileOptions, read_gold, read_predictions
from scoring.pairing import count_unknown_labels, pair_up
from scoring.task import language_table, task_measures


def rows(lang, labels):
    return [Row(f"{lang}-{i}", lang, f"text {i}", label=x) for i, x in enumerate(labels)]


def predictions(gold, labels):
    return [Prediction(row.id, x) for row, x in zip(gold, labels, strict=True)]


def test_pairing_says_which_ids_are_wrong():
    gold = rows("de", "abc")
    given = predictions(gold, "abc")
    assert pair_up(gold, given) == given
    with pytest.raises(UserError, match=r"1 in the gold but not predicted: 'de-2'"):
        pair_up(gold, given[:2])
    with pytest.raises(UserError, match=r"predicted but not in the gold: 'x'"):
        pair_up(gold, [*given[:2], Prediction("x", "c")])
    with pytest.raises(UserError, match=r"twice in the predictions: 'de-0'"):
        pair_up(gold, [given[0], given[0], given[1]])
    with pytest.raises(UserError, match=r"row 1: .* here 'de-1', there 'de-0'; use --by-id"):
        pair_up(gold, [given[1], given[0], given[2]])
    assert pair_up(gold, given[::-1], by_id=True) == given
    with pytest.raises(UserError, match="test set is empty"):
        pair_up([], [])


def test_unknown_labels_are_counted_and_all_unknown_are_refused():
    assert count_unknown_labels("abb", "axx") == {"x": 2}
    with pytest.raises(UserError, match=r"none of the predicted labels \(LABEL_0\).*a, b"):
        count_unknown_labels("ab", ["LABEL_0"])
    gold = rows("de", "ab")
    with pytest.raises(UserError, match="none of the predicted labels"):
        task_measures("classification", gold, predictions(gold, "xy"))


def test_the_table_by_language_has_gap_worst_and_spread():
    gold = rows("en", "abab") + rows("de", "abab") + rows("fr", "abab")
    predicted = predictions(gold, "abab" + "abbb" + "bbbb")
    table = language_table("classification", gold, predicted, source="en")
    assert [(x.lang, x.scores[0].value, x.gap) for x in table.languages] == [
        ("de", 75.0, -25.0), ("en", 100.0, None), ("fr", 50.0, -50.0),
    ]  # fmt: skip
    assert (table.worst, table.spread, table.mean) == ("fr", 50.0, 75.0)
    assert table.deviation == pytest.approx(20.412, abs=1e-3)


def test_a_language_may_lack_every_label_that_was_predicted_for_it():
    gold = [*rows("en", "abab"), *rows("de", "a")]
    table = language_table("classification", gold, predictions(gold, "ababb"))
    assert [(x.lang, x.scores[0].value) for x in table.languages] == [("de", 0.0), ("en", 100.0)]
    with pytest.raises(UserError, match="none of the predicted labels"):
        language_table("classification", gold, predictions(gold, "xyxyx"))


def test_a_language_without_spans_is_named():
    gold = [Row("1", "de", "Bremen", spans=(Span(0, 6, "LOC"),)), Row("2", "fr", "Oui")]
    with pytest.raises(UserError, match=r"^fr: .*no spans at all"):
        language_table("tokens", gold, [Prediction("1"), Prediction("2")])


def test_rows_with_intents_and_slots_get_both():
    gold = [Row("1", "de", "Wetter in Bremen", label="weather", spans=(Span(10, 16, "LOC"),))]
    right = Prediction("1", "weather", {}, (Span(10, 16, "LOC"),))
    found = {m.name: m.score().value for m in task_measures("tokens", gold, [right])}
    assert found["span_f1"] == found["label_accuracy"] == found["exact_rows"] == 100.0
    wrong = Prediction("1", None, {}, (Span(10, 16, "LOC"),))
    found = {m.name: m.score().value for m in task_measures("tokens", gold, [wrong])}
    assert found["label_accuracy"] == found["exact_rows"] == 0.0


def test_gold_that_lacks_what_is_predicted():
    with pytest.raises(UserError, match="row 1: the gold has no label"):
        task_measures("classification", [Row("1", "de", "x")], [Prediction("1", "a")])
    with pytest.raises(UserError, match="row 1: the gold has no target"):
        task_measures("text", [Row("1", "de", "x")], [Prediction("1", target="a")])


def test_formats_of_predictions(tmp_path):
    conll = "# id = 7\nAnna B-PER\nlebt O\nin O\nBremen B-LOC\n\n"
    (tmp_path / "gold.conll").write_text(conll, encoding="utf-8")
    gold = read_gold(tmp_path / "gold.conll", "tokens")
    (tmp_path / "p.conll").write_text(conll.replace("B-LOC", "O"), encoding="utf-8")
    found = pair_up(gold, read_predictions(tmp_path / "p.conll", "tokens", gold))
    assert [s.label for s in found[0].spans] == ["PER"]
    (tmp_path / "p.jsonl").write_text(
        '{"id": 1, "label": "a", "probabilities": {"a": 0.5}, "flags": ["unmapped"]}\n\n'
    )
    (one,) = read_predictions(tmp_path / "p.jsonl", "classification", [])
    assert one == Prediction("1", "a", {"a": 0.5}, flags=("unmapped",))
    (tmp_path / "p.json").write_text('{"q1": "Bremen"}')
    assert read_predictions(tmp_path / "p.json", "qa", []) == [Prediction("q1", target="Bremen")]
    (tmp_path / "p.txt").write_text("eins\nzwei\n")
    references = read_gold(tmp_path / "p.txt", "text")
    assert [p.target for p in read_predictions(tmp_path / "p.txt", "text", references)] == [
        "eins", "zwei",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: not a JSON object"),
        ('{"id": "", "text": "Ulm", "spans": []}', "line 1: the prediction has no 'id'"),
        ('{"id": "g", "label": [3], "spans": []}', "line 1: 'label' is not a string"),
        ('{"id": "g", "spans": [{"start": 0, "end": 99, "label": "x"}]}', "line 1: span 0:99"),
        ('{"id": "g", "spans": [], "probabilities": {"a": 2}}', "line 1: 'a' has no probability"),
        (
            '{"id": "g", "spans": [], "probabilities": {"a": 1%s}}' % ("0" * 400),
            "line 1: 'a' has no probabil",
        ),
        ('{"id": "g", "x": ' + "[" * 50_000, "line 1: not JSON: nested too deeply"),
        (
            '{"id": "g", "spans": [], "label": "a\\ud800"}',
            "line 1: the prediction has half of a surrogate",
        ),
        ('{"id": "g", "spans": [[0, 6, ""]]}', "line 1: span 0:6 has no label"),
        (
            '{"id": "g", "spans": [{"start": 0, "end": 6, "label": "x", "confidence": 7}]}',
            "line 1: span 0:6 has a confidence that is not from 0 to 1: 7.0",
        ),
    ],
)
def test_bad_predictions_name_file_and_line(tmp_path, line, problem):
    file = tmp_path / "p.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(UserError, match=f"p.jsonl, {problem}"):
        read_predictions(file, "tokens", [Row("g", "de", "Bremen")])


def test_predictions_about_other_texts(tmp_path):
    gold = [Row("1", "de", "Bremen liegt da")]
    file = tmp_path / "p.csv"
    file.write_text("id,text,label\n1,Hamburg liegt da,x\n")
    with pytest.raises(UserError, match=r"line 2: the text is not the gold's: 'Hamburg"):
        read_predictions(file, "classification", gold)
    with pytest.raises(UserError, match="no such file"):
        read_predictions(tmp_path / "none.jsonl", "classification", gold)
    short = tmp_path / "p.txt"
    short.write_text("a\nb\n")
    with pytest.raises(UserError, match="2 lines for 1 gold rows"):
        read_predictions(short, "text", gold)


def test_the_most_probable_label_is_the_label_where_none_is_given(tmp_path):
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": "1", "label": null, "probabilities": {"a": 0.3, "b": 0.7}}\n')
    assert [p.label for p in read_predictions(file, "classification", [])] == ["b"]


@pytest.mark.parametrize(
    ("name", "format"), [("p.ndjson", None), ("p.JSONL", None), ("p.out", "jsonl"), ("p", "jsonl")]
)
def test_json_lines_of_predictions_by_other_names(tmp_path, name, format):
    (tmp_path / name).write_text('{"id": "1", "label": "a"}\n')
    found = read_predictions(tmp_path / name, "classification", [], FileOptions(format))
    assert found == [Prediction("1", "a")]


def test_answers_are_known_by_their_suffix_however_they_are_packed(tmp_path):
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(b'{"q1": "Bremen"}'))
    assert read_predictions(tmp_path / "p.json.gz", "qa", []) == [Prediction("q1", target="Bremen")]


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ('{"q1": "Bremen", "q1": "Oslo"}', "not JSON: the key 'q1' occurs twice"),
        ("[" * 50_000, "not JSON: nested too deeply"),
    ],
)
def test_answers_that_cannot_be_read(tmp_path, answers, problem):
    (tmp_path / "p.json").write_text(answers)
    with pytest.raises(UserError, match=f"p.json: {problem}"):
        read_predictions(tmp_path / "p.json", "qa", [])


def test_lines_about_another_text_are_refused(tmp_path):
    gold = [Row("1", "de", "Bremen liegt da", target="x")]
    file = tmp_path / "p.jsonl"
    line = '{"id": "1", "text": "Hamburg liegt da", "spans": [[0, 6, "x"]], "target": "y"}\n'
    file.write_text(line)
    with pytest.raises(UserError, match=r"p.jsonl, line 1: the text is not the gold's: 'Hamburg"):
        read_predictions(file, "tokens", gold)
    assert len(read_predictions(file, "text", gold)) == 1  # lines of gold are targets alone


def test_predictions_of_unknown_labels_only_score_zero_where_allowed():
    gold = [Row("1", "de", "Bremen", label="a", spans=(Span(0, 6, "city"),))]
    unknown = [Prediction("1", "z", spans=(Span(0, 6, "day"),))]
    with pytest.raises(UserError, match="none of the predicted labels"):
        task_measures("tokens", gold, unknown)
    scores = {
        m.name: m.score().value
        for m in task_measures("tokens", gold, unknown, allow_unknown_labels=True)
    }
    assert scores["span_f1"] == scores["label_accuracy"] == 0
