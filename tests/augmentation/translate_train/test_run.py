"""Whole runs with the toy translator: every row accounted for, mistakes told before any work."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from augmentation.translate_train.run import translate_train
from augmentation.translate_train.runs import final_rows
from augmentation.translation import setup as translation_setup
from corpora.errors import UserError
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import (
    check_row_counts,
    file_hashes,
    translate_train_config,
    write_labelled_rows,
)


def test_every_row_is_accounted_for(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)
    result = translate_train(translate_train_config(source, tmp_path / "run", targets=["de", "fr"]))
    check_row_counts(result, ["de", "fr"])
    assert result.summary.rows_in == result.rows // 2 == 95
    assert set(result.summary.targets[0].dropped) >= {"repetition", "empty", "unplaced-span"}
    assert sorted(path.name for path in result.run.iterdir()) == [
        ".lock", "10-ingest", "20-segment", "30-translate-de", "30-translate-fr", "40-project-de",
        "40-project-fr", "50-filter-de", "50-filter-fr", "export", "report.html", "run.json",
    ]  # fmt: skip
    assert [path.name for path in result.exports()] == ["de", "fr"]
    assert not list(result.run.rglob("*.tmp"))


def test_nothing_is_translated_twice(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 200)
    translate_train(translate_train_config(source, tmp_path / "run"))
    assert len(toy.seen) == len(set(toy.seen))
    again = len(toy.seen)
    result = translate_train(translate_train_config(source, tmp_path / "run"))
    assert len(toy.seen) == again
    assert result.rows == 0


def test_the_memory_is_shared_by_runs(tmp_path: Path, toy: ToyTranslator) -> None:
    first = write_labelled_rows(tmp_path / "one.jsonl", 60)
    memory = tmp_path / "memory"
    one = translate_train(translate_train_config(first, tmp_path / "run1", memory=memory))
    seen = len(toy.seen)
    again = translate_train(translate_train_config(first, tmp_path / "run2", memory=memory))
    assert len(toy.seen) == seen
    assert again.summary.targets[0].remembered == again.summary.targets[0].segments == seen
    assert file_hashes(one.run / "export") == file_hashes(again.run / "export")
    translate_train(
        translate_train_config(first, tmp_path / "run3", memory=memory, decoding={"beam_size": 3})
    )
    assert len(toy.seen) == 2 * seen


def test_the_memory_of_another_version_is_not_taken(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 25)
    translate_train(translate_train_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    seen = len(toy.seen)
    monkeypatch.setattr(
        translation_setup, "TRANSLATE_VERSION", translation_setup.TRANSLATE_VERSION + 1
    )
    again = translate_train(
        translate_train_config(source, tmp_path / "run", memory=tmp_path / "memory")
    )
    assert again.summary.targets[0].remembered == 0
    assert len(toy.seen) == 2 * seen


def test_the_result_does_not_depend_on_concurrency(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)
    one = translate_train(
        translate_train_config(source, tmp_path / "one", runtime={"translating": 1, "workers": 1})
    )
    many = translate_train(
        translate_train_config(source, tmp_path / "many", runtime={"translating": 4, "workers": 4})
    )
    assert file_hashes(one.run / "export") == file_hashes(many.run / "export")


def test_a_mistake_leaves_no_run_behind(tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"sentence": "a"}\n')
    with pytest.raises(UserError, match="no column"):
        translate_train(translate_train_config(source, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    translate_train(
        translate_train_config(
            source, tmp_path / "run", task="text", reading={"columns": {"text": "sentence"}}
        )
    )


def test_limit_and_bad_rows(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 30)
    with source.open("a") as file:
        file.write(
            '{"id": "bad", "text": "a b", "spans": [{"start": 1, "end": 9, "label": "x"}]}\n'
        )
        file.write('{"id": "empty", "text": "", "spans": []}\n')
    with pytest.raises(UserError, match=r"in\.jsonl, line 31"):
        translate_train(translate_train_config(source, tmp_path / "run"))
    result = translate_train(
        translate_train_config(source, tmp_path / "run2", reading={"limit": 12})
    )
    assert result.summary.rows_in == 12
    skipping = {"on_error": "skip", "limit": 31}
    result = translate_train(translate_train_config(source, tmp_path / "run3", reading=skipping))
    assert result.summary.rows_in == 31
    assert result.summary.targets[0].dropped["offset-out-of-range"] == 1
    check_row_counts(result, ["de"])


@pytest.mark.parametrize("task", ["classification", "pair", "text"])
def test_tasks_without_spans(tmp_path: Path, toy: ToyTranslator, task: str) -> None:
    source = tmp_path / "in.jsonl"
    row = {"text": "a b", "text_pair": "c d", "label": "x", "target": "e f"}
    source.write_text("".join(json.dumps(row | {"id": str(n)}) + "\n" for n in range(3)))
    result = translate_train(translate_train_config(source, tmp_path / "run", task=task))
    made = list(final_rows(result.run, "de"))
    assert [row.text for row in made] == ["B A"] * 3
    assert toy.seen == ["a b", "c d", "e f"]


def test_two_processes_do_not_share_a_run(tmp_path: Path, toy: ToyTranslator) -> None:
    from corpora.lock import lock

    source = write_labelled_rows(tmp_path / "in.jsonl", 20)
    (tmp_path / "run").mkdir()
    with lock(tmp_path / "run"), pytest.raises(UserError, match="another process"):
        translate_train(translate_train_config(source, tmp_path / "run"))


@pytest.mark.parametrize(
    ("projection", "problem"),
    [
        ({"options": {"minimum_share": "high"}}, "'minimum_share' is 'high', not a number"),
        ({"options": {"minimum_share": {}}}, "'minimum_share' is {}, not a number"),
        ({"options": {"fast": True}}, "has no option 'fast'"),
        ({"projector": "aligned", "options": {"priors": "none.arrow"}}, "no such file"),
        ({"projector": "aligned", "options": {"complete": 5}}, "'complete' is 5, not a list"),
        ({"projector": "aligned", "options": {"weights": "foo"}}, "'weights' is 'foo', not an obj"),
        ({"projector": "aligned", "options": {"aligner": 5}}, "'aligner' is 5, not a name"),
        ({"projector": "aligned", "options": {"aligner": None}}, "'aligner' is None, not a name"),
        ({"projector": "aligned", "options": {"priors": True}}, "'priors' is True, not a file's"),
        ({"projector": "vote", "options": {"members": [5]}}, "not a list of names"),
        ({"projector": "vote", "options": {"calibrated": "no"}}, "'no', not true or false"),
        ({"projector": "vote", "options": {"members": "marker"}}, "'marker' cannot be made here"),
    ],
)
def test_wrong_projector_options_are_found_before_any_work(
    tmp_path: Path, toy: ToyTranslator, projection: dict[str, object], problem: str
) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 20)
    config = translate_train_config(source, tmp_path / "run")
    chosen = config.projection.model_copy(update=projection)
    with pytest.raises(UserError, match=problem):
        translate_train(config.model_copy(update={"projection": chosen}))
    assert not toy.seen and not (tmp_path / "run").exists()


@pytest.mark.parametrize("full", ["20-segment", "memory"])
def test_a_disk_without_space_for_an_index_is_reported(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    connect = sqlite3.connect

    def bounded(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        if full in path.parts:
            connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", bounded)
    source = write_labelled_rows(tmp_path / "in.jsonl", 20)
    with pytest.raises(UserError, match=f"{full}.*: no space left to write here"):
        translate_train(
            translate_train_config(source, tmp_path / "run", memory=tmp_path / "memory")
        )
