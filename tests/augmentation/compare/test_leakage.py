"""Test texts among the training data: found, named, left out; groups are never split."""

import json

import pytest

from augmentation.compare.leakage import check_groups, find_leaks, normalised
from augmentation.compare.run import compare
from augmentation.compare.strategies import SOURCE, Part
from augmentation.compare.table import table
from corpora.errors import UserError
from corpora.records import Provenance, Row
from tests.helpers.compare_runs import compare_config, toy_german
from tests.helpers.intent_rows import make_intent_rows


def write_leaking_row(files):
    """Replace the third German test row by the translation of the first training row."""
    lines = (files / "test.de.jsonl").read_text(encoding="utf-8").splitlines()
    first = next(iter(make_intent_rows(1)))
    row = toy_german(first)
    lines[2] = json.dumps(
        {"id": "leaky", "lang": "de", "text": row.text.lower() + " !", "label": row.label,
         "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in row.spans]}
    )  # fmt: skip
    (files / "test.de.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return first


def test_a_leak_stops_the_comparison_and_names_the_texts(files, toy):
    write_leaking_row(files)
    small = compare_config(files, strategies=["zero-shot", "translate-train"], seeds=1)
    with pytest.raises(UserError, match=r"'leaky' of the de test set is the text of translated-de"):
        compare(small)
    assert not (files / "run" / "50-cells").exists()


def test_leaks_can_be_left_out_of_all_training_sets(files, toy):
    first = write_leaking_row(files)
    same = sum(row.text == first.text for row in make_intent_rows(120))
    run = compare(
        compare_config(files, strategies=["zero-shot", "translate-train"], seeds=1, leakage="drop")
    )
    results = run.results
    for one in results.languages[0].strategies:
        assert one.training_rows == (120 - same,)
    assert f"{same} source rows were left out" in table(results)


def test_leaks_are_found_in_every_text():
    test = {"test": [Row("t", "de", "Guten  Tag!"), Row("p", "de", "a", "b")]}
    came = Provenance("s", "en", "guten tag", "translate-train", "toy")
    sets = {
        SOURCE: [Row("s", "en", "hello"), Row("q", "en", "A.", "B?"), Row("r", "en", "a", "c")],
        Part("translated", "de"): [Row("s-de", "de", "ＧＵＴＥＮ Tag")],
        Part("round-trip", "de"): [Row("s-de-en", "en", "good day", provenance=came)],
    }
    roots = {
        Part("translated", "de"): {"s-de": "s"},
        Part("round-trip", "de"): {"s-de-en": "s"},
    }
    found = [
        (x.test_id, x.where, x.train_id, x.root) for x in find_leaks(test, sets, roots, "pair")
    ]
    assert found == [
        ("p", "text of source", "q", "q"),
        ("t", "text of translated-de", "s-de", "s"),
        ("t", "source of round-trip-de", "s-de-en", "s"),
    ]
    assert normalised("  Ein–„Test“,  ÄÖ_ ") == "ein test äö"


def test_a_question_leaks_by_its_paragraph_and_signs_are_not_all_alike():
    sets = {SOURCE: [Row("s", "de", "Der Absatz.", "Was?"), Row("q", "de", "?!")]}
    test = {"test": [Row("t", "de", "der absatz", "Wer?"), Row("u", "de", ":-)")]}
    assert [x.test_id for x in find_leaks(test, sets, {}, "qa")] == ["t"]
    assert find_leaks(test, sets, {}, "pair") == []


def test_a_leak_of_few_shot_leaves_the_source_row_of_that_id_alone(files, toy):
    test = (files / "test.de.jsonl").read_text(encoding="utf-8").splitlines()[0]
    leaky = json.loads(test) | {"id": "5"}
    path = files / "train.de.jsonl"
    path.write_text(json.dumps(leaky) + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    strategies = ["zero-shot", "few-shot"]
    run = compare(compare_config(files, strategies=strategies, seeds=1, leakage="drop"))
    zero, few = run.results.languages[0].strategies
    assert zero.training_rows == (120,)
    assert few.training_rows[0] > 120
    assert "0 source rows and 1 few-shot rows were left out" in table(run.results)


def test_translations_of_one_source_are_one_group():
    came = Provenance("s1", "en", "x", "translate-train", "toy")
    few, test = Row("f", "de", "x", provenance=came), Row("t", "de", "y", provenance=came)
    with pytest.raises(UserError, match="must not be split between train and test"):
        check_groups({"de": [test]}, [few], "de")
    check_groups({"de": [test]}, [Row("s1", "de", "x")], "de")


def test_a_group_is_never_split():
    train = [Row("s1", "en", "x")]
    came = Provenance("s1", "en", "x", "translate-train", "toy")
    with pytest.raises(UserError, match="must not be split between train and test"):
        check_groups({"de": [Row("s1-de", "de", "y", provenance=came)]}, train, "en")
    check_groups({"de": [Row("s2-de", "de", "y")]}, train, "en")
