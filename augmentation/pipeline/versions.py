"""Which packages' versions a run's manifest records."""

from __future__ import annotations

TRANSLATION_PACKAGES = (
    "ctranslate2", "labelferry", "numpy", "polars", "prefect", "pyarrow", "sentencepiece",
)  # fmt: skip
"""What translating rests on."""
PREDICTION_PACKAGES = ("python-crfsuite", "scikit-learn", "torch")
"""What predictors rest on besides."""
