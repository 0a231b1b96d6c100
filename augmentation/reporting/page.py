"""Pages of HTML: one file each, made from a template, with nothing loaded from elsewhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from corpora.text.visible import visible


def render(template: str, view: object) -> str:
    """The page that the file `template` of this package's `templates` makes of `view`.

    `view` is a dataclass whose fields the template names. Every text in it is escaped, and its
    control characters are shown as signs. Raises `jinja2.UndefinedError` for a field that `view`
    lacks.
    """
    return _environment().get_template(template).render(view=view)


def grouped(number: int) -> str:
    """`number` with a narrow space between every three digits."""
    return f"{number:,}".replace(",", "\u202f")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("augmentation.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible_text,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["grouped"] = grouped
    return environment


def _visible_text(value: object) -> object:
    """`value`, with control characters shown if it is a text; markup of macros is unchanged."""
    return visible(value) if type(value) is str else value
