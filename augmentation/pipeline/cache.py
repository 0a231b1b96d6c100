"""A cache of objects that a process makes once and its threads share, such as translators."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class ProcessCache:
    """Values by key, each made when it is first needed; safe to use from several threads.

    Unlike `functools.lru_cache` it never makes the same value twice.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made by `make` where there is none yet."""
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            value: T = self._values[key]
            return value

    def drop(self, key: Hashable) -> None:
        """Forget the value of `key`: the next `get` makes it again."""
        with self._lock:
            self._values.pop(key, None)


PROCESS_CACHE = ProcessCache()
"""The cache of this process: translators, memories, predictors, readers."""
