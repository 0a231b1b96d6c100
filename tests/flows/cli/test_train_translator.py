"""`labelferry train-translator` as a user types it: what is not done again, what is refused."""

from __future__ import annotations

import re
import shutil
from operator import attrgetter
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from augmentation.train_translator.config import load_config
from flows.cli.main import main
from tests.helpers.help_pages import options, page
from tests.helpers.swapped_words import make_swapped_pairs, train_command, write_tsv

pytestmark = pytest.mark.timeout(600)


def test_running_it_again_does_nothing_again(
    trained_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = trained_model.with_name("model.work")
    before = {p: p.stat().st_mtime_ns for p in work.rglob("*.arrow")}
    assert main(train_command(trained_model.with_name("train.tsv"), trained_model)) == 0
    error = capsys.readouterr().err
    assert "already trained" in error and "already converted" in error
    assert {p: p.stat().st_mtime_ns for p in work.rglob("*.arrow")} == before


def test_a_checkpoint_of_another_configuration(
    trained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "model.work"
    shutil.copytree(trained_model.with_name("model.work"), work)
    shutil.rmtree(work / "50-train" / "model")
    bitext = trained_model.with_name("train.tsv")
    assert (
        main(train_command(bitext, tmp_path / "model", "--seed", "0", "--vocabulary", "317")) == 2
    )
    assert "made with another configuration or other data" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
    # Nothing was made anew: the configuration that it was begun with goes on.
    subwords = Path("20-subwords") / "subwords.model"
    assert (work / subwords).read_bytes() == (
        trained_model.with_name("model.work") / subwords
    ).read_bytes()
    assert "vocabulary: 318" in (work / "config.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("bitext", "problem"),
    [
        (["a.tsv", "b.tsv"], r"[ab]\.tsv: say which target it has, as in de="),
        (["de=a.tsv", "es=b.tsv"], r"b\.tsv: 'es' is not among the targets: de, fr"),
        (["de=a.tsv"], "no bitext has the target 'fr'"),
    ],
)
def test_corpora_of_several_targets_say_which(
    tmp_path: Path, bitext: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = train_command(bitext[0], tmp_path / "model", "--target", "fr")
    assert main([command[0], *bitext[1:], *command[1:]]) == 2
    assert re.search(problem, capsys.readouterr().err)


def error_of(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(list(argv)) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_files_of_different_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.en").write_text("mira\ntoso\n", encoding="utf-8")
    (tmp_path / "a.de").write_text("Arim\n", encoding="utf-8")
    pair = f"{tmp_path / 'a.en'},{tmp_path / 'a.de'}"
    error = error_of(capsys, *train_command(pair, tmp_path / "out"))
    assert f"2 lines, but {tmp_path / 'a.de'} has 1" in error


def test_a_tiny_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(12))
    error = error_of(capsys, *train_command(bitext, tmp_path / "out"))
    assert "only 12 clean sentence pairs, at least 100 are needed" in error


def test_an_empty_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", [])
    assert "no sentence pair in it" in error_of(capsys, *train_command(bitext, tmp_path / "out"))


@pytest.mark.parametrize("dev", [False, True])
def test_all_corpora_are_checked_before_any_is_cleaned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dev: bool
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(200))
    three = tmp_path / "three.tsv"
    three.write_text("a\tb\tc\n", encoding="utf-8")
    command = train_command(bitext, tmp_path / "out", *(["--dev", str(three)] if dev else []))
    error = error_of(capsys, *command[:2], *([] if dev else [str(three)]), *command[2:])
    assert error.startswith(f"labelferry: error: {three}, line 1: 3 columns and no header")
    assert not (tmp_path / "out.work").exists()


ENGLISH = ("The weather is very nice today, and there were {} people here.",
           "We went to the market and bought {} fresh apples.")  # fmt: skip

FRENCH = ("Il fait très beau aujourd'hui, et il y avait {} personnes ici.",
          "Nous sommes allés au marché et avons acheté {} pommes fraîches.")  # fmt: skip


def test_a_corpus_in_the_wrong_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [(ENGLISH[i % 2].format(i), FRENCH[i % 2].format(i)) for i in range(200)]
    error = error_of(capsys, *train_command(write_tsv(tmp_path / "a.tsv", pairs), tmp_path / "out"))
    assert "100% of the pairs are in another language" in error
    assert "its target side looks like 'fr', not 'de'" in error


def test_a_vocabulary_larger_than_the_data_supports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(300))
    error = error_of(capsys, *train_command(bitext, tmp_path / "out", "--vocabulary", "9000"))
    assert "a vocabulary of 9000 is more than the text supports: at most" in error


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--weights", "1,2"), "--weights 1,2: 2 given, 1 needed"),
        (("--weights", "-1"), "bitext.0.weight"),
        (("--weights", "1e12"), "bitext.0.weight"),
        (("--name", "a/b"), "name: 'a/b' cannot be the name of a model"),
        (("--init-subwords", "new"), "without init_from all subwords are new"),
        (("--columns", "a"), "--columns a: 1 given, 2 needed"),
        (("--columns", "x,y"), "no column 'x'"),
        (("--target", "fr"), "say which target it has, as in de="),
        (("--dev", "no-such-file.tsv"), "no-such-file.tsv: no such file"),
        (("--quantization", "int3"), "quantization"),
        (("--max-steps", "0"), "--max-steps 0: it must be a whole number from 1"),
    ],
)
def test_arguments_that_make_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], problem: str
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(20))
    error = error_of(capsys, *train_command(bitext, tmp_path / "out", *more))
    assert problem in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "problem"),
    [("de", "source and target are both 'de'"), ("nonsense!", "not a language tag")],
)
def test_sources_that_make_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, problem: str
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(20))
    command = [source if word == "en" else word for word in train_command(bitext, tmp_path / "out")]
    assert problem in error_of(capsys, *command)


def test_columns_are_those_of_the_tables_among_the_corpora() -> None:
    from flows.cli.train_translator import _corpus

    assert _corpus("a.tsv", ["1", "2"]) == {"path": Path("a.tsv"), "columns": ["1", "2"]}
    assert _corpus("de=a.TMX.gz", ["1", "2"])["columns"] is None


def test_a_recipe_with_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("source: en\ntargets: [de]\ntraining: {steps: 7}\n", encoding="utf-8")
    error = error_of(capsys, "train-translator", "x.tsv", "--out", "y", "--config", str(recipe))
    assert str(recipe) in error and "training.steps" in error


def test_nothing_to_train_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = error_of(
        capsys, "train-translator", "--out", str(tmp_path), "--source", "en", "--target", "de"
    )
    assert "BITEXT must be given" in error


def test_an_output_folder_that_holds_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(20))
    error = error_of(capsys, *train_command(bitext, tmp_path))
    assert "has other files than a model's" in error
    assert (tmp_path / "letters.txt").read_text(encoding="utf-8") == "dear"


def test_a_work_folder_that_the_model_would_replace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(20))
    out = tmp_path / "model"
    error = error_of(capsys, *train_command(bitext, out, "--work", str(out / "work")))
    assert "which will be replaced" in error
    (tmp_path / "file").write_text("dear", encoding="utf-8")
    assert "not a folder" in error_of(capsys, *train_command(bitext, tmp_path / "file"))


def test_a_dev_set_that_leaves_nothing_to_train_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(120))
    error = error_of(capsys, *train_command(bitext, tmp_path / "model", "--dev", str(bitext)))
    assert "sentence pairs are left to train on" in error and "in-dev" in error


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("vocabulary", "subwords.vocabulary"),
        ("max_steps", "training.max_steps"),
        ("quantization", "quantization"),
        ("seed", "training.seed"),
        ("seed", "subwords.seed"),
        ("init_subwords", "init_subwords"),
    ],
)
def test_the_defaults_that_help_names_are_those_of_the_configuration(name: str, place: str) -> None:
    text = options(page("train-translator"))[f"--{name.replace('_', '-')}"]
    given = {"source": "en", "targets": ["de"], "bitext": [{"path": "x.tsv"}]}
    value = attrgetter(place)(load_config(None, given))
    assert f"default: {value})" in text
