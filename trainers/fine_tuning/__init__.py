"""Fine-tuning of any `transformers` encoder or sequence-to-sequence model (the `torch` extra).

Weights are read from safetensors only, and code that comes with a model is never run. Raises
`MissingExtraError` when it is imported where the extra is not installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from corpora.errors import MissingExtraError

for _name in ("torch", "safetensors"):
    if find_spec(_name) is None:
        raise MissingExtraError("the trainer 'transformers'", "torch")
