"""Whole runs with the toy translator: resume, memory, growth, and every row accounted for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from augmentation.pipeline.listener import Listener, Progress
from augmentation.reporting.samples import slowest
from augmentation.translate_train import plan as plan_module
from augmentation.translate_train import run as run_module
from augmentation.translate_train.jobs import Job, perform
from augmentation.translate_train.run import TranslateTrainResult, start_run, translate_train
from augmentation.translate_train.runs import final_rows, open_finished
from augmentation.translate_train.setup import TranslateTrainSetup, resolve
from augmentation.translation import setup as translation_setup
from corpora.errors import UserError
from corpora.shards import ShardRef, list_shards, read_sidecar
from flows.cli.translate_train import summary_table
from tests.augmentation.toy import ToyTranslator, toy, toy_config

__all__ = ["toy"]
WORDS = ["wake", "me", "at", "nine", "play", "some", "jazz", "repetition", "unaligned", "vanish"]


def write_input(path: Path, count: int, seed: int = 0, start: int = 0) -> Path:
    """Rows of a few words with a span; some are bound to be dropped, some occur twice."""
    with path.open("w" if not start else "a", encoding="utf-8") as file:
        for number in range(start, count):
            rng = random.Random(seed * 100_000 + number % 80)
            words = rng.choices(WORDS, (9, 9, 9, 9, 9, 9, 9, 1, 6, 1), k=rng.randint(2, 6))
            text = " ".join(words)
            spans = [{"start": 0, "end": len(words[0]), "label": rng.choice("ab")}]
            file.write(json.dumps({"id": f"r{number}", "text": text, "spans": spans}) + "\n")
    return path


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Ledger(Listener):
    """Which jobs were done."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def advanced(self, progress: Progress) -> None:
        self.jobs.append(progress.job)


def sidecar_times(run: Path) -> dict[str, int]:
    return {
        str(path.relative_to(run)): path.stat().st_mtime_ns
        for path in run.glob("*/part-*.json")
        if not path.name.endswith(".facts.json")
    }


def check_balance(result: TranslateTrainResult, settings_targets: Sequence[str]) -> None:
    """Rows in = rows out + rows dropped, at every step and in the summary."""
    for step in sorted(path.name for path in result.run.glob("[1-5]0-*")):
        for ref in list_shards(result.run, step):
            sidecar = read_sidecar(ref)
            assert sidecar is not None
            if sidecar.rows_in is not None:
                assert sidecar.rows_in == sidecar.rows_out + sidecar.rows_dropped
    for target, name in zip(result.summary.targets, settings_targets, strict=True):
        assert target.target == name
        assert result.summary.rows_in == target.kept + target.dropped.total()
        made = list(final_rows(result.run, name))
        assert len(made) == target.kept
        assert sum(len(row.spans) for row in made) == target.placed.total()
        for label, count in target.spans.items():
            lost = target.lost.get(label, Counter()).total()
            assert count == target.placed[label] + lost


def test_every_row_is_accounted_for(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 95)
    result = translate_train(toy_config(source, tmp_path / "run", targets=["de", "fr"]))
    check_balance(result, ["de", "fr"])
    assert result.summary.rows_in == result.rows // 2 == 95
    assert set(result.summary.targets[0].dropped) >= {"repetition", "empty", "unplaced-span"}
    assert sorted(path.name for path in result.run.iterdir()) == [
        ".lock", "10-ingest", "20-segment", "30-translate-de", "30-translate-fr", "40-project-de",
        "40-project-fr", "50-filter-de", "50-filter-fr", "export", "report.html", "run.json",
    ]  # fmt: skip
    assert [path.name for path in result.exports()] == ["de", "fr"]
    assert not list(result.run.rglob("*.tmp"))


def test_the_report_names_the_rows_that_took_longest(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 95)
    result = translate_train(toy_config(source, tmp_path / "run"))
    rows = sorted(final_rows(result.run, "de"), key=lambda row: len(row.text))
    refs = list_shards(result.run, "50-filter-de")
    assert len(refs) > 1
    found = slowest(refs, lambda ref: 2.0 if ref.index == 1 else 0.0, 5)
    assert len(found) == 5
    seconds = [value for value, _ in found]
    assert seconds == sorted(seconds, reverse=True) and seconds[-1] > 0
    everything = slowest(refs, lambda ref: 2.0 if ref.index == 1 else 0.0, len(rows))
    assert {row.id for _, row in everything} == {row.id for row in rows}
    assert sum(value for value, _ in everything) == pytest.approx(2.0)
    assert "Rows that took longest" in (result.run / "report.html").read_text(encoding="utf-8")


def test_nothing_is_translated_twice(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 200)
    translate_train(toy_config(source, tmp_path / "run"))
    assert len(toy.seen) == len(set(toy.seen))
    again = len(toy.seen)
    result = translate_train(toy_config(source, tmp_path / "run"))
    assert len(toy.seen) == again
    assert result.rows == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_run_cut_off_anywhere_goes_on(tmp_path: Path, toy: ToyTranslator, seed: int) -> None:
    source = write_input(tmp_path / "in.jsonl", 95)
    whole = translate_train(toy_config(source, tmp_path / "whole", memory=tmp_path / "m1"))
    rng = random.Random(seed)
    config = toy_config(source, tmp_path / "broken", memory=tmp_path / "m2")

    class CutError(Exception):
        pass

    class Cutter(Listener):
        def __init__(self) -> None:
            self.left = rng.randint(1, 30)

        def advanced(self, progress: Progress) -> None:
            self.left -= 1
            if not self.left:
                raise CutError

    for _ in range(3):
        before = sidecar_times(tmp_path / "broken")
        with contextlib.suppress(CutError):
            translate_train(config, Cutter())
        after = sidecar_times(tmp_path / "broken")
        assert {name: after[name] for name in before} == before
    result = translate_train(config)
    assert digest(result.run / "export") == digest(whole.run / "export")
    assert digest(result.run / "50-filter-de").keys() == digest(whole.run / "50-filter-de").keys()


@pytest.mark.parametrize(
    "step", ["10-ingest", "20-segment", "30-translate-de", "40-project-de", "50-filter-de"]
)
@pytest.mark.parametrize("damage", ["missing", "changed", "no sidecar"])
def test_damage_is_found_and_repaired(
    tmp_path: Path, toy: ToyTranslator, step: str, damage: str
) -> None:
    source = write_input(tmp_path / "in.jsonl", 45)
    config = toy_config(source, tmp_path / "run")
    result = translate_train(config)
    whole = digest(result.run / "export")
    before = sidecar_times(result.run)
    ref = list_shards(result.run, step)[1]
    if damage == "missing":
        ref.path.unlink()
    elif damage == "changed":
        ref.path.write_bytes(ref.path.read_bytes()[:-9] + b"123456789")
    else:
        ref.sidecar_path.unlink()
    translate_train(config)
    assert digest(result.run / "export") == whole
    redone = {name for name, at in sidecar_times(result.run).items() if before.get(name) != at}
    assert redone == {f"{step}/part-00001.json"}


def test_an_input_that_has_grown(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 45)
    translate_train(toy_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    before, seen = sidecar_times(tmp_path / "run"), set(toy.seen)
    write_input(source, 70, start=45)
    grown = translate_train(toy_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    after = sidecar_times(tmp_path / "run")
    assert len(toy.seen) == len(set(toy.seen)) > len(seen)
    kept = [n for n in before if n.startswith(("20", "30", "40", "50")) and after[n] == before[n]]
    assert len(kept) == 4 * 4  # four whole shards; the fifth was half full
    fresh = translate_train(toy_config(source, tmp_path / "fresh"))
    assert digest(grown.run / "export") == digest(fresh.run / "export")


def test_an_input_that_has_shrunk(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 70)
    translate_train(toy_config(source, tmp_path / "run"))
    write_input(source, 25)
    shrunk = translate_train(toy_config(source, tmp_path / "run"))
    assert shrunk.summary.rows_in == 25
    check_balance(shrunk, ["de"])


def test_the_memory_is_shared_by_runs(tmp_path: Path, toy: ToyTranslator) -> None:
    first = write_input(tmp_path / "one.jsonl", 60)
    memory = tmp_path / "memory"
    one = translate_train(toy_config(first, tmp_path / "run1", memory=memory))
    seen = len(toy.seen)
    again = translate_train(toy_config(first, tmp_path / "run2", memory=memory))
    assert len(toy.seen) == seen
    assert again.summary.targets[0].remembered == again.summary.targets[0].segments == seen
    assert digest(one.run / "export") == digest(again.run / "export")
    translate_train(toy_config(first, tmp_path / "run3", memory=memory, decoding={"beam_size": 3}))
    assert len(toy.seen) == 2 * seen


def test_the_memory_of_another_version_is_not_taken(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_input(tmp_path / "in.jsonl", 25)
    translate_train(toy_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    seen = len(toy.seen)
    monkeypatch.setattr(
        translation_setup, "TRANSLATE_VERSION", translation_setup.TRANSLATE_VERSION + 1
    )
    again = translate_train(toy_config(source, tmp_path / "run", memory=tmp_path / "memory"))
    assert again.summary.targets[0].remembered == 0
    assert len(toy.seen) == 2 * seen


def test_the_result_does_not_hang_on_concurrency(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 95)
    one = translate_train(
        toy_config(source, tmp_path / "one", runtime={"translating": 1, "workers": 1})
    )
    many = translate_train(
        toy_config(source, tmp_path / "many", runtime={"translating": 4, "workers": 4})
    )
    assert digest(one.run / "export") == digest(many.run / "export")


def test_another_configuration_is_refused(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 20)
    translate_train(toy_config(source, tmp_path / "run"))
    with pytest.raises(UserError, match=r"another configuration.*beam_size"):
        translate_train(toy_config(source, tmp_path / "run", decoding={"beam_size": 5}))
    (tmp_path / "other").mkdir()
    again = write_input(tmp_path / "other" / "in.jsonl", 21)
    changes = {
        "name": "other", "memory": tmp_path / "m", "licence": "MIT", "seed": 1,
        "runtime": {"workers": 3}, "reading": {"columns": {"text": "text"}},
    }  # fmt: skip
    with pytest.raises(UserError) as caught:
        translate_train(toy_config(again, tmp_path / "run", **changes))
    assert caught.value.problem == (
        "this run folder was made by another configuration "
        "(config.reading.columns.text: None -> 'text'; config.seed: 0 -> 1); choose another folder"
    )
    other = write_input(tmp_path / "other.jsonl", 21)
    with pytest.raises(UserError, match=r"\(config\.input: 'in\.jsonl' -> 'other\.jsonl'\); "):
        translate_train(toy_config(other, tmp_path / "run"))
    (tmp_path / "run" / "run.json").write_text('{"name": "x", "fingerprint": "", "config": {}}')
    with pytest.raises(UserError, match=r"config\.task: None -> 'tokens'"):
        translate_train(toy_config(source, tmp_path / "run"))


def test_a_mistake_leaves_no_run_behind(tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"sentence": "a"}\n')
    with pytest.raises(UserError, match="no column"):
        translate_train(toy_config(source, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    translate_train(
        toy_config(source, tmp_path / "run", task="text", reading={"columns": {"text": "sentence"}})
    )


def test_a_failure_is_raised_and_the_rest_ends(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_input(tmp_path / "in.jsonl", 45)

    def failing(job: Job, setup: TranslateTrainSetup) -> Any:
        if job.name == "project de part-00002":
            raise OSError("the disk is gone")
        return perform(job, setup)

    monkeypatch.setattr(run_module, "perform", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        translate_train(toy_config(source, tmp_path / "run"))
    monkeypatch.setattr(run_module, "perform", perform)
    check_balance(translate_train(toy_config(source, tmp_path / "run")), ["de"])


def test_a_job_that_is_done_is_noted_once(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in noting it is raised: noted again, it would count for the next shard, too."""
    needed_shards, failures = plan_module.needed_shards, [OSError("busy")]

    def failing(ref: ShardRef) -> list[int]:
        if failures and ref.index == 1:
            raise failures.pop()
        return needed_shards(ref)

    monkeypatch.setattr(plan_module, "needed_shards", failing)
    config = toy_config(write_input(tmp_path / "in.jsonl", 45), tmp_path / "run")
    with start_run(resolve(config)) as run, pytest.raises(OSError, match="busy"):
        stop = threading.Event()
        threading.Timer(3, stop.set).start()
        run.run_until(stop)
    assert not failures
    check_balance(translate_train(config), ["de"])


def test_limit_and_bad_rows(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 30)
    with source.open("a") as file:
        file.write(
            '{"id": "bad", "text": "a b", "spans": [{"start": 1, "end": 9, "label": "x"}]}\n'
        )
        file.write('{"id": "empty", "text": "", "spans": []}\n')
    with pytest.raises(UserError, match=r"in\.jsonl, line 31"):
        translate_train(toy_config(source, tmp_path / "run"))
    result = translate_train(toy_config(source, tmp_path / "run2", reading={"limit": 12}))
    assert result.summary.rows_in == 12
    skipping = {"on_error": "skip", "limit": 31}
    result = translate_train(toy_config(source, tmp_path / "run3", reading=skipping))
    assert result.summary.rows_in == 31
    assert result.summary.targets[0].dropped["offset-out-of-range"] == 1
    check_balance(result, ["de"])


@pytest.mark.parametrize("task", ["classification", "pair", "text"])
def test_tasks_without_spans(tmp_path: Path, toy: ToyTranslator, task: str) -> None:
    source = tmp_path / "in.jsonl"
    row = {"text": "a b", "text_pair": "c d", "label": "x", "target": "e f"}
    source.write_text("".join(json.dumps(row | {"id": str(n)}) + "\n" for n in range(3)))
    result = translate_train(toy_config(source, tmp_path / "run", task=task))
    made = list(final_rows(result.run, "de"))
    assert [row.text for row in made] == ["B A"] * 3
    assert toy.seen == ["a b", "c d", "e f"]


@pytest.mark.parametrize("unplaced", ["drop-row", "drop-span"])
def test_spans_of_rows_that_filters_drop_are_not_carried_over(
    tmp_path: Path, toy: ToyTranslator, unplaced: str
) -> None:
    source = write_input(tmp_path / "in.jsonl", 45)
    projection = {"projector": "attention", "unplaced": unplaced}

    def run(name: str, score: float) -> TranslateTrainResult:
        filters = {"min_translation_score": score}
        config = toy_config(source, tmp_path / name, filters=filters, projection=projection)
        result = translate_train(config)
        check_balance(result, ["de"])
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


def test_answers_of_rows_that_filters_drop_are_not_carried_over(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    spans = [{"start": s, "end": e, "label": "answer"} for s, e in ((0, 3), (0, 4), (5, 14))]
    row = {"id": "1", "text": "rome unaligned", "text_pair": "what", "spans": spans}
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(row) + "\n", encoding="utf-8")
    whole = translate_train(toy_config(source, tmp_path / "whole", task="qa"))
    assert len(next(iter(final_rows(whole.run, "de"))).spans) == 1  # two answers have become one
    assert whole.summary.targets[0].placed == {"answer": 2}
    filters = {"min_translation_score": 0}
    empty = translate_train(toy_config(source, tmp_path / "empty", task="qa", filters=filters))
    (target,) = empty.summary.targets
    assert target.placed.total() == 0
    assert target.lost["answer"] == {"unaligned": 1, "row dropped: translation-score": 2}


def test_filters_record_their_scores(tmp_path: Path, toy: ToyTranslator) -> None:
    source = write_input(tmp_path / "in.jsonl", 30)
    result = translate_train(
        toy_config(
            source, tmp_path / "run", filters={"max_untranslated": 0.5, "max_length_ratio": 2}
        )
    )
    dropped = result.summary.targets[0].dropped
    assert dropped["untranslated"] > 0
    made = next(final_rows(result.run, "de"))
    assert made.provenance is not None
    assert set(made.provenance.scores) == {"length-ratio", "untranslated"}
    check_balance(result, ["de"])


def test_two_processes_do_not_share_a_run(tmp_path: Path, toy: ToyTranslator) -> None:
    from corpora.lock import lock

    source = write_input(tmp_path / "in.jsonl", 20)
    (tmp_path / "run").mkdir()
    with lock(tmp_path / "run"), pytest.raises(UserError, match="another process"):
        translate_train(toy_config(source, tmp_path / "run"))


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
def test_projectors_that_cannot_be_made_are_told_before_any_work(
    tmp_path: Path, toy: ToyTranslator, projection: dict[str, object], problem: str
) -> None:
    source = write_input(tmp_path / "in.jsonl", 20)
    config = toy_config(source, tmp_path / "run")
    chosen = config.projection.model_copy(update=projection)
    with pytest.raises(UserError, match=problem):
        translate_train(config.model_copy(update={"projection": chosen}))
    assert not toy.seen and not (tmp_path / "run").exists()


@pytest.mark.parametrize("full", ["20-segment", "memory"])
def test_a_disk_without_space_for_an_index_is_told(
    tmp_path: Path, toy: ToyTranslator, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    connect = sqlite3.connect

    def bounded(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        if full in path.parts:
            connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", bounded)
    source = write_input(tmp_path / "in.jsonl", 20)
    with pytest.raises(UserError, match=f"{full}.*: no space left to write here"):
        translate_train(toy_config(source, tmp_path / "run", memory=tmp_path / "memory"))


class CutOff(Listener):
    """Ends a run when the first new shard is translated."""

    def advanced(self, progress: Progress) -> None:
        if progress.job == "translate de part-00003":
            raise RuntimeError("cut off")


def test_a_run_that_is_cut_off_after_its_input_has_grown_is_not_finished(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    source = write_input(tmp_path / "in.jsonl", 25)
    config = toy_config(source, tmp_path / "run")
    translate_train(config)
    assert open_finished(tmp_path / "run").config == config
    write_input(source, 70, start=25)
    with pytest.raises(RuntimeError, match="cut off"):
        translate_train(config, CutOff())
    with pytest.raises(UserError, match="is not finished"):
        open_finished(tmp_path / "run")
    translate_train(config)
    assert open_finished(tmp_path / "run").config == config
