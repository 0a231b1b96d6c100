"""Help pages and usage lines, as plain text.

cyclopts' own pages use `rich`, which takes as long to load as everything else together.
"""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flows.cli.arguments import with_choices

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument

_RANGE = re.compile(r"(\((?:from|above) [^)]*)\)$")
_COLUMN = 26
"""Where help texts begin."""


def usage(app: App, chain: Sequence[str]) -> str:
    """The usage line of the command `app`, called by the names in `chain`."""
    return _usage(app, chain, _arguments(app))


def _usage(app: App, chain: Sequence[str], arguments: Sequence[Argument]) -> str:
    words = ["usage: labelferry", *chain]
    for argument in arguments:
        if argument.index is not None:
            words.append(label(argument) if argument.required else f"[{label(argument)}]")
    words += [
        f"{argument.name} {_value(argument)}"
        for argument in arguments
        if argument.index is None and argument.required
    ]
    if commands_of(app):
        words.append("COMMAND")
    return " ".join([*words, "[OPTIONS]"])


def page(app: App, chain: Sequence[str]) -> str:
    """The help page of the command `app`, called by the names in `chain`."""
    described = app.default_command.__doc__ if app.default_command is not None else app.help
    arguments = _arguments(app)
    parts = [
        _usage(app, chain, arguments),
        inspect.cleandoc(described or ""),
        app.help_epilogue or "",
    ]
    if commands := commands_of(app):
        rows = [_row(name, summary) for name, summary in commands.items()]
        parts.append("\n".join(["commands:", *rows]))
    panels: dict[str, list[str]] = {"arguments": [], "options": []}
    for argument in arguments:
        title = "arguments" if argument.index is not None else _group(argument)
        panels.setdefault(title, []).append(_row(label(argument), _text(argument)))
    panels["options"].append(_row("-h, --help", "Show this page."))
    if not chain:
        panels["options"].append(_row("--version", "Show the version."))
        panels["options"].append(
            _row("--install-completion", "Let the shell complete commands and options.")
        )
    parts += ["\n".join([f"{title}:", *rows]) for title, rows in panels.items() if rows]
    return "\n\n".join(part for part in parts if part)


def commands_of(app: App) -> dict[str, str]:
    """The commands of `app`, each with its summary, none of them loaded."""
    names = [name for name in app if not name.startswith("-")]
    specs = {name: app._commands[name] for name in names}
    return {name: (spec.help or "").partition("\n")[0] for name, spec in specs.items()}


def _arguments(app: App) -> list[Argument]:
    if app.default_command is None:
        return []
    return [argument for argument in app.assemble_argument_collection() if argument.show]


def _group(argument: Argument) -> str:
    groups: Any = argument.parameter.group or ()
    names = [group.name for group in groups]
    return names[0] if names and names[0] != "Parameters" else "options"


def label(argument: Argument) -> str:
    """The name of `argument` on help pages: `INPUT`, or its flags and what they take."""
    if argument.index is not None:
        label = argument.parameter.metavar or argument.name.lstrip("-").upper().replace("-", "_")
        return f"{label}..." if argument.is_var_positional() else label
    value = _value(argument)
    return ", ".join(argument.names) + (f" {value}" if value else "")


def _value(argument: Argument) -> str:
    if argument.is_flag() or argument.hint in (bool, bool | None):
        return ""
    return argument.parameter.metavar or argument.name.lstrip("-").upper().replace("-", "_")


def _text(argument: Argument) -> str:
    """The help text, with choices and default unless the text has them."""
    text = with_choices(argument.parameter.help or "", argument.get_choices() or ())
    if argument.required and argument.index is None:
        return f"{text} (required)"
    default = argument.parameter.show_default
    if not isinstance(default, str):
        value = argument.field_info.default
        default = _in_words(value) if not argument.required else ""
    if default and not (default == "none" and "default" in text):
        text, with_range = _RANGE.subn(rf"\1; default: {default})", text)
        text = text if with_range else f"{text} (default: {default})"
    return text.strip()


def _in_words(value: object) -> str:
    if value is None or value == () or value is inspect.Parameter.empty:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _row(label: str, text: str) -> str:
    return "\n".join(_lines(label, text))


def _lines(label: str, text: str) -> Iterator[str]:
    width = max(40, shutil.get_terminal_size().columns - 2)
    lines = textwrap.wrap(text, width - _COLUMN, break_long_words=False, break_on_hyphens=False)
    first = f"  {label}"
    if len(first) > _COLUMN - 2 or not lines:
        yield first
    else:
        yield f"{first.ljust(_COLUMN)}{lines.pop(0)}"
    for line in lines:
        yield " " * _COLUMN + line
