"""A finished run, one file of which was damaged or lost: nobody reads it as whole, and its command
makes it whole again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from augmentation.translate_train.run import TranslateTrainResult, translate_train
from augmentation.translate_train.runs import final_rows, open_finished
from corpora.errors import UserError
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config
from translators.protocol import Hypothesis


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def lose(file: Path) -> None:
    file.unlink()


DAMAGES = (flip_a_bit, cut_short, lose)


@pytest.fixture
def done(tmp_path: Path, toy: ToyTranslator) -> TranslateTrainResult:
    source = tmp_path / "in.jsonl"
    texts = [f"wake me at {n}" for n in range(10)] + ["a repetition"]
    lines = [json.dumps({"text": text, "spans": [{"start": 0, "end": 1, "label": "x"}]}) + "\n"
             for text in texts]  # fmt: skip
    source.write_text("".join(lines), encoding="utf-8")
    return translate_train(translate_train_config(source, tmp_path / "run", shard_rows=4))


def contents(run: Path) -> dict[str, bytes]:
    """What the steps and the exports of `run` hold, without the time that it took."""
    found = {}
    for file in sorted(run.rglob("*")):
        if file.suffix in (".arrow", ".parquet"):
            found[str(file.relative_to(run))] = file.read_bytes()
        elif file.name.startswith("part-"):
            record = json.loads(file.read_text(encoding="utf-8"))
            del record["seconds"], record["record_checksum"]
            found[str(file.relative_to(run))] = json.dumps(record).encode()
    return found


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_file_of_a_run_is_missed_and_made_anew(
    done: TranslateTrainResult, damage: Callable[[Path], None]
) -> None:
    config = open_finished(done.run).config
    whole = contents(done.run)
    assert sum(name.endswith(".json") for name in whole) >= 12  # three shards, four steps
    for file in sorted(done.run.rglob("*")):
        if not file.is_file() or file.stat().st_size == 0:
            continue
        damage(file)
        needed = "filter" in file.parent.name or file.name in ("all.json", "run.json")
        needed |= not done.report.exists()
        with pytest.raises(UserError) if needed else nullcontext():
            assert len(list(open_finished(done.run).shards("de"))) == 3
            list(final_rows(done.run, "de"))
        if file.name == "run.json":
            with pytest.raises(UserError, match="delete it") if file.exists() else nullcontext():
                translate_train(config)
            file.unlink(missing_ok=True)
        translate_train(config)
        assert contents(done.run) == whole, file
        assert len(list(final_rows(done.run, "de"))) == 10
        assert open_finished(done.run).config == config


def test_a_run_that_goes_on_is_not_finished(
    done: TranslateTrainResult, monkeypatch: pytest.MonkeyPatch, toy: ToyTranslator
) -> None:
    config = open_finished(done.run).config
    for file in (done.run).rglob("part-00001*"):
        file.unlink()

    def killed(texts: list[str], *_: object) -> list[Hypothesis]:
        if texts:  # the check before a run asks for none
            raise KeyboardInterrupt
        return []

    monkeypatch.setattr(toy, "translate", killed)
    with pytest.raises(KeyboardInterrupt):
        translate_train(config)
    with pytest.raises(UserError, match="is not finished"):
        open_finished(done.run)


def test_the_records_of_an_older_form_are_made_anew(done: TranslateTrainResult) -> None:
    """A sidecar without its own checksum proves nothing."""
    whole = contents(done.run)
    for file in done.run.rglob("part-*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        del record["record_checksum"], record["facts"]
        file.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UserError, match="missing or damaged"):
        list(final_rows(done.run, "de"))
    translate_train(open_finished(done.run).config)
    assert contents(done.run) == whole
