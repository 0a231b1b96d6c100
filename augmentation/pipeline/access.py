"""What a setting makes the program do to the machine: read a path, write one, or run a command.

A configuration that the user wrote may do all of it. The manifest of a run, given as a
configuration, may come from anyone: it chooses what is read, and what would be written or run must
stand on the command line. Every setting that names a path or a command is marked here with what it
does; a test holds every configuration to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corpora.errors import UserError


@dataclass(frozen=True, slots=True)
class Access:
    """The mark of a setting, in its type's annotation, that says what its value is used for."""

    kind: Literal["reads", "writes", "runs"]
    prefix: str = ""
    """What a value begins with if this is done with it; any other is read."""
    harmless: tuple[str, ...] = ()
    """Values with which nothing is done."""


READS, WRITES = Access("reads"), Access("writes")


def access_of(field: FieldInfo) -> Access | None:
    """The mark of `field`, None where it has none."""
    return next((mark for mark in _metadata(field) if isinstance(mark, Access)), None)


def _metadata(field: FieldInfo) -> Iterator[Any]:
    yield from field.metadata
    kinds = [field.annotation]
    while kinds:
        kind = kinds.pop()
        yield from getattr(kind, "__metadata__", ())
        kinds += get_args(kind)


@dataclass(frozen=True, slots=True)
class Action:
    """What a setting of a configuration would write to or run."""

    path: tuple[str | int, ...]
    """Names of fields, and numbers in lists, that lead to the setting."""
    kind: Literal["writes", "runs"]
    value: str

    @property
    def name(self) -> str:
        """The setting's name with dots."""
        return ".".join(map(str, self.path))


def actions(config: BaseModel) -> list[Action]:
    """What the settings of `config` would write to or run, where they are not the defaults."""
    return list(_actions(config, ()))


def commands(config: BaseModel) -> list[str]:
    """The commands that the settings of `config` would run."""
    return [action.value for action in actions(config) if action.kind == "runs"]


def _actions(value: Any, path: tuple[str | int, ...]) -> Iterator[Action]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            inner, mark = getattr(value, name), access_of(field)
            if mark is None or mark.kind == "reads":
                yield from _actions(inner, (*path, name))
            elif inner != field.default and inner not in mark.harmless:
                text = str(inner)
                if text.startswith(mark.prefix):
                    action = text.removeprefix(mark.prefix).strip()
                    yield Action((*path, name), mark.kind, action)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _actions(inner, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _actions(inner, (*path, number))


def refuse_actions(config: BaseModel, given: Mapping[str, Any], file: Path) -> None:
    """Raise `UserError` for what `config`, from the manifest `file` of a run, would write to or
    run, unless it is among the settings `given` on the command line."""
    for action in actions(config):
        if _is_given(action.path, given):
            continue
        verb = "would run the command" if action.kind == "runs" else "would write to"
        flag = f"--{str(action.path[-1]).replace('_', '-')}"
        way = f"give {flag} on the command line"
        if any(isinstance(part, int) for part in action.path):
            way = "copy the settings that you trust to a configuration of your own"
        raise UserError(
            f"{action.name} {verb} {action.value!r}: a run's manifest may come from anyone; {way}",
            file=file,
        )


def _is_given(path: Sequence[str | int], given: Any) -> bool:
    for part in path:
        if not isinstance(given, Mapping):  # the whole list was given
            return True
        if part not in given:
            return False
        given = given[part]
    return True
