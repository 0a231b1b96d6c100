"""The setup of a translate-test run: its configuration, with input and models looked up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.pipeline.cache import PROCESS_CACHE
from augmentation.pipeline.versions import PREDICTION_PACKAGES, TRANSLATION_PACKAGES
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.round_trip import RoundTrip
from augmentation.translation.ingest import Input
from augmentation.translation.setup import TranslationSetup, resolve_translation
from corpora.fingerprint import fingerprint
from corpora.manifest import RunManifest, package_versions
from corpora.readers.inputs import input_path
from trainers.identity import predictor_identity
from trainers.load import load_predictor
from trainers.protocol import Predictor

VERSION = 3
_NOT_FINGERPRINTED = {"input", "out", "runtime", "predictor", "ensemble", "timeout", "model"}


@dataclass(frozen=True, slots=True)
class TranslateTestSetup:
    """What a translate-test run is made of."""

    config: TranslateTestConfig
    input: Input
    translation: TranslationSetup
    predictors: tuple[str, ...]
    """The identities of the predictor and of that of the ensemble; see `predictor_identity`."""

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.config.out

    def fingerprinted(self) -> dict[str, Any]:
        """The part of the configuration that changes a prediction."""
        return {
            "version": VERSION,
            "predictors": self.predictors,
            "model": self.translation.models.name,
            "projector": self.translation.projector,
            "protection_files": dict(self.translation.protection_files),
            **self.config.model_dump(mode="json", exclude=_NOT_FINGERPRINTED),
        }

    def manifest(self) -> RunManifest:
        """`run.json`."""
        return RunManifest(
            name="translate-test",
            fingerprint=fingerprint(self.fingerprinted()),
            config=self.config.model_dump(mode="json"),
            versions=package_versions((*TRANSLATION_PACKAGES, *PREDICTION_PACKAGES)),
            models=dict(self.translation.models.hashes),
            inputs={
                input_path(self.config.input): self.input.content_hash,
                **dict(zip(_predictors_of(self.config), self.predictors, strict=True)),
            },
            seed=self.config.seed,
        )

    def round_trip(self) -> RoundTrip:
        """The way to the predictor's language and back."""
        return RoundTrip.of(self.translation, self.config.target, self.config.n_best)

    def load_predictors(self) -> tuple[Predictor, Predictor | None]:
        """The predictor, and that of the ensemble; loaded once per process."""
        config = self.config

        def load(where: str) -> Predictor:
            return load_predictor(
                where, config.task, timeout=config.timeout, device=config.runtime.device
            )

        def load_both() -> tuple[Predictor, Predictor | None]:
            other = None if config.ensemble is None else load(config.ensemble)
            return load(config.predictor), other

        return PROCESS_CACHE.get(
            ("predictors", self.predictors, config.task, config.timeout), load_both
        )

    def check(self) -> None:
        """Load translator and predictors; raises `UserError` for a predictor that does not exist or
        fit, and for languages that the translator lacks."""
        self.round_trip().check()
        self.load_predictors()


def fingerprinted_fields(manifest: RunManifest) -> dict[str, Any]:
    """The fields of `manifest` that its fingerprint is made of."""
    config = {key: value for key, value in manifest.config.items() if key not in _NOT_FINGERPRINTED}
    predictors = {manifest.config.get("predictor"), manifest.config.get("ensemble")}
    inputs = {name: identity for name, identity in manifest.inputs.items() if name in predictors}
    return {"config": config, "models": manifest.models, "inputs": inputs}


def _predictors_of(config: TranslateTestConfig) -> list[str]:
    """Where the predictors are: the main one, and that of the ensemble."""
    return [where for where in (config.predictor, config.ensemble) if where is not None]


def resolve(config: TranslateTestConfig) -> TranslateTestSetup:
    """Look up the input, models and predictors of `config`.

    Raises `UserError` for what does not exist.
    """
    source = Input.at(
        config.input,
        config.task,
        config.source,
        config.reading,
        config.shard_rows,
        labelled=False,
    )
    translation = resolve_translation(
        config, task=config.task, source=config.source, seed=config.seed
    )
    identities = tuple(map(predictor_identity, _predictors_of(config)))
    return TranslateTestSetup(config, source, translation, identities)
