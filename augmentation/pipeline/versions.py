"""Which packages' versions a run's manifest records."""

from __future__ import annotations

TRANSLATION_PACKAGES = (
    "ctranslate2", "labelferry", "numpy", "polars", "prefect", "pyarrow", "sentencepiece",
)  # fmt: skip
"""Packages that translations depend on."""
PREDICTION_PACKAGES = ("python-crfsuite", "scikit-learn", "torch")
"""Packages that predictors depend on as well."""
