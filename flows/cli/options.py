"""Command-line options made from a Pydantic configuration: one for each setting.

The name, help, default, choices and range of an option are those of its field, so they are declared
once. What is not given on the command line is left to the configuration file and to the model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import Parameter
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from augmentation.pipeline.configuration import MissingSettingsError, explain
from corpora.errors import UserError
from flows.cli.arguments import parse_columns, with_choices
from flows.cli.shapes import Shape, alternatives_of, plain_type, shape_of

Overrides = dict[str, Any]
"""A nested configuration with the settings that the command line gives."""
_MISSING: Any = object()


def takes_settings(
    model: type[BaseModel],
    *,
    leave_out: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command, in place of its parameter `settings`, an option for each setting of `model`.

    The command's `settings` are the `Overrides` that the options add up to. Settings in
    `leave_out`, named with dots (`reading.limit`), get no option, nor do those that cannot be
    written as text. `names` are the options of settings that differ from the field's name.
    """
    options = options_of(model, leave_out, names or {})

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        parameters = inspect.signature(command).parameters.values()
        signature = [parameter for parameter in parameters if parameter.name != "settings"]
        taken = {parameter.name for parameter in signature}
        shown = [option for option in options if option.name not in taken]

        @wraps(command)
        def with_settings(*args: Any, **given: Any) -> int:
            values = {option: given.pop(option.name, None) for option in shown}
            settings = overrides({o: value for o, value in values.items() if value is not None})
            try:
                return command(*args, **given, settings=settings)
            except MissingSettingsError as error:
                raise UserError(_needed(error, options, taken), file=error.file) from error

        signature += [option.parameter() for option in shown]
        with_settings.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        return with_settings

    return decorate


@dataclass(frozen=True, eq=False)
class Option:
    """An option for a setting, or for several that the command gives one name."""

    flag: str
    paths: tuple[tuple[str, ...], ...]
    """Names of fields that lead to each of the settings in the model."""
    field: FieldInfo
    default: Any
    """By the model; `_MISSING` where the setting must be given."""
    description: str
    """Those of all its settings."""

    @property
    def name(self) -> str:
        """The name of the command's parameter."""
        return self.flag.removeprefix("--").replace("-", "_")

    @cached_property
    def shape(self) -> Shape:
        """What its text looks like."""
        return shape_of(self.field)

    def parameter(self) -> inspect.Parameter:
        """Its parameter in the signature of a command."""
        shape = self.shape
        hint: Any = {"flag": bool, "list": list[str]}.get(shape.kind, str)
        part = self.paths[0][-2] if len(self.paths) == 1 and len(self.paths[0]) > 1 else None
        details = Parameter(
            name=self.flag,
            help=self._help(),
            metavar=self._metavar(),
            choices=shape.choices if shape.choices and not self._takes_other_spellings() else None,
            show_default=self._default_in_words(),
            negative=() if shape.kind == "list" else None,
            group=part.replace("_", " ") if part else None,
        )
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[hint | None, details],
        )

    def value(self, given: Any) -> Any:
        """The setting for `given`, the texts of the option or, for a flag, a boolean.

        Raises `UserError` that names the option, its text and what is allowed.
        """
        shape = self.shape
        if shape.kind == "flag":
            return given
        if shape.kind == "pairs":
            return parse_columns(given)
        if shape.number is not None:
            return shape.number.parse(self.flag, given)
        kinds = alternatives_of(self.field.annotation)
        value: Any = given
        if get_origin(kinds[0]) is Literal:
            value = {str(choice): choice for choice in get_args(kinds[0])}.get(given, given)
        elif shape.kind == "list":
            value = given[0] if len(given) == 1 and shape.takes_single else tuple(given)
        elif shape.kind == "tuple":
            value = tuple(given.split(","))
            if len(value) != len(get_args(kinds[0])):
                raise UserError(f"{self.flag} {given}: it must be {self._metavar()}")
        field = self.field
        kind: Any = field.annotation
        if field.metadata:
            kind = Annotated[field.annotation, *field.metadata]
        try:
            return TypeAdapter[Any](kind).validate_python(value)
        except ValidationError as error:
            text = given if isinstance(given, str) else f" {self.flag} ".join(given)
            problem = explain(error, None)
            raise UserError(f"{self.flag} {text}: {problem}") from error

    def _takes_other_spellings(self) -> bool:
        """Whether the model accepts other spellings of the choices, which cyclopts would refuse."""
        kinds = [self.field.annotation, *get_args(self.field.annotation)]
        details = [detail for kind in kinds for detail in getattr(kind, "__metadata__", ())]
        return any(isinstance(d, BeforeValidator) for d in (*self.field.metadata, *details))

    def _help(self) -> str:
        text = " ".join(self.description.split())
        number = self.shape.number
        if number is not None and number.range:
            return f"{text} ({number.range})"
        return with_choices(text, self.shape.choices)

    def _metavar(self) -> str | None:
        shape = self.shape
        if shape.number is not None:
            return "N" if shape.number.whole else "X"
        return {"pairs": "A=B,...", "tuple": "A,B"}.get(shape.kind)

    def _default_in_words(self) -> str:
        if self.default is _MISSING:
            return "none; it must be given, here or in the configuration"
        if self.default is None or self.default == () or self.default == {}:
            return "off" if self.shape.number is not None and self.shape.number.off else "none"
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        if isinstance(self.default, tuple):
            return ", ".join(map(str, self.default))
        return f"{self.default:.10g}" if isinstance(self.default, float) else str(self.default)


def _needed(
    error: MissingSettingsError, options: Collection[Option], taken: Collection[str]
) -> str:
    """Which of `options`, of the parameters `taken` by the command itself, and of the settings that
    have no option must be given."""
    flags = {path: option for option in options for path in option.paths}
    words = []
    for path in error.paths:
        option = flags.get(tuple(map(str, path)))
        choices = option.shape.choices if option else None
        own = str(path[0]).upper() if path[0] in taken else repr(".".join(map(str, path)))
        name = option.flag if option else own
        words.append(f"{name} ({', '.join(choices)})" if choices else name)
    text = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"{text} must be given, here or in the configuration"


def options_of(
    model: type[BaseModel], leave_out: Collection[str], names: Mapping[str, str]
) -> list[Option]:
    """An option for each setting of `model`; `leave_out` and `names` are as in `takes_settings`."""
    options: dict[str, Option] = {}
    for path, field, default in _settings(model, ()):
        parts = {".".join(path[: depth + 1]) for depth in range(len(path))}
        if not parts.isdisjoint(leave_out):
            continue
        name = names.get(".".join(path))
        flag = name or f"--{path[-1].replace('_', '-')}"
        if flag in options and name is None:
            raise ValueError(f"{flag} would set {options[flag].paths} and {path}")
        paths: tuple[tuple[str, ...], ...] = (path,)
        text = field.description or ""
        if flag in options:
            paths = (*options[flag].paths, path)
            text = f"{options[flag].description} {text}"
        options[flag] = Option(flag, paths, field, default, text)
    return list(options.values())


def overrides(given: Mapping[Option, Any]) -> Overrides:
    """The options `given`, each with its text, as a nested configuration."""
    values: Overrides = {}
    for option, text in given.items():
        value = option.value(text)
        for *parents, last in option.paths:
            inner = values
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[last] = value
    return values


def _settings(
    model: type[BaseModel], path: tuple[str, ...], instance: BaseModel | None = None
) -> Iterator[tuple[tuple[str, ...], FieldInfo, Any]]:
    """Path, field and default of each setting that can be written as text.

    `instance` is the default of the whole model.
    """
    # A model's additional fields come before those that it inherits.
    inherited = [name for base in model.__bases__ for name in getattr(base, "model_fields", ())]
    fields = sorted(model.model_fields.items(), key=lambda item: item[0] in inherited)
    for name, field in fields:
        if shape_of(field).kind == "none":
            continue
        inner = plain_type(field.annotation)
        is_part = isinstance(inner, type) and issubclass(inner, BaseModel)
        default = None
        if instance is not None:
            default = getattr(instance, name)
        elif field.is_required():
            default = _MISSING
        elif (
            not is_part or field.default_factory is not inner
        ):  # a part with other defaults than its type's
            default = field.get_default(call_default_factory=True)
        if is_part:
            whole = default if isinstance(default, BaseModel) else None
            yield from _settings(inner, (*path, name), whole)
        else:
            yield (*path, name), field, default
