"""Limits on the freed memory that glibc's allocator keeps, which would grow with every shard."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""`mallopt`'s name for the number of heaps, from glibc's malloc.h."""


def bound_heaps() -> None:
    """Limit glibc to two heaps instead of eight per core: each thread of a shard leaves freed
    memory in its heap, which together would be as much as another run needs."""
    _call_glibc("mallopt", _M_ARENA_MAX, 2)


def trim_heaps() -> None:
    """Return the memory of a finished shard to the system, where glibc would keep it.

    Worth it after projection, which frees much; translating would only allocate it again.
    """
    _call_glibc("malloc_trim", 0)


def _call_glibc(function: str, *values: int) -> None:
    """Call a function of glibc's allocator; where there is no glibc nothing is done."""
    try:
        getattr(ctypes.CDLL(None), function)(*values)
    except (OSError, AttributeError, TypeError):
        return
