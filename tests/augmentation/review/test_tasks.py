"""Rows of every task, through every tool and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from augmentation.review.formats import TOOLS
from augmentation.review.run import review_export, review_import
from augmentation.translate_train.run import translate_train
from augmentation.translate_train.runs import final_rows
from corpora.readers import open_corpus
from tests.helpers.review_runs import answered, corrections, read_records, write_records
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config

ROWS: dict[str, dict[str, Any]] = {
    "classification": {"text": "wake me now 😀", "label": "x"},
    "pair": {"text": "wake me now 😀", "text_pair": "play some jazz", "label": "x"},
    "qa": {
        "text": "He was in Rome, old Rome 😀",
        "text_pair": "Where was he",
        "spans": [
            {"start": 20, "end": 24, "label": "answer"},
            {"start": 16, "end": 24, "label": "answer"},
        ],
    },
    "text": {"text": "wake me now 😀", "target": "at nine"},
}


@pytest.mark.parametrize("task", ROWS)
def test_accepted_in_every_tool(task: str, tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "in.jsonl"
    lines = [json.dumps({"id": str(n), **ROWS[task]}) + "\n" for n in range(3)]
    source.write_text("".join(lines), encoding="utf-8")
    run = translate_train(translate_train_config(source, tmp_path / "run", task=task)).run
    before = list(final_rows(run, "de"))
    assert len(before) == 3
    for tool in TOOLS:
        file = review_export(run, tool, least_sure=2).files[0]  # type: ignore[arg-type]
        done = tmp_path / f"done{file.suffix}"
        if tool == "html":
            corrections(file, done.with_suffix(".json"))
            done = done.with_suffix(".json")
        else:
            write_records(done, [answered(tool, record) for record in read_records(file)])
        result = review_import(run, done)
        assert (result.changes.accepted, result.changes.corrected) == (3, 0), tool
        made = list(open_corpus(result.export.path, task=task).rows())  # type: ignore[arg-type]
        for old, new in zip(before, made, strict=True):
            assert (new.text, new.text_pair, new.target, new.label) == (
                *(old.text, old.text_pair, old.target, old.label),
            )
            # The first of several answers counts, so their order stays.
            assert [(s.start, s.end) for s in new.spans] == [(s.start, s.end) for s in old.spans]
            assert new.meta["gold"] == "accepted"
