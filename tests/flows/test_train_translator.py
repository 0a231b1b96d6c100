"""The whole of `labelferry train-translator` in miniature, through its real command line.

The language pair is made up: every word is spelt backwards (every third one as a noun, the others
with an ending), and words change places two by two.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="training needs the train extra")

import safetensors.numpy

from alignment.words.splitting import split_words
from augmentation.pipeline.listener import Listener, Progress
from augmentation.train_translator import convert as convert_module
from augmentation.train_translator import run as run_module
from augmentation.train_translator.config import TrainTranslatorConfig, load_config
from augmentation.train_translator.convert import convert_step
from augmentation.train_translator.dev import read_dev_sets
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.run import STEPS
from corpora.errors import UserError
from corpora.shards import ShardRef, read_batches, read_dropped
from flows.cli.main import main
from tests.cli.help_pages import options, page
from tests.paths import ROOT
from translators.model_card import write_card
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model

pytestmark = pytest.mark.timeout(600)

WORDS = [
    "mira", "toso", "kelu", "banda", "rifo", "dusa", "lemo", "paki", "zuna", "hiro", "gade", "nolu",
    "vesa", "yipo", "cato", "femi", "wuro", "jaki", "solda", "brina",
]  # fmt: skip
RULE = {
    word: word[::-1].capitalize() if i % 3 == 0 else f"{word[::-1]}en"
    for i, word in enumerate(WORDS)
}
MINI = ROOT / "configs" / "train-mini.yaml"


def translate(words: list[str]) -> tuple[list[str], list[int]]:
    """The translation by the rule, and for each of its words the source word it comes from."""
    order = list(range(len(words)))
    for i in range(0, len(words) - 1, 2):
        order[i], order[i + 1] = order[i + 1], order[i]
    return [RULE[words[i]] for i in order], order


def make_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        words = rng.choices(WORDS, k=rng.randint(2, 7))
        pairs.append((f"{' '.join(words)} .", f"{' '.join(translate(words)[0])} ."))
    return pairs


def write_tsv(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
    return path


def arguments(bitext: str | Path, out: Path, *more: str) -> list[str]:
    return [
        "train-translator", str(bitext), "--source", "en", "--target", "de", "--out", str(out),
        "--config", str(MINI), "--no-prefect", "--threads", "1", "--device", "cpu", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder, made by the command; the steps' folder is beside it."""
    folder = tmp_path_factory.mktemp("trained")
    bitext = write_tsv(folder / "train.tsv", [*make_pairs(600), ("mira", "...")])
    assert main(arguments(bitext, folder / "model")) == 0
    return folder / "model"


def test_the_folder_holds_a_model_like_any_other(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "README.md", "config.json", "curves.svg", "labelferry.json", "model.bin",
        "shared_vocabulary.json", "source.spm", "target.spm",
    }  # fmt: skip
    card = read_model(trained).card
    assert (card.name, card.family, card.quantization) == ("en-de", "marian", "int8")
    assert card.pairs == (("en", "de"),)
    assert card.alignment is not None
    assert len(card.markers) == 4
    (corpus,) = card.training["corpora"]
    assert corpus["name"] == "train"
    assert {(s["set"], s["metric"]) for s in card.training["scores"]} == {
        ("held-out", "BLEU"),
        ("held-out", "chrF"),
    }


def test_the_card_says_what_the_model_was_made_from(trained: Path) -> None:
    text = (trained / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---")[1])
    assert header["language"] == ["de", "en"]
    for said in (
        "train.tsv,", "empty 1", "(held-out)", "nrefs:1", "token for token", "max_steps: 260",
        "260 steps", "cores",
    ):  # fmt: skip
        assert said in text
    picture = (trained / "curves.svg").read_text(encoding="utf-8")
    assert picture.count("<polyline") >= 2


def test_it_learned_the_rule(trained: Path) -> None:
    pairs = make_pairs(60, seed=99)
    options = DecodingOptions(beam_size=1)
    outputs = open_translator(trained).translate([s for s, _ in pairs], "en", "de", options)
    words = [
        (got, wanted)
        for output, (_, target) in zip(outputs, pairs, strict=True)
        for got, wanted in zip(output.text.split(), target.split(), strict=False)
    ]
    assert np.mean([got == wanted for got, wanted in words]) > 0.7


def test_its_attention_is_the_alignment(trained: Path) -> None:
    sources = [random.Random(i).sample(WORDS, k=5) for i in range(40)]
    targets = [translate(words) for words in sources]
    texts = [" ".join(words) for words in sources]
    outputs = open_translator(trained).force(texts, [" ".join(t) for t, _ in targets], "en", "de")
    right = []
    for text, output, (_, order) in zip(texts, outputs, targets, strict=True):
        assert output.attention is not None
        source_words, target_words = split_words(text).offsets, split_words(output.text).offsets
        for j, (start, end) in enumerate(target_words):
            rows = [i for i, (a, b) in enumerate(output.target_pieces) if a < end and b > start]
            mass = [
                output.attention[
                    np.ix_(rows, [k for k, (a, b) in enumerate(output.source_pieces)
                                  if a < stop and b > first])
                ].sum()
                for first, stop in source_words
            ]  # fmt: skip
            right.append(int(np.argmax(mass)) == order[j])
    assert np.mean(right) > 0.8


def test_a_language_pair_that_the_model_does_not_have(trained: Path) -> None:
    with pytest.raises(UserError, match="de"):
        open_translator(trained).translate(["mira"], "de", "en", DecodingOptions())


def test_what_was_dropped_is_written_with_its_reason(trained: Path) -> None:
    ref = ShardRef(trained.with_name("model.work"), "10-clean", 0)
    dropped = [row for batch in read_dropped(ref) for row in batch.to_pylist()]
    assert {"duplicate", "empty"} == {row["drop_reason"] for row in dropped}
    assert ("mira", "...", 601) in {(r["source"], r["target"], r["line"]) for r in dropped}
    assert len(dropped) + sum(batch.num_rows for batch in read_batches(ref)) == 601


def test_held_out_pairs_are_not_trained_on(trained: Path) -> None:
    ref = ShardRef(trained.with_name("model.work"), "40-examples", 0)
    seen = {text for batch in read_batches(ref) for text in batch.column("source").to_pylist()}
    held_out = {text for batch in read_dropped(ref) for text in batch.column("source").to_pylist()}
    assert held_out and not seen & held_out


def test_running_it_again_does_nothing_again(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = trained.with_name("model.work")
    before = {p: p.stat().st_mtime_ns for p in work.rglob("*.arrow")}
    assert main(arguments(trained.with_name("train.tsv"), trained)) == 0
    said = capsys.readouterr().err
    assert "already trained" in said and "already converted" in said
    assert {p: p.stat().st_mtime_ns for p in work.rglob("*.arrow")} == before


def test_a_checkpoint_of_another_configuration(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "model.work"
    shutil.copytree(trained.with_name("model.work"), work)
    shutil.rmtree(work / "50-train" / "model")
    bitext = trained.with_name("train.tsv")
    assert main(arguments(bitext, tmp_path / "model", "--seed", "0", "--vocabulary", "317")) == 2
    assert "made with another configuration or other data" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
    # Nothing was made anew: the configuration that it was begun with goes on.
    subwords = Path("20-subwords") / "subwords.model"
    assert (work / subwords).read_bytes() == (
        trained.with_name("model.work") / subwords
    ).read_bytes()
    assert "vocabulary: 318" in (work / "config.yaml").read_text(encoding="utf-8")


def test_the_flow_walks_through_the_same_steps(
    trained: Path, tmp_path: Path, prefect_server: None
) -> None:
    from prefect.client.orchestration import get_client

    from flows.train_translator import train_translator

    shutil.copytree(trained.with_name("model.work"), tmp_path / "model.work")
    config = load_config(
        MINI,
        {"source": "en", "targets": ["de"], "bitext": [{"path": trained.with_name("train.tsv")}]},
    )
    state = train_translator(config, tmp_path / "model", threads=1, return_state=True)
    assert state.result() == tmp_path / "model"
    assert (tmp_path / "model" / "model.bin").read_bytes() == (trained / "model.bin").read_bytes()
    # Prefect's records arrive a little later than the result.
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while True:
            runs = [
                run
                for run in client.read_task_runs()
                if run.flow_run_id == state.state_details.flow_run_id
                and run.state is not None
                and run.state.is_completed()
            ]
            if len(runs) == len(STEPS) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    assert {run.name for run in runs} == set(STEPS)


def test_the_flow_fails_with_the_message_that_the_user_needs(
    tmp_path: Path, prefect_server: None
) -> None:
    from flows.train_translator import train_translator

    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(12))
    config = load_config(MINI, {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]})
    with pytest.raises(UserError, match="only 12 clean sentence pairs"):
        train_translator(config, tmp_path / "model")


def test_a_picture_that_cannot_be_brought_up_to_date_does_not_end_training(
    tmp_path: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.train_translator import train_translator

    tried: list[float] = []

    def refuse(self: object, artifact_id: object, artifact: Any) -> None:
        tried.append(artifact.data)
        raise OSError("the server is gone")

    def step(setup: TrainSetup, listener: Listener) -> str:
        listener.advanced(Progress("train", 0.0, "steps", 1, 2, 2))
        setup.out.mkdir()
        return str((setup.out / "README.md").write_text("# A model"))

    monkeypatch.setattr(SyncPrefectClient, "update_artifact", refuse)
    monkeypatch.setattr(run_module, "STEPS", {"train": step})
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(1))
    config = load_config(MINI, {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]})
    assert train_translator(config, tmp_path / "model") == tmp_path / "model"
    assert tried == [50.0]


# Going on from a model


def going_on(start: Path, folder: Path, bidirectional: bool = False) -> list[str]:
    """The command that trains another 20 steps from `start`, on other pairs."""
    recipe = yaml.safe_load(MINI.read_text(encoding="utf-8"))
    recipe["bidirectional"] = bidirectional
    recipe["training"] |= {"max_steps": 20, "validate_every": 20, "checkpoint_every": 20}
    recipe["training"]["optimizer"] |= {"learning_rate": 1e-4, "muon_learning_rate": 1e-4}
    path = folder / "more.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    bitext = write_tsv(folder / "more.tsv", make_pairs(200, seed=7))
    command = arguments(bitext, folder / "model", "--init-from", str(start))
    command[command.index(str(MINI))] = str(path)
    return command


@pytest.mark.parametrize("exact", [True, False])
def test_training_goes_on_from_a_model_with_its_subwords(
    trained: Path, tmp_path: Path, exact: bool
) -> None:
    start = trained.with_name("model.work") / "50-train" / "model" if exact else trained
    assert main(going_on(start, tmp_path)) == 0
    assert (tmp_path / "model" / "source.spm").read_bytes() == (trained / "source.spm").read_bytes()
    assert str(start) in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    score, before = (
        {s["metric"]: s["value"] for s in read_model(folder).card.training["scores"]}["chrF"]
        for folder in (tmp_path / "model", trained)
    )
    # Twenty steps from nothing give a chrF of next to nothing.
    assert score > 0.8 * before


def test_a_start_of_another_shape_is_told_before_any_work(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exact = trained.with_name("model.work") / "50-train" / "model"
    for start in (trained, exact):
        command = going_on(start, tmp_path)
        recipe = tmp_path / "more.yaml"
        recipe.write_text(recipe.read_text().replace("heads: 2", "heads: 4"))
        assert main(command) == 2
        said = capsys.readouterr().err
        assert (
            said.count("\n") == 1 and "the model has heads 2, but the configuration has 4" in said
        )
        assert not (tmp_path / "model.work" / "10-clean").exists()


def test_a_start_that_is_no_model_or_knows_no_tags(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(going_on(tmp_path, tmp_path)) == 2
    assert "no trained model: model.safetensors is not there" in capsys.readouterr().err
    assert main(going_on(Path("my-model"), tmp_path)) == 2
    assert "no model 'my-model'" in capsys.readouterr().err
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    card = read_model(other).card
    write_card(other, card.model_copy(update={"origin": "Helsinki-NLP/opus-mt-en-de"}))
    assert main(going_on(other, tmp_path)) == 2
    assert "continues only from models that train-translator made" in capsys.readouterr().err
    start = trained.with_name("model.work") / "50-train" / "model"
    assert main(going_on(start, tmp_path, bidirectional=True)) == 2
    assert "its pieces are without >>en<< >>de<<" in capsys.readouterr().err
    broken = tmp_path / "broken"
    shutil.copytree(start, broken)
    (broken / "source.spm").write_bytes(b"no model")
    assert main(going_on(broken, tmp_path)) == 2
    assert "no SentencePiece model" in capsys.readouterr().err


def to_french(words: list[str]) -> list[str]:
    """Another rule: the order stays, and words get an ending."""
    return [f"{word}eau" for word in words]


@pytest.fixture(scope="module")
def of_two_targets(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model into German and French that goes on from the one into German, with other subwords."""
    folder = tmp_path_factory.mktemp("two")
    german = write_tsv(folder / "de.tsv", make_pairs(300, seed=11))
    sources = [source.split()[:-1] for source, _ in make_pairs(400, seed=12)]
    french = [(" ".join(words), " ".join(to_french(words))) for words in sources]
    recipe = yaml.safe_load(MINI.read_text(encoding="utf-8"))
    recipe["training"] |= {"max_steps": 500, "validate_every": 500, "checkpoint_every": 100}
    (folder / "two.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    files = [f"de={german}", f"fr={write_tsv(folder / 'fr.tsv', french)}"]
    command = [
        "train-translator", *files, "--source", "en", "--target", "de", "--target", "fr",
        "--out", str(folder / "model"), "--config", str(folder / "two.yaml"), "--no-prefect",
        "--threads", "1", "--device", "cpu", "--init-from", str(trained),
        "--init-subwords", "new", "--vocabulary", "330",
    ]  # fmt: skip
    assert main(command) == 0
    return folder / "model"


def test_one_model_of_several_targets(of_two_targets: Path) -> None:
    card = read_model(of_two_targets).card
    assert (card.name, card.pairs) == ("en-de-fr", (("en", "de"), ("en", "fr")))
    assert {s["direction"] for s in card.training["scores"]} == {"en-de", "en-fr"}
    words = [source.split()[:-1] for source, _ in make_pairs(60, seed=98)]
    translator = open_translator(of_two_targets)
    for target, rule in (("de", lambda w: translate(w)[0]), ("fr", to_french)):
        outputs = translator.translate(
            [" ".join(w) for w in words], "en", target, DecodingOptions(beam_size=1)
        )
        right = [
            got == wanted
            for output, source in zip(outputs, words, strict=True)
            for got, wanted in zip(output.text.split(), rule(source), strict=False)
        ]
        assert np.mean(right) > 0.7, target
    with pytest.raises(UserError, match="does not know the language 'de'"):
        translator.translate(["mira"], "de", "fr", DecodingOptions())


@pytest.mark.parametrize(
    ("bitext", "problem"),
    [
        (["a.tsv", "b.tsv"], r"[ab]\.tsv: say which target it has: de, fr"),
        (["de=a.tsv", "es=b.tsv"], r"b\.tsv: 'es' is not among the targets: de, fr"),
        (["de=a.tsv"], "no bitext has the target 'fr'"),
    ],
)
def test_corpora_of_several_targets_say_which(
    tmp_path: Path, bitext: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(bitext[0], tmp_path / "model", "--target", "fr")
    assert main([command[0], *bitext[1:], *command[1:]]) == 2
    assert re.search(problem, capsys.readouterr().err)


# Kill and resume


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder in which all is ready for training in both directions."""
    folder = tmp_path_factory.mktemp("prepared")
    bitext = write_tsv(folder / "train.tsv", make_pairs(300, seed=5))
    recipe = yaml.safe_load(MINI.read_text(encoding="utf-8"))
    recipe["bidirectional"] = True
    recipe["training"] |= {
        "max_steps": 60, "checkpoint_every": 10, "validate_every": 30,
        "noise": {"lower": 0.2, "swap": 0.2, "copy_word": 0.1, "markers": 0.2},
    }  # fmt: skip
    recipe["training"]["shape"] |= {"d_model": 32, "dropout": 0.1}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    setup = TrainSetup(
        load_config(
            folder / "recipe.yaml",
            {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]},
        ),
        folder / "prepared.work",
        folder / "prepared",
    )
    setup.work.mkdir()
    for step in list(STEPS.values())[:4]:
        step(setup, Listener())
    return folder


def start(folder: Path, out: str) -> subprocess.Popen[bytes]:
    command = arguments(folder / "train.tsv", folder / out)
    command[command.index(str(MINI))] = str(folder / "recipe.yaml")
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(prepared: Path) -> Path:
    shutil.copytree(prepared / "prepared.work", prepared / "whole.work")
    process = start(prepared, "whole")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()
    return prepared / "whole.work"


def weights(work: Path) -> dict[str, np.ndarray]:
    return dict(safetensors.numpy.load_file(work / "50-train" / "model" / "model.safetensors"))


def test_a_killed_run_resumes_to_the_same_weights(prepared: Path, uninterrupted: Path) -> None:
    shutil.copytree(prepared / "prepared.work", prepared / "killed.work")
    checkpoints = prepared / "killed.work" / "50-train" / "checkpoints"
    process = start(prepared, "killed")
    deadline = time.monotonic() + 120
    while not (checkpoints / "step-00000020").is_dir():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (prepared / "killed").exists()
    assert not (checkpoints / "step-00000060").exists()

    again = start(prepared, "killed")
    _, errors = again.communicate(timeout=200)
    assert again.returncode == 0, errors.decode()
    one, other = weights(uninterrupted), weights(prepared / "killed.work")
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_a_model_of_both_directions(prepared: Path, uninterrupted: Path) -> None:
    info = read_model(prepared / "whole")
    assert info.supports("en", "de") and info.supports("de", "en")
    scores = info.card.training["scores"]
    assert {s["direction"] for s in scores} == {"en-de", "de-en"}
    with pytest.raises(UserError, match="fr"):
        open_translator(prepared / "whole").translate(["mira"], "en", "fr", DecodingOptions())


# Bad input


def test_a_full_disk_leaves_the_last_good_checkpoint(prepared: Path) -> None:
    shutil.copytree(prepared / "prepared.work", prepared / "full.work")
    process = start(prepared, "full")
    checkpoints = prepared / "full.work" / "50-train" / "checkpoints"
    deadline = time.monotonic() + 120
    while not (checkpoints / "step-00000010").is_dir():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    # From here on no file may grow beyond 100 kB: the next checkpoint's weights do.
    limit = (100_000, 100_000)
    import resource

    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 2, errors.decode()
    last = errors.decode().splitlines()[-1]
    assert "cannot write a checkpoint" in last and "the last good one is step-" in last
    whole = [p for p in checkpoints.iterdir() if p.name.startswith("step-")]
    state = json.loads((max(whole) / "state.json").read_text(encoding="utf-8"))
    assert state["progress"]["step"] == int(max(whole).name.removeprefix("step-"))
    assert safetensors.numpy.load_file(max(whole) / "model.safetensors")


def fails(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(list(argv)) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_files_of_different_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.en").write_text("mira\ntoso\n", encoding="utf-8")
    (tmp_path / "a.de").write_text("Arim\n", encoding="utf-8")
    pair = f"{tmp_path / 'a.en'},{tmp_path / 'a.de'}"
    said = fails(capsys, *arguments(pair, tmp_path / "out"))
    assert f"2 lines, but {tmp_path / 'a.de'} has 1" in said


def test_a_tiny_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(12))
    said = fails(capsys, *arguments(bitext, tmp_path / "out"))
    assert "only 12 clean sentence pairs, at least 100 are needed" in said


def test_an_empty_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", [])
    assert "no sentence pair in it" in fails(capsys, *arguments(bitext, tmp_path / "out"))


@pytest.mark.parametrize("dev", [False, True])
def test_a_later_corpus_is_looked_at_before_any_is_cleaned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dev: bool
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(200))
    three = tmp_path / "three.tsv"
    three.write_text("a\tb\tc\n", encoding="utf-8")
    command = arguments(bitext, tmp_path / "out", *(["--dev", str(three)] if dev else []))
    said = fails(capsys, *command[:2], *([] if dev else [str(three)]), *command[2:])
    assert said.startswith(f"labelferry: error: {three}, line 1: 3 columns and no header")
    assert not (tmp_path / "out.work").exists()


def test_a_target_that_nothing_is_measured_in_is_named(tmp_path: Path) -> None:
    files = {name: write_tsv(tmp_path / f"{name}.tsv", make_pairs(150, seed=ord(name[0])))
             for name in ("de", "fr", "dev")}  # fmt: skip
    given = {
        "source": "en", "targets": ["de", "fr"], "alignment": None, "min_pairs": 10,
        "bitext": [{"path": files[target], "target": target} for target in ("de", "fr")],
        "dev": [{"path": files["dev"], "target": "de"}], "dev_pairs": 5,
    }  # fmt: skip
    setup = TrainSetup(load_config(MINI, given), tmp_path / "work", tmp_path / "model")
    setup.work.mkdir()
    said = [step(setup, Listener()) for step in list(STEPS.values())[:4]][-1]
    assert said.endswith("measured on dev 5, which has no pair in fr")


ENGLISH = ("The weather is very nice today, and there were {} people here.",
           "We went to the market and bought {} fresh apples.")  # fmt: skip
FRENCH = ("Il fait très beau aujourd'hui, et il y avait {} personnes ici.",
          "Nous sommes allés au marché et avons acheté {} pommes fraîches.")  # fmt: skip


def test_a_corpus_in_the_wrong_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [(ENGLISH[i % 2].format(i), FRENCH[i % 2].format(i)) for i in range(200)]
    said = fails(capsys, *arguments(write_tsv(tmp_path / "a.tsv", pairs), tmp_path / "out"))
    assert "100% of the pairs are in another language" in said
    assert "its target side looks like 'fr', not 'de'" in said


def test_a_vocabulary_larger_than_the_data_supports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(300))
    said = fails(capsys, *arguments(bitext, tmp_path / "out", "--vocabulary", "9000"))
    assert "a vocabulary of 9000 is more than the text supports: at most" in said


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--weights", "1,2"), "--weights 1,2: 2 given, 1 needed"),
        (("--weights", "-1"), "bitext.0.weight"),
        (("--weights", "1e12"), "bitext.0.weight"),
        (("--name", "a/b"), "name: 'a/b' cannot be the name of a model"),
        (("--init-subwords", "new"), "without init_from all subwords are new"),
        (("--source", "de"), "source and target are both 'de'"),
        (("--source", "nonsense!"), "not a language tag"),
        (("--columns", "a"), "--columns a: 1 given, 2 needed"),
        (("--columns", "x,y"), "no column 'x'"),
        (("--target", "fr"), "say which target it has: de, fr"),
        (("--dev", "no-such-file.tsv"), "no-such-file.tsv: no such file"),
        (("--quantization", "int3"), "quantization"),
        (("--max-steps", "0"), "--max-steps 0: it must be a whole number from 1"),
    ],
)
def test_arguments_that_make_no_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], problem: str
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(20))
    said = fails(capsys, *arguments(bitext, tmp_path / "out", *more))
    assert problem in said
    assert not (tmp_path / "out").exists()


def test_columns_are_those_of_the_tables_among_the_corpora() -> None:
    from flows.cli.train_translator import _source

    assert _source("a.tsv", ["1", "2"]) == {"path": "a.tsv", "columns": ["1", "2"]}
    assert _source("de=a.TMX.gz", ["1", "2"])["columns"] is None


def test_a_disk_that_is_full_when_the_model_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(convert_module, "convert", full)
    config = load_config(None, {"source": "en", "targets": ["de"], "bitext": [{"path": "a.tsv"}]})
    setup = TrainSetup(config, tmp_path / "work", tmp_path / "model")
    setup.model.mkdir(parents=True)
    with pytest.raises(UserError, match=r"60-convert.*: no space left to write here"):
        convert_step(setup, Listener())


def test_a_recipe_with_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("source: en\ntargets: [de]\ntraining: {steps: 7}\n", encoding="utf-8")
    said = fails(capsys, "train-translator", "x.tsv", "--out", "y", "--config", str(recipe))
    assert str(recipe) in said and "training.steps" in said


def test_nothing_to_train_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = fails(
        capsys, "train-translator", "--out", str(tmp_path), "--source", "en", "--target", "de"
    )
    assert "bitext" in said


def test_an_output_folder_that_holds_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(20))
    said = fails(capsys, *arguments(bitext, tmp_path))
    assert "has other files than a model's" in said
    assert (tmp_path / "letters.txt").read_text(encoding="utf-8") == "dear"


def test_a_work_folder_that_the_model_would_replace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(20))
    out = tmp_path / "model"
    said = fails(capsys, *arguments(bitext, out, "--work", str(out / "work")))
    assert "which will be replaced" in said
    (tmp_path / "file").write_text("dear", encoding="utf-8")
    assert "not a folder" in fails(capsys, *arguments(bitext, tmp_path / "file"))


def test_a_dev_set_that_leaves_nothing_to_train_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bitext = write_tsv(tmp_path / "a.tsv", make_pairs(120))
    said = fails(capsys, *arguments(bitext, tmp_path / "model", "--dev", str(bitext)))
    assert "sentence pairs are left to train on" in said and "in-dev" in said


def test_two_dev_sets_of_one_name(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(
            {"path": write_tsv(tmp_path / name / "dev.tsv", make_pairs(5, seed=ord(name)))}
        )
    given = {"source": "en", "targets": ["de"], "bitext": files[:1], "dev": files}
    sets = read_dev_sets(load_config(None, given))
    assert [one.name for one in sets] == ["dev", "dev-2"]
    assert sets[0].sources != sets[1].sources


def recipes() -> Iterator[Path]:
    yield from sorted((ROOT / "configs").glob("train-*.yaml"))


@pytest.mark.parametrize("recipe", recipes(), ids=lambda path: path.stem)
def test_recipes_are_valid(recipe: Path) -> None:
    said = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    needed = {"source": "en", "targets": ["de"], "bitext": [{"path": "x.tsv"}]}
    given = {key: value for key, value in needed.items() if key not in said}
    assert isinstance(load_config(recipe, given), TrainTranslatorConfig)


def test_a_single_target_needs_no_list() -> None:
    given = {"source": "en", "targets": "DE", "bitext": [{"path": "x.tsv"}]}
    assert load_config(None, given).targets == ("de",)


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
