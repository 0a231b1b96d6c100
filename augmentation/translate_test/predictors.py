"""Which predictors a run has, and what stands for each."""

from __future__ import annotations

from pathlib import Path

from augmentation.translate_test.config import TranslateTestConfig
from corpora.manifest import file_hash, fingerprint, path_hash
from trainers.command import PREFIX, named_files


def given_predictors(config: TranslateTestConfig) -> list[str]:
    """Where the predictors are: the one that is asked, and that of the ensemble."""
    return [p for p in (config.predictor, config.ensemble) if p is not None]


def predictor_identity(predictor: str) -> str:
    """What stands for a predictor: the content of its folder, its hub id, or its command with the
    content of the files that it names."""
    if predictor.startswith(PREFIX):
        files = named_files(predictor.removeprefix(PREFIX))
        hashes = {file.as_posix(): file_hash(file) for file in files}
        return fingerprint([predictor, hashes]) if hashes else predictor
    return path_hash(predictor) if Path(predictor).is_dir() else predictor
