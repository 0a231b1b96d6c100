"""translate-test with the toy translator: capitals, words reversed, alignment known."""

import shlex
import sys

import pytest

from augmentation.translate_test import plan as plan_module
from augmentation.translate_test.answers import ANSWER, answer
from augmentation.translate_test.run import translate_test
from augmentation.translate_test.setup import resolve
from corpora.errors import UserError
from scoring.files import read_predictions
from tests.helpers.translate_test_runs import CITY_PREDICTOR, translate_test_config


def test_a_run_goes_on_where_it_was_cut_off(tmp_path, source, toy, monkeypatch):
    def failing(ref, setup):
        if ref.index == 2:
            raise RuntimeError("cut off")
        return answer(ref, setup)

    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="cut off"):
        patch.setattr(plan_module, "answer", failing)
        translate_test(translate_test_config(source, out))
    before = {p: p.stat().st_mtime_ns for p in (out / ANSWER).glob("part-*.arrow")}
    assert len(before) == 2
    seen = len(toy.seen)
    assert translate_test(translate_test_config(source, out)).rows == 12
    assert len(toy.seen) == seen + 2  # the last shard's two rows
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    with pytest.raises(UserError, match="made by another configuration"):
        translate_test(translate_test_config(source, out, n_best=2))


def test_a_script_that_has_changed_is_another_predictor(tmp_path, source, toy):
    script = tmp_path / "predict.py"
    script.write_text(CITY_PREDICTOR)
    given = {"predictor": f"command:{shlex.quote(sys.executable)} {shlex.quote(str(script))}"}
    translate_test(translate_test_config(source, tmp_path / "run", **given))
    before = resolve(translate_test_config(source, tmp_path / "run", **given)).predictors
    script.write_text(CITY_PREDICTOR.replace("PARIS", "NOWHERE"))
    assert resolve(translate_test_config(source, tmp_path / "run", **given)).predictors != before
    with pytest.raises(UserError, match=r"inputs.command:.*predict\.py: '\w+' -> '\w+'\); choose"):
        translate_test(translate_test_config(source, tmp_path / "run", **given))
    again = translate_test(translate_test_config(source, tmp_path / "again", **given))
    found = read_predictions(again.predictions, "tokens", [])
    assert [len(p.spans) for p in found] == [1, 0, 1] * 4


def test_an_ensemble_asks_the_second_predictor_on_the_original(tmp_path, source, toy):
    own = CITY_PREDICTOR.replace("BREMEN", "Bremen").replace('"?" in', '"never" in')
    command = f"command:{shlex.quote(sys.executable)} -c {shlex.quote(own)}"
    result = translate_test(
        translate_test_config(source, tmp_path / "run", ensemble=command, ensemble_weight=0.9)
    )
    found = read_predictions(result.predictions, "tokens", [])
    assert {p.label for p in found} == {"order"}
    assert all(len(p.spans) <= 1 for p in found)


def test_rows_without_labels_are_taken_and_a_limit_holds(tmp_path, toy):
    path = tmp_path / "bare.csv"
    path.write_text("id,text\n" + "".join(f"{i},fahr nach Oslo\n" for i in range(9)))
    limited = translate_test_config(path, tmp_path / "run", reading={"limit": 7})
    assert translate_test(limited).rows == 7


def test_a_language_that_the_translator_lacks(tmp_path, source, toy, monkeypatch):
    def translate(texts, source, target, options):
        raise UserError(f"the model does not translate from {source} to {target}", choices=["en"])

    monkeypatch.setattr(toy, "translate", translate)
    with pytest.raises(UserError, match="does not translate from de to en"):
        translate_test(translate_test_config(source, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
