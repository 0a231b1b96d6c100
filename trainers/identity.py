"""The identity of a predictor, for fingerprints."""

from __future__ import annotations

from pathlib import Path

from corpora.fingerprint import file_hash, fingerprint, path_hash
from trainers.command import PREFIX, named_files


def predictor_identity(predictor: str) -> str:
    """The identity of `predictor`: the content of its folder, its hub id, or its command with the
    content of the files that it names."""
    if predictor.startswith(PREFIX):
        files = named_files(predictor.removeprefix(PREFIX))
        hashes = {file.as_posix(): file_hash(file) for file in files}
        return fingerprint([predictor, hashes]) if hashes else predictor
    return path_hash(predictor) if Path(predictor).is_dir() else predictor
