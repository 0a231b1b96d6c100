"""What rows that filters drop leave behind: counts of spans, scores, answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from augmentation.translate_train.run import TranslateTrainResult, translate_train
from augmentation.translate_train.runs import final_rows
from flows.cli.translate_train import summary_table
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import (
    check_row_counts,
    translate_train_config,
    write_labelled_rows,
)


@pytest.mark.parametrize("unplaced", ["drop-row", "drop-span"])
def test_spans_of_rows_that_filters_drop_do_not_count_as_projected(
    tmp_path: Path, toy: ToyTranslator, unplaced: str
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 45)
    projection = {"projector": "attention", "unplaced": unplaced}

    def run(name: str, score: float) -> TranslateTrainResult:
        filters = {"min_translation_score": score}
        config = translate_train_config(
            source, tmp_path / name, filters=filters, projection=projection
        )
        result = translate_train(config)
        check_row_counts(result, ["de"])
        return result

    (some,) = run("some", -0.3).summary.targets
    assert 0 < some.placed.total() < some.spans.total()
    assert {"row dropped: translation-score"} < {r for own in some.lost.values() for r in own}
    result = run("none", 0.0)
    (none,) = result.summary.targets
    assert (none.kept, none.placed.total()) == (0, 0)
    assert re.search(r"spans projected +0 of 45", summary_table(result))
    assert "<b>0.0\u202f%</b><span>spans projected" in result.report.read_text("utf-8")
    card = (result.exports()[0] / "README.md").read_text(encoding="utf-8")
    assert f"| a | {none.spans['a']} | 0 |" in card


def test_answers_of_rows_that_filters_drop_do_not_count_as_projected(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    spans = [{"start": s, "end": e, "label": "answer"} for s, e in ((0, 3), (0, 4), (5, 14))]
    row = {"id": "1", "text": "rome unaligned", "text_pair": "what", "spans": spans}
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(row) + "\n", encoding="utf-8")
    whole = translate_train(translate_train_config(source, tmp_path / "whole", task="qa"))
    assert len(next(iter(final_rows(whole.run, "de"))).spans) == 1  # two answers have become one
    assert whole.summary.targets[0].placed == {"answer": 2}
    filters = {"min_translation_score": 0}
    empty = translate_train(
        translate_train_config(source, tmp_path / "empty", task="qa", filters=filters)
    )
    (target,) = empty.summary.targets
    assert target.placed.total() == 0
    assert target.lost["answer"] == {"unaligned": 1, "row dropped: translation-score": 2}


def test_long_texts_in_another_language_are_dropped(tmp_path: Path, toy: ToyTranslator) -> None:
    """A source that is not English, and a translation that is: the toy's words stay English."""
    german = "stelle bitte einen Wecker auf sieben Uhr morgen früh und spiele danach Musik"
    english = "the government said on monday that it would not change the law before the election"
    rows = [{"text": german, "label": "x"}, {"text": english, "label": "x"},
            {"text": "stelle einen Wecker", "label": "x"}]  # fmt: skip
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = translate_train_config(source, tmp_path / "run", task="classification")
    result = translate_train(config)
    assert result.summary.targets[0].dropped == {"language": 2}
    filters = {"max_wrong_language": None}
    kept = translate_train(
        translate_train_config(source, tmp_path / "all", task="classification", filters=filters)
    )
    assert not kept.summary.targets[0].dropped


def test_filters_record_their_scores(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 30)
    result = translate_train(
        translate_train_config(
            source, tmp_path / "run", filters={"max_untranslated": 0.5, "max_length_ratio": 2}
        )
    )
    dropped = result.summary.targets[0].dropped
    assert dropped["untranslated"] > 0
    made = next(final_rows(result.run, "de"))
    assert made.provenance is not None
    assert set(made.provenance.scores) == {"language", "length-ratio", "untranslated"}
    check_row_counts(result, ["de"])
