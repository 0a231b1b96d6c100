"""How glibc's allocator keeps memory that shards let go."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""`mallopt`'s name for the number of heaps, from glibc's malloc.h."""


def bound_heaps() -> None:
    """Keep glibc to two heaps instead of eight a core: what the threads of many shards leave in
    theirs would add up to the memory of another run."""
    _tell_glibc("mallopt", _M_ARENA_MAX, 2)


def trim_heaps() -> None:
    """Give the memory of a shard that is done back to the system, where glibc would keep it.

    Projection is what leaves much; translating would only ask for it again."""
    _tell_glibc("malloc_trim", 0)


def _tell_glibc(function: str, *values: int) -> None:
    """Call a function of glibc's allocator; where there is no glibc nothing is done."""
    try:
        getattr(ctypes.CDLL(None), function)(*values)
    except (OSError, AttributeError, TypeError):
        return
