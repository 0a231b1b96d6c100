"""`labelferry train-translator --init-from`: training that goes on from a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="training needs the train extra")

from corpora.errors import UserError
from flows.cli.main import main
from tests.helpers.swapped_words import (
    MINI_RECIPE,
    make_swapped_pairs,
    train_command,
    translate_words,
    write_tsv,
)
from translators.model_card import write_card
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model

pytestmark = pytest.mark.timeout(600)


def continue_command(start: Path, folder: Path, bidirectional: bool = False) -> list[str]:
    """The command that trains another 20 steps from `start`, on other pairs."""
    recipe = yaml.safe_load(MINI_RECIPE.read_text(encoding="utf-8"))
    recipe["bidirectional"] = bidirectional
    recipe["training"] |= {"max_steps": 20, "validate_every": 20, "checkpoint_every": 20}
    recipe["training"]["optimizer"] |= {"learning_rate": 1e-4, "muon_learning_rate": 1e-4}
    path = folder / "more.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    bitext = write_tsv(folder / "more.tsv", make_swapped_pairs(200, seed=7))
    command = train_command(bitext, folder / "model", "--init-from", str(start))
    command[command.index(str(MINI_RECIPE))] = str(path)
    return command


@pytest.mark.parametrize("exact", [True, False])
def test_training_goes_on_from_a_model_with_its_subwords(
    trained_model: Path, tmp_path: Path, exact: bool
) -> None:
    start = trained_model.with_name("model.work") / "50-train" / "model" if exact else trained_model
    assert main(continue_command(start, tmp_path)) == 0
    subwords = trained_model / "source.spm"
    assert (tmp_path / "model" / "source.spm").read_bytes() == subwords.read_bytes()
    assert str(start) in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    score, before = (
        {s["metric"]: s["value"] for s in read_model(folder).card.training["scores"]}["chrF"]
        for folder in (tmp_path / "model", trained_model)
    )
    # Twenty steps from nothing give a chrF of next to nothing.
    assert score > 0.8 * before


def test_a_start_of_another_shape_is_found_before_any_work(
    trained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exact = trained_model.with_name("model.work") / "50-train" / "model"
    for start in (trained_model, exact):
        command = continue_command(start, tmp_path)
        recipe = tmp_path / "more.yaml"
        recipe.write_text(recipe.read_text().replace("heads: 2", "heads: 4"))
        assert main(command) == 2
        error = capsys.readouterr().err
        assert (
            error.count("\n") == 1 and "the model has heads 2, but the configuration has 4" in error
        )
        assert not (tmp_path / "model.work" / "10-clean").exists()


def test_a_start_that_is_no_model_or_knows_no_tags(
    trained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(continue_command(tmp_path, tmp_path)) == 2
    assert "no trained model: model.safetensors is not there" in capsys.readouterr().err
    assert main(continue_command(Path("my-model"), tmp_path)) == 2
    assert "no model 'my-model'" in capsys.readouterr().err
    other = tmp_path / "other"
    shutil.copytree(trained_model, other)
    card = read_model(other).card
    write_card(other, card.model_copy(update={"origin": "Helsinki-NLP/opus-mt-en-de"}))
    assert main(continue_command(other, tmp_path)) == 2
    assert "continues only from models that train-translator made" in capsys.readouterr().err
    start = trained_model.with_name("model.work") / "50-train" / "model"
    assert main(continue_command(start, tmp_path, bidirectional=True)) == 2
    assert "its pieces are without >>en<< >>de<<" in capsys.readouterr().err
    broken = tmp_path / "broken"
    shutil.copytree(start, broken)
    (broken / "source.spm").write_bytes(b"no model")
    assert main(continue_command(broken, tmp_path)) == 2
    assert "no SentencePiece model" in capsys.readouterr().err


def to_french(words: list[str]) -> list[str]:
    """Another rule: the order stays, and words get an ending."""
    return [f"{word}eau" for word in words]


@pytest.fixture(scope="module")
def two_target_model(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model into German and French that goes on from the one into German, with other subwords."""
    folder = tmp_path_factory.mktemp("two")
    german = write_tsv(folder / "de.tsv", make_swapped_pairs(300, seed=11))
    sources = [source.split()[:-1] for source, _ in make_swapped_pairs(400, seed=12)]
    french = [(" ".join(words), " ".join(to_french(words))) for words in sources]
    recipe = yaml.safe_load(MINI_RECIPE.read_text(encoding="utf-8"))
    recipe["training"] |= {"max_steps": 400, "validate_every": 400, "checkpoint_every": 100}
    (folder / "two.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    files = [f"de={german}", f"fr={write_tsv(folder / 'fr.tsv', french)}"]
    command = [
        "train-translator", *files, "--source", "en", "--target", "de", "--target", "fr",
        "--out", str(folder / "model"), "--config", str(folder / "two.yaml"), "--no-prefect",
        "--threads", "1", "--device", "cpu", "--init-from", str(trained_model),
        "--init-subwords", "new", "--vocabulary", "330",
    ]  # fmt: skip
    assert main(command) == 0
    return folder / "model"


def test_one_model_of_several_targets(two_target_model: Path) -> None:
    card = read_model(two_target_model).card
    assert (card.name, card.pairs) == ("en-de-fr", (("en", "de"), ("en", "fr")))
    assert {s["direction"] for s in card.training["scores"]} == {"en-de", "en-fr"}
    words = [source.split()[:-1] for source, _ in make_swapped_pairs(60, seed=98)]
    translator = open_translator(two_target_model)
    # Texts of the kind that each direction was trained on: German ones end in a full stop.
    for target, rule, end in (
        ("de", lambda w: translate_words(w)[0], " ."),
        ("fr", to_french, ""),
    ):
        outputs = translator.translate(
            [" ".join(w) + end for w in words], "en", target, DecodingOptions(beam_size=1)
        )
        right = [
            output_word == expected
            for output, source in zip(outputs, words, strict=True)
            for output_word, expected in zip(output.text.split(), rule(source), strict=False)
        ]
        assert np.mean(right) > 0.7, target
    with pytest.raises(UserError, match="does not know the language 'de'"):
        translator.translate(["mira"], "de", "fr", DecodingOptions())
