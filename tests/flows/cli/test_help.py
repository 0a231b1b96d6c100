"""Help pages, versions, completion and mistyped words: quick, plain, and true to what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from cyclopts import App
from pydantic import BaseModel

from alignment.projectors import DEFAULT_PROJECTOR, PROJECTORS
from alignment.words import ALIGNERS
from augmentation.compare.config import CompareConfig
from augmentation.projection.config import AlignConfig, ProjectConfig
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translation.config import TranslationConfig
from augmentation.translation.fields import ProjectorName
from corpora.choices import (
    QUANTIZATIONS,
    AnswerNormalisation,
    InputFormat,
    OutputFormat,
    SchemeName,
    SignificanceTest,
)
from corpora.readers import FORMATS
from corpora.tagging import scheme_named
from corpora.writers import WRITERS
from flows.cli.commands import COMMANDS, command_line
from flows.cli.main import main
from scoring.significance import METHODS
from scoring.squad import NORMALISATIONS
from tests.helpers.help_pages import options, page
from tests.helpers.paths import ROOT
from translators.conversion import convert

HELP = """
import sys
from flows.cli.main import main
main([*sys.argv[1:], "--help"])
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
HEAVY = {
    "ctranslate2", "langcodes", "numpy", "polars", "prefect", "pyarrow", "rich", "scipy",
    "sentencepiece", "sklearn", "tokenizers", "torch", "transformers", "yaml",
}  # fmt: skip
"""What takes long to import."""
WORDS = [[], *([name] for name in COMMANDS), ["models", "add"], ["models", "show"]]
CONFIGURED: dict[str, type[BaseModel]] = {
    "align": AlignConfig,
    "compare": CompareConfig,
    "project": ProjectConfig,
    "train-translator": TrainTranslatorConfig,
    "translate": TranslationConfig,
    "translate-test": TranslateTestConfig,
    "translate-train": TranslateTrainConfig,
}


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_is_quick(words: list[str]) -> None:
    arguments = [sys.executable, "-c", HELP, *words]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith(f"usage: {' '.join(['labelferry', *words])}")
    loaded = set(done.stderr.split())
    assert {"corpora", "cyclopts", "flows"} <= loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("words", WORDS[1:], ids=" ".join)
def test_every_option_says_its_default(words: list[str]) -> None:
    for flag, text in options(page(*words)).items():
        if flag not in ("-h", "--help"):
            assert "default" in text or "(required)" in text, text
            assert "None" not in text and "<class" not in text, text


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_reads_as_sentences(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = page(*words)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert not re.search(r"\b(rows|pairs|pieces|links) an? (shard|line|second|pair)\b", text)
    assert "│" not in text and "╭" not in text


@pytest.mark.parametrize("command", CONFIGURED)
def test_options_are_the_settings_of_the_configuration(command: str) -> None:
    """Each leaf of the model has its option, with its help and its default."""
    told = options(page(command))
    for place, description, default in leaves(CONFIGURED[command]):
        flag = RENAMED.get((command, place), f"--{place.rpartition('.')[2].replace('_', '-')}")
        if place.startswith(LEFT_TO_FILES.get(command, ())):
            continue
        if flag not in told or place in HIDDEN.get(command, ()):
            assert place in HIDDEN.get(command, ()), place
            continue
        text = told[flag]
        assert " ".join(description.split()) in text, place
        if place == "projection.projector":
            assert f"`{DEFAULT_PROJECTOR}` (the default" in text
        elif isinstance(default, bool):
            assert f"default: {'yes' if default else 'no'})" in text
        elif isinstance(default, int | float | str) and default != "":
            assert f"default: {default if isinstance(default, str) else f'{default:.10g}'})" in text


RENAMED = {
    ("translate-train", "targets"): "--target",
    ("translate-train", "filters.min_translation_score"): "--min-score",
    ("train-translator", "targets"): "--target",
    ("compare", "strategies"): "--strategy",
    ("translate", "decoding.max_decoding_length"): "--max-length",
}
HIDDEN = {
    "compare": {"seeds", "targets", "trainers", "projection.options"},
    "train-translator": {"dev", "bitext"},
    "translate": {"runtime.translating", "runtime.workers"},
    "translate-test": {"input", "projection.options"},
    "translate-train": {"input", "projection.options"},
}
"""Settings that no line of text can hold, or that the command takes in a form of its own."""
LEFT_TO_FILES = {
    "compare": ("source.", "few_shot."),
    "train-translator": ("training.shape.", "training.noise.", "training.optimizer."),
    "translate": ("projection.",),
}


def leaves(model: type[BaseModel], place: str = "") -> list[tuple[str, str, Any]]:
    """Place, description and default of every leaf of a model."""
    found: list[tuple[str, str, Any]] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        members = [kind, *getattr(kind, "__args__", ())]
        inner = next((k for k in members if isinstance(k, type) and issubclass(k, BaseModel)), None)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        if inner is not None and getattr(kind, "__origin__", None) is not tuple:
            found += leaves(inner, f"{place}{name}.")
        else:
            found.append((f"{place}{name}", field.description or "", default))
    return found


# Mistakes.


@pytest.mark.parametrize(
    ("command", "message", "usage"),
    [
        ("translate-trian x", "no command 'translate-trian'; did you mean translate-train?", ""),
        ("xyzzy", "no command 'xyzzy' (choose from: ", ""),
        ("models ad x", "no command 'ad'; did you mean add?", "models"),
        ("models", "a COMMAND must be given", "models"),
        ("", "a COMMAND must be given", ""),
        ("--beam-size 3", "no option --beam-size", ""),
        ("translate-train x --beem-size 3", "no option --beem-size; did you mean --beam-size?",
         "translate-train"),
        ("translate-train x --xyzzy", "no option --xyzzy", "translate-train"),
        ("inspect x y", "'y' is one argument too many", "inspect"),
        ("translate-train x --beam-size", "--beam-size needs a value", "translate-train"),
        ("translate x", "--source must be given", "translate"),
        ("export", "RUN must be given", "export"),
    ],
)  # fmt: skip
def test_mistakes_show_the_usage_of_the_command_at_hand(
    capsys: pytest.CaptureFixture[str], command: str, message: str, usage: str
) -> None:
    assert main(shlex.split(command)) == 2
    out, err = capsys.readouterr()
    assert not out
    first, second = err.splitlines()
    assert first.startswith(f"labelferry: error: {message}")
    assert second.startswith(f"usage: labelferry {usage}".rstrip())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("translate-train x --on-error shrug",
         "--on-error shrug: no 'shrug' here (choose from: error, skip, repair)"),
        ("translate-train x --scheme x", "--scheme x: no 'x' here (choose from: iob1, "),
        ("translate-train x --target de --target qq", "--target de --target qq: 'qq' is not a"),
        ("translate-train x --threads 4", "--threads 4: it must be A,B"),
        ("translate-train x --max-length-ratio 0", "--max-length-ratio 0: it must be a number"),
        ("export x --format excel", "--format excel: no 'excel' here (choose from: jsonl, "),
        ("inspect x --rows many", "--rows many: it must be a whole number from 1 to"),
        ("inspect x --quoting maybe", "--quoting maybe: no 'maybe' here (choose from: yes, no)"),
    ],
)  # fmt: skip
def test_wrong_values_are_one_line(
    capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    assert main(shlex.split(command)) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"labelferry: error: {message}")
    assert err.count("\n") == 1


# Version and completion.


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"labelferry \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "script"
    command = ["--install-completion", "--shell", shell, "--output", str(script)]
    assert main(command) == 0
    text = script.read_text(encoding="utf-8")
    for word in ("translate-train", "beam-size", "drop-span", "models", "alignment-head"):
        assert word in text


# Options that a command had before keep their names and meaning.


BEFORE = {
    "translate-train": "--task --source --target --model --pivot --out --name --memory --format "
    "--columns --scheme --split --quoting --on-error --limit --beam-size --compute-type "
    "--projector --unplaced --alternatives --seed --shard-rows --device --licence --config "
    "--no-prefect",
    "translate-test": "--task --source --target --predictor --out --model --pivot --n-best "
    "--ensemble --ensemble-weight --timeout --format --columns --scheme --split --quoting "
    "--on-error --limit --beam-size --projector --shard-rows --device --config --no-prefect",
    "compare": "--out --seeds --model --strategy --device --json --no-prefect",
    "train-translator": "--source --target --out --bidirectional --no-bidirectional --config "
    "--columns --weights --dev --name --init-from --init-subwords --vocabulary --max-steps "
    "--quantization --seed --no-guided-alignment --max-minutes --device --threads --work "
    "--no-prefect",
    "translate": "--output -o --source --target --model --pivot --format --field --into "
    "--beam-size --n-best --max-length --no-split --device --compute-type --on-error --rejected",
    "align": "--out --aligner --symmetrization --threshold --weights --unspaced --priors "
    "--save-priors --encoder --layer --model --reverse-model --source --target",
    "project": "--targets --out --source --target --task --projector --aligner --alignments "
    "--priors --encoder --layer --model --complete --min-confidence --unplaced --format "
    "--targets-format --quoting --out-format",
    "export": "--format --out --target --split",
    "inspect": "--rows --seed --first --dropped --target --task --format --columns --split "
    "--quoting",
    "score": "--gold --task --json --lang --source --by-id --format --gold-format --columns "
    "--quoting --scheme --on-error --baseline --test --samples --seed --confidence "
    "--normalisation --tokenize --comet",
    "models add": "--name --family --source --target --quantization --alignment-head --max-pieces "
    "--licence --revision",
}


@pytest.mark.parametrize("command", BEFORE)
def test_options_keep_their_names(command: str) -> None:
    apps: tuple[App, ...] = command_line().parse_commands(command.split())[1]
    flags = {
        flag for argument in apps[-1].assemble_argument_collection() for flag in argument.names
    }
    assert set(BEFORE[command].split()) <= flags


def test_choices_are_the_keys_of_the_tables_that_they_name() -> None:
    assert set(get_args(InputFormat)) == set(FORMATS)
    assert set(get_args(OutputFormat)) == set(WRITERS)
    assert set(get_args(ProjectorName)) == set(PROJECTORS)
    assert set(get_args(AlignConfig.model_fields["aligner"].annotation)) == set(ALIGNERS)
    assert convert.QUANTIZATIONS == QUANTIZATIONS
    assert get_args(SignificanceTest) == METHODS
    assert get_args(AnswerNormalisation) == NORMALISATIONS
    for name in get_args(SchemeName):
        scheme_named(name)
