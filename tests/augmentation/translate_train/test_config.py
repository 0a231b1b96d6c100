from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from augmentation.translate_train.config import load_config, validated
from augmentation.translate_train.setup import resolve
from corpora.errors import UserError
from corpora.fingerprint import fingerprint
from corpora.manifest import tidy_name
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import translate_train_config

BASE = {"input": "a.jsonl", "task": "tokens", "source": "en", "targets": ["de"]}


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "input: a.jsonl\ntask: tokens\nsource: en\ntargets: [de, fr]\n"
        "decoding: {beam_size: 4, length_penalty: 0.8}\n"
    )
    config = load_config(file, {"decoding": {"beam_size": 1}, "targets": ["es"]})
    assert config.decoding.beam_size == 1
    assert config.decoding.length_penalty == 0.8
    assert config.targets == ("es",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"beams": 3}, "unknown setting 'beams'"),
        ({"decoding": {"beam": 3}}, "unknown setting 'decoding.beam'"),
        ({"task": "ner"}, "no task 'ner' (choose from: classification, pair, qa, text, tokens)"),
        ({"source": "german please"}, "source: 'german please' is not a language tag"),
        ({"targets": ["german please"]}, "targets.0: 'german please' is not a language tag"),
        ({"pivot": "german please"}, "pivot: 'german please' is not a language tag"),
        ({"model": []}, "model: no model is named"),
        ({"targets": ["en"]}, "source and target are both 'en'"),
        ({"targets": []}, "targets"),
        ({"reading": {"on_error": "ignore"}}, "(choose from: error, skip, repair)"),
        ({"decoding": {"beam_size": 0}}, "decoding.beam_size"),
        ({"decoding": {"beam_size": 10**6}}, "or equal to 1000, not 1000000"),
        ({"decoding": {"max_decoding_length": 2**40}}, "decoding.max_decoding_length"),
        ({"memory": 5}, "memory: it must be a path or 'off', not 5"),
        ({"model": 5}, "model: it must be text or a list"),
        ({"model": ["a", 5]}, "model.1: it must be text, not 5"),
        ({"model": False}, "not False (YAML takes a bare yes, no, on or off for that"),
        ({"targets": ["de", False]}, "targets.1: it must be text, not False (YAML"),
        ({"runtime": {"threads": "x"}}, "runtime.threads: it must be a list"),
        ({"projection": {"options": {"priors": date(2020, 1, 1)}}}, "projection.options: cannot"),
        (
            {"projection": {"options": {"sufficient_confidence": math.nan}}},
            "not a finite number: nan",
        ),
    ],
)
def test_mistakes_are_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(UserError) as error:
        validated(BASE | change, Path("run.yaml"))
    assert words in str(error.value)
    assert str(error.value).startswith("run.yaml: ")


@pytest.mark.parametrize(
    ("written", "memory"),
    [("off", "off"), ("no", "off"), ("'off'", "off"), ("on", None), ("m", Path("m"))],
)
def test_the_memory_is_switched_off_as_yaml_has_it(
    tmp_path: Path, written: str, memory: object
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(f"input: a\ntask: text\nsource: en\ntargets: de\nmemory: {written}\n")
    assert load_config(file, {}).memory == memory


def test_languages_are_spelt_as_usual_and_named_once() -> None:
    config = validated(BASE | {"source": "EN", "targets": ["DE", "de", "zh-hans"], "pivot": "ES"})
    assert (config.source, config.targets, config.pivot) == ("en", ("de", "zh-Hans"), "es")
    assert validated(BASE | {"targets": "fr"}).targets == ("fr",)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    for content in ("a: [", "- 1\n", "config: 5\nfingerprint: 6\n", "a: " + "[" * 5000):
        file.write_text(content)
        with pytest.raises(UserError, match=r"run\.yaml"):
            load_config(file, {})
    with pytest.raises(UserError, match="no such file"):
        load_config(tmp_path / "none.yaml", {})


def test_the_fingerprint_covers_what_changes_the_result(tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "a", "spans": []}\n')

    def run_of(**more: object) -> Path:
        return resolve(translate_train_config(source, None, **more)).run

    usual = run_of()
    for same in ({"runtime": {"device": "cpu", "workers": 3, "threads": [1, 2]}}, {"memory": None}):
        assert run_of(**same) == usual
    for other in (
        {"decoding": {"beam_size": 3}},
        {"decoding": {"compute_type": "float32"}},
        {"seed": 1},
        {"projection": {"unplaced": "drop-span"}},
        {"targets": ["fr"]},
        {"reading": {"limit": 1}},
        {"filters": {"max_length_ratio": None}},
    ):
        assert run_of(**other) != usual
    source.write_text('{"text": "b", "spans": []}\n')
    assert run_of() != usual


def test_a_run_goes_on_when_its_input_has_grown(tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "a", "spans": []}\n')
    before = resolve(translate_train_config(source, tmp_path / "run"))
    source.write_text('{"text": "a", "spans": []}\n{"text": "b", "spans": []}\n')
    after = resolve(translate_train_config(source, tmp_path / "run"))
    assert before.input.content_hash != after.input.content_hash
    expected = fingerprint(after.fingerprinted())
    assert before.manifest().fingerprint == after.manifest().fingerprint == expected


def test_names_of_runs() -> None:
    def name(path: str) -> str:
        return validated(BASE | {"input": path}).run_name

    assert name("x/en.train.conll.gz") == "en.train"
    assert name("x/intents.jsonl") == "intents"
    assert name("x/folder") == "folder"
    assert name("x/a b.jsonl") == "a-b"
    assert name("x/_x.jsonl") == name("x/.x.jsonl") == "x"
    assert name("x/über (1).tsv.gz") == "über-1"
    assert name("x/!.tsv") == "run"
    assert validated(BASE | {"name": "a b"}).run_name == "a b"


@pytest.mark.parametrize("file", ["a b.jsonl", "_x.jsonl", ".h.jsonl"])
def test_any_input_has_a_run_folder(tmp_path: Path, toy: ToyTranslator, file: str) -> None:
    source = tmp_path / file
    source.write_text('{"text": "a", "spans": []}\n')
    run = resolve(translate_train_config(source, None)).run
    assert run.name.startswith(tidy_name(source.stem) + "-")


def test_the_seed_changes_translations_only_when_sampling(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "a", "spans": []}\n')

    def identity(**more: object) -> dict[str, object]:
        return resolve(translate_train_config(source, None, **more)).translation.identity("de")

    sampling = {"sampling_topk": 5, "beam_size": 1}
    assert identity(seed=1) == identity(seed=2)
    assert identity(seed=1, decoding=sampling) != identity(seed=2, decoding=sampling)


def test_the_fingerprint_covers_files_of_projector_options(
    tmp_path: Path, toy: ToyTranslator
) -> None:
    source, priors = tmp_path / "a.jsonl", tmp_path / "priors.arrow"
    source.write_text('{"text": "a", "spans": []}\n')
    projection = {"projector": "aligned", "options": {"priors": str(priors)}}
    runs = set()
    for content in ("one", "another"):
        priors.write_text(content)
        runs.add(resolve(translate_train_config(source, None, projection=projection)).run)
    assert len(runs) == 2
