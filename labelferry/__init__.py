"""Labelled data in one language in, labelled data in another language out.

The public functions; each is loaded when it is first used, so that `import labelferry` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from augmentation.compare.api import compare
    from augmentation.projection.api import align, project
    from augmentation.reporting.rows import read
    from augmentation.review.run import review_export, review_import
    from augmentation.train_translator.api import train_translator
    from augmentation.translate_test.api import translate_test
    from augmentation.translate_train.api import export, translate_train
    from augmentation.translation.api import translate
    from augmentation.translation.memory_merge import merge_memories
    from scoring.report import score

    __version__: str

__all__ = [
    "__version__",
    "align",
    "compare",
    "export",
    "merge_memories",
    "project",
    "read",
    "review_export",
    "review_import",
    "score",
    "train_translator",
    "translate",
    "translate_test",
    "translate_train",
]

_MODULES = {
    "align": "augmentation.projection.api",
    "compare": "augmentation.compare.api",
    "export": "augmentation.translate_train.api",
    "merge_memories": "augmentation.translation.memory_merge",
    "project": "augmentation.projection.api",
    "read": "augmentation.reporting.rows",
    "review_export": "augmentation.review.run",
    "review_import": "augmentation.review.run",
    "score": "scoring.report",
    "train_translator": "augmentation.train_translator.api",
    "translate": "augmentation.translation.api",
    "translate_test": "augmentation.translate_test.api",
    "translate_train": "augmentation.translate_train.api",
}


def __getattr__(name: str) -> Any:
    """The public function called `name`, or `__version__` (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("labelferry")
    elif name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
