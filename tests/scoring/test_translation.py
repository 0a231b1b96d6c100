import importlib.util
import json
import subprocess
import sys
import types

import pytest

from corpora.errors import MissingExtraError, UserError
from scoring.translation import (
    bleu,
    choose_tokenizer,
    comet_measure,
    compare_translations,
    translation_measures,
)

REFERENCES = [
    "Die Katze sitzt auf der Matte.",
    "Morgen wird es in Bremen regnen.",
    "Wir treffen uns um halb acht am Bahnhof.",
    "Bitte stell den Wecker auf sechs Uhr.",
]
GOOD = [
    "Die Katze sitzt auf der Matte.",
    "Morgen regnet es in Bremen.",
    "Wir treffen uns um halb acht am Bahnhof.",
    "Bitte stelle den Wecker auf sechs Uhr.",
]
POOR = ["Eine Katze.", "Morgen Regen Bremen", "Treffen Bahnhof halb 8", "Der Wecker ist sechs."]


def command_line(tmp_path, *options):
    """What sacreBLEU's own command says, as numbers by name."""
    (tmp_path / "ref").write_text("\n".join(REFERENCES) + "\n", encoding="utf-8")
    (tmp_path / "hyp").write_text("\n".join(GOOD) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "ref", "-i", "hyp", "-w", "10", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return {one["name"]: one for one in (found if isinstance(found, list) else [found])}


def test_scores_and_signatures_are_those_of_sacrebleus_command(tmp_path):
    ours = {m.name: m.score() for m in translation_measures(GOOD, REFERENCES, "de")}
    theirs = command_line(tmp_path, "-m", "bleu", "chrf", "ter")
    theirs |= command_line(tmp_path, "-m", "chrf", "--chrf-word-order", "2")
    for own, name in (("BLEU", "BLEU"), ("chrF", "chrF2"), ("TER", "TER"), ("chrF++", "chrF2++")):
        assert ours[own].value == pytest.approx(theirs[name]["score"])
        assert ours[own].signature == f"metric:{own}|{theirs[name]['signature']}"


def test_resampled_counts_give_the_value_of_the_resample():
    chosen = [0, 1, 1, 3]
    for measure in translation_measures(GOOD, REFERENCES, "de"):
        resampled = translation_measures(
            [GOOD[i] for i in chosen], [REFERENCES[i] for i in chosen], "de"
        )
        same = next(m for m in resampled if m.name == measure.name)
        assert measure.select(chosen).score().value == pytest.approx(same.score().value)


def test_paired_tests_are_sacrebleus():
    references, poor, good = REFERENCES * 10, POOR * 10, GOOD * 10
    for method in ("bootstrap", "randomization"):
        found = {
            c.name: c
            for c in compare_translations(poor, good, references, "de", method=method, samples=200)
        }
        assert list(found) == ["chrF++", "chrF", "BLEU", "TER"]  # as scores are called
        one = found["BLEU"]
        assert one.value == pytest.approx(bleu(good, references).value)
        assert one.baseline == pytest.approx(bleu(poor, references).value)
        assert one.p_value < 0.05
        assert ("bs:200" if method == "bootstrap" else "ar:200") in one.signature


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="3 hypotheses, but 4 references"):
        translation_measures(GOOD[:3], REFERENCES, "de")
    with pytest.raises(ValueError, match="3 and 4 hypotheses"):
        compare_translations(GOOD[:3], GOOD, REFERENCES, "de")


def test_tokenizers_go_by_the_language():
    assert choose_tokenizer("de") == "13a"
    assert choose_tokenizer("zh-Hans") == "zh"
    assert choose_tokenizer("th") == "char"
    assert choose_tokenizer("ja", "char") == "char"
    assert "tok:zh" in bleu(["我喜欢猫"], ["我喜欢狗"], "zh").signature
    with pytest.raises(UserError, match="no tokenizer 'moses'"):
        choose_tokenizer("de", "moses")


@pytest.mark.parametrize(("lang", "module"), [("ja", "MeCab"), ("ko", "mecab_ko")])
def test_japanese_and_korean_need_their_extra(lang, module):
    if importlib.util.find_spec(module) is None:
        with pytest.raises(MissingExtraError, match=rf"'\.\[{lang}\]'"):
            choose_tokenizer(lang)
    else:
        assert choose_tokenizer(lang) == f"{lang}-mecab"


def test_ter_cuts_asian_texts_into_characters():
    ter = next(m for m in translation_measures(["我喜欢猫"], ["我喜欢狗"], "zh") if m.name == "TER")
    assert ter.score().value == pytest.approx(25.0)
    assert "asian:yes" in ter.signature


def test_comet_is_asked_through_its_package(monkeypatch):
    with pytest.raises(ValueError, match="1 sources"):
        comet_measure(["a"], ["b", "c"], ["d"])
    if importlib.util.find_spec("comet") is None:
        with pytest.raises(UserError, match="pip install unbabel-comet"):
            comet_measure(["a"], ["b"], ["c"])
    asked = []

    class Model:
        def predict(self, data, batch_size, gpus):
            asked.extend(data)
            return types.SimpleNamespace(scores=[0.5, 0.7])

    package = types.ModuleType("comet")
    package.__spec__ = importlib.util.spec_from_loader("comet", None)
    package.download_model = lambda name: f"/models/{name}.ckpt"
    package.load_from_checkpoint = lambda path: Model()
    monkeypatch.setitem(sys.modules, "comet", package)
    score = comet_measure(["a", "b"], ["c", "d"], ["e", "f"]).score()
    assert score.value == pytest.approx(60.0)
    assert "model:Unbabel/wmt22-comet-da" in score.signature
    assert asked[1] == {"src": "b", "mt": "d", "ref": "f"}
