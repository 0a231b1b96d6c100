"""The setup of a translate-train run: its configuration, with input and models looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.pipeline.versions import TRANSLATION_PACKAGES
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translation.human import human_file
from augmentation.translation.ingest import Input
from augmentation.translation.setup import TranslationSetup, resolve_translation
from corpora.fingerprint import file_hash, fingerprint
from corpora.folders import runs_folder
from corpora.manifest import RunManifest, package_versions, read_run, run_folder
from corpora.readers.inputs import input_name, input_path

_NOT_FINGERPRINTED = {"input", "out", "memory", "name", "model", "runtime", "licence"}
"""Settings left out of the fingerprint: they change no result, or hashes replace them."""


@dataclass(frozen=True, slots=True)
class TranslateTrainSetup:
    """What a translate-train run is made of: where it goes, what it reads, how it translates."""

    config: TranslateTrainConfig
    run: Path
    """The run folder."""
    input: Input
    translation: TranslationSetup

    @property
    def targets(self) -> tuple[str, ...]:
        """The target languages."""
        return self.config.targets

    def fingerprinted(self) -> dict[str, Any]:
        """The part of the configuration that changes the result, without the input's content."""
        models = self.translation.models
        return {
            "input": input_name(self.config.input),
            "model": models.name,
            "hashes": dict(models.hashes),
            "projector": self.translation.projector,
            "projection_files": dict(self.translation.projection_files),
            "protection_files": dict(self.translation.protection_files),
            **self.config.model_dump(mode="json", exclude=_NOT_FINGERPRINTED),
        }

    def manifest(self) -> RunManifest:
        """`run.json`: what is needed to repeat the run.

        Its fingerprint leaves the input's content out, so that a run can continue with an input
        that has grown.
        """
        return RunManifest(
            name=self.config.run_name,
            fingerprint=fingerprint(self.fingerprinted()),
            config=self.config.model_dump(mode="json"),
            versions=package_versions(TRANSLATION_PACKAGES),
            models=dict(self.translation.models.hashes),
            inputs={input_path(self.config.input): self.input.content_hash, **self._corrections()},
            seed=self.config.seed,
        )

    def _corrections(self) -> dict[str, str]:
        """The hash of what people corrected, by the file; only of files that exist."""
        if self.translation.memory is None:
            return {}
        files = (
            human_file(self.translation.memory, f"{self.config.source}-{target}")
            for target in self.targets
        )
        return {file.as_posix(): file_hash(file) for file in files if file.is_file()}

    def check(self) -> None:
        """Raise `UserError` if the translator cannot translate to one of the targets or the
        projector cannot be made. Loads the translator."""
        for target in self.targets:
            self.translation.check(target)


def fingerprinted_fields(manifest: RunManifest) -> Mapping[str, Any]:
    """The fields of `manifest` that its fingerprint is made of."""
    config = {key: value for key, value in manifest.config.items() if key not in _NOT_FINGERPRINTED}
    name = Path(str(manifest.config.get("input"))).name
    return {"config": {"input": name, **config}, "models": manifest.models}


def resolve(config: TranslateTrainConfig) -> TranslateTrainSetup:
    """Look up the input and the models of `config`, and choose the run folder.

    Raises `UserError` for an input, a model or a projector that does not exist, and for a pair of
    languages that the models lack.
    """
    source = Input.at(config.input, config.task, config.source, config.reading, config.shard_rows)
    translation = resolve_translation(
        config, task=config.task, source=config.source, memory=config.memory, seed=config.seed
    )
    if config.out is not None:
        return TranslateTrainSetup(config, config.out, source, translation)
    unplaced = TranslateTrainSetup(config, Path(), source, translation)
    identity = fingerprint([unplaced.fingerprinted(), source.content_hash])
    run = run_folder(runs_folder(), config.run_name, identity)
    return TranslateTrainSetup(config, run, source, translation)


def changes_since(file: Path | None, setup: TranslateTrainSetup) -> list[str]:
    """What differs between the run whose `run.json` is `file` and the run of `setup`, one per line:
    models, versions of packages, the input, people's corrections. Empty where `file` is no run's
    manifest."""
    if file is None or file.name != "run.json":
        return []
    old, new = read_run(file.parent), setup.manifest()
    notes = []
    for kind, before, after in (
        ("model", old.models, new.models),
        ("version of", old.versions, new.versions),
    ):
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                notes.append(f"{file}: {kind} {name}: {before.get(name)}, now {after.get(name)}")
    for what, is_input in (("the input has", True), ("people's corrections have", False)):
        if _hashes(old, is_input) != _hashes(new, is_input):
            notes.append(f"{file}: {what} changed")
    return notes


def _hashes(manifest: RunManifest, is_input: bool) -> list[str]:
    """Hashes of the input of a run, or else of what people corrected."""
    name = Path(str(manifest.config.get("input"))).as_posix()
    return sorted(d for file, d in manifest.inputs.items() if (file == name) == is_input)
