"""The form of an option's text, by the type of the setting's field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flows.cli.arguments import UNBOUNDED, Number


@dataclass(frozen=True, slots=True)
class Shape:
    """What the text of an option looks like."""

    kind: Literal["text", "number", "flag", "list", "tuple", "pairs", "none"]
    """`none` is for values that cannot be written as text."""
    choices: tuple[str, ...] = ()
    number: Number | None = None
    takes_single: bool = False
    """Whether a single value is passed as it is, not as a list of one."""


def shape_of(field: FieldInfo) -> Shape:
    """The shape of the text of a value of `field`."""
    alternatives = alternatives_of(field.annotation)
    nullable = NoneType in get_args(field.annotation)
    origins = [get_origin(kind) for kind in alternatives]
    if tuple in origins:
        return _shape_of_tuple(alternatives)
    if dict in origins:
        return Shape("pairs" if get_args(alternatives[0])[1] is str else "none")
    if list in origins or (len(alternatives) > 1 and int in alternatives):
        return Shape("none")
    kind = alternatives[0]
    if origins[0] is Literal:
        return Shape("text", tuple(map(str, get_args(kind))))
    if kind is bool:
        return Shape("text", ("yes", "no")) if nullable else Shape("flag")
    if kind in (int, float):
        off = nullable and field.default is not None
        return Shape("number", number=_number(kind is int, field.metadata, off))
    return Shape("text")


def _shape_of_tuple(alternatives: tuple[Any, ...]) -> Shape:
    kind = next(kind for kind in alternatives if get_origin(kind) is tuple)
    members = get_args(kind)
    inner = plain_type(members[0])
    if inner is None or (isinstance(inner, type) and issubclass(inner, BaseModel)):
        return Shape("none")
    if Ellipsis not in members:
        return Shape("tuple")
    choices = tuple(map(str, get_args(inner))) if get_origin(inner) is Literal else ()
    return Shape("list", choices, takes_single=len(alternatives) > 1)


def _number(whole: bool, constraints: list[Any], off: bool) -> Number:
    bounds = {
        name: getattr(constraint, name)
        for constraint in constraints
        for name in ("ge", "gt", "le", "lt")
        if getattr(constraint, name, None) is not None
    }
    if whole and "lt" in bounds:
        bounds["le"] = bounds.pop("lt") - 1
    return Number(
        bounds.get("ge", bounds.get("gt", -math.inf)),
        bounds.get("le", bounds.get("lt", UNBOUNDED)),
        whole,
        above="gt" in bounds,
        below="lt" in bounds,
        off=off,
    )


def alternatives_of(kind: Any) -> tuple[Any, ...]:
    """The types that a value of the type `kind` may have, None left out."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        members = [alternatives_of(member) for member in get_args(kind) if member is not NoneType]
        return tuple(kind for kinds in members for kind in kinds)
    return (kind,)


def plain_type(kind: Any) -> Any:
    """The one type that a value of the type `kind` has unless None; None if there are more."""
    alternatives = alternatives_of(kind)
    return alternatives[0] if len(alternatives) == 1 else None
