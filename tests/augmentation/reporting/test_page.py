"""Templates on their own: what they escape, what they refuse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest

import augmentation.reporting
from augmentation.reporting.page import grouped, render
from augmentation.reporting.pairs import PairList, pair_list
from augmentation.reporting.palette import Palette
from augmentation.reporting.tables import Column, Kind, Table
from corpora.records import Provenance, Row, Span

EVIL = "<script>alert(1)</script>\"'&\x1b\u202e"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;␛\ufffd"


@dataclass(frozen=True)
class View:
    title: str = EVIL
    heading: str = EVIL
    subtitle: str = EVIL


def render_macro(file: str, macro: str, value: object) -> str:
    """What the macro called `macro` of the template `file` makes of `value`."""
    from augmentation.reporting.page import _environment

    source = f'{{% from "{file}" import {macro} %}}{{{{ {macro}(value) }}}}'
    return _environment().from_string(source).render(value=value)


def test_the_template_of_a_page_escapes() -> None:
    page = render("page.html.j2", View())
    assert page.count(SHOWN) == 3
    assert "<script" not in page and "\x1b" not in page and "\u202e" not in page
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert "prefers-color-scheme: dark" in page


def test_tables_escape_and_have_headings() -> None:
    kinds: tuple[Kind, ...] = ("name", "number", "words", "text")
    columns = tuple(Column(EVIL, kind) for kind in kinds)
    made = render_macro("tables.html.j2", "table", Table(EVIL, columns, ((EVIL,) * 4,)))
    assert made.count(SHOWN) == 9 and "<script" not in made
    assert made.count('scope="col"') == 4 and made.count('scope="row"') == 1
    assert f'<bdi dir="auto">{SHOWN}</bdi>' in made


def evil_pairs() -> PairList:
    spans = (Span(0, len(EVIL), EVIL),)
    origin = Provenance("s", EVIL, EVIL, "m", "t", source_text_pair=EVIL, source_spans=spans)
    row = Row(EVIL, EVIL, EVIL, EVIL, EVIL, spans, provenance=origin)
    return pair_list(EVIL, [(row, EVIL)], Palette([]))


def test_pairs_escape() -> None:
    made = render_macro("pairs.html.j2", "pair_list", evil_pairs())
    assert "<script" not in made and "\x1b" not in made and "\u202e" not in made
    # The heading; four texts, each with its language twice; two labels; three facts.
    assert made.count(SHOWN) == 1 + 4 * 3 + 2 + 3
    assert made.count(f'<bdi dir="auto" lang="{SHOWN}">') == 4


def test_pieces_of_a_text_stay_together() -> None:
    row = Row("r", "de", "abcd", spans=(Span(1, 2, "x"), Span(2, 3, "y")))
    made = render_macro("pairs.html.j2", "pair_list", pair_list("", [(row, "")], Palette("xy")))
    assert (
        '<bdi dir="auto" lang="de">a<mark style="--hue:0">b<small>x</small></mark>'
        '<mark style="--hue:138">c<small>y</small></mark>d</bdi>' in made
    )
    assert "There are none." in render_macro("pairs.html.j2", "pair_list", PairList("", ()))


def test_a_field_that_is_missing_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="title"):
        render("page.html.j2", object())


def test_numbers_are_grouped() -> None:
    assert [grouped(7), grouped(1234567)] == ["7", "1\u202f234\u202f567"]


def test_markup_stands_in_templates_alone() -> None:
    """No module of the pages writes tags, and no template switches escaping off."""
    folder = Path(str(augmentation.reporting.__file__)).parent
    modules = [*folder.glob("*.py"), folder.parent / "translate_train" / "report.py"]
    for path in [*modules, folder.parent / "compare" / "html.py"]:
        code = path.read_text(encoding="utf-8")
        assert "</" not in code and "Markup" not in code, path
    for path in (folder / "templates").glob("*.j2"):
        template = path.read_text(encoding="utf-8")
        assert "|safe" not in template.replace(" ", "") and "autoescape" not in template, path
