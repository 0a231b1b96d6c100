"""YAML of configurations, which may be from somebody else: no file can fill the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from corpora.errors import UserError

MAX_BYTES = 4_000_000
"""Bytes that a configuration may have."""
MAX_VALUES = 20_000
"""Values that a configuration may have, each alias (`*name`) counted as all that it stands for."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """A loader that counts the values of what it composes."""

    def __init__(self, text: str, file: Path) -> None:
        super().__init__(text)
        self._file = file
        self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._count(1)
        return super().compose_node(parent, index)

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if node is not None:
            self._values = 0
            self._count(self._expanded(node, {}))
        return node

    def _expanded(self, node: yaml.Node, sizes: dict[int, int]) -> int:
        """The values of `node` without aliases; `sizes` are those of nodes that were counted."""
        size = sizes.get(id(node))
        if size == 0:  # it is being counted: it contains itself
            raise UserError("not a configuration: a value contains itself", file=self._file)
        if size is None:
            sizes[id(node)] = 0
            inner: list[yaml.Node] = []
            if isinstance(node, yaml.MappingNode):
                inner = [part for pair in node.value for part in pair]
            elif isinstance(node, yaml.SequenceNode):
                inner = node.value
            size = sizes[id(node)] = 1 + sum(self._expanded(part, sizes) for part in inner)
        return size

    def _count(self, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            number = f"{self._values:,}" if self._values > MAX_VALUES + 1 else "more"
            raise UserError(
                f"a configuration may have {MAX_VALUES:,} values, and this has {number} "
                "(an alias counts as what it stands for)",
                file=self._file,
            )


def load_bounded(file: Path) -> Any:
    """What the YAML `file` holds.

    Raises `UserError` for a file that is too large, what `yaml` raises for one that is not YAML,
    and what reading a file raises.
    """
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        size = f"{file.stat().st_size:,} bytes" if file.is_file() else "more"
        problem = f"a configuration may have {MAX_BYTES:,} bytes, and this has {size}"
        raise UserError(problem, file=file)
    loader = _Loader(data.decode("utf-8"), file)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
