"""Small pieces of HTML for notebooks: tables, and rows with their spans highlighted.

Styles stand in the elements, as notebooks strip style sheets; all text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from augmentation.reporting.highlights import marked, visible
from corpora.records import Row, Span

SHOWN_ROWS = 10
"""Rows that a notebook shows of a result."""
_MARK = "border-radius:4px;padding:1px 3px;color:inherit;background:hsl({hue} 75% 55%/.28)"
_CELL = "text-align:left;vertical-align:top"


def text_html(value: object) -> str:
    """`value` as HTML text, control characters as signs that can be seen."""
    return escape(visible(str(value)))


def table_html(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with the names `header` above `rows`, whose cells are HTML already."""
    head = "".join(f'<th style="{_CELL}">{text_html(name)}</th>' for name in header)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def highlighted(text: str, spans: Sequence[Span]) -> str:
    """`text` with its `spans` marked, each with its label; see `highlights.marked`."""
    pieces = []
    for piece, label in marked(text, spans):
        if label is None:
            pieces.append(escape(piece))
            continue
        # A label has the same colour in every result, so no hash that Python salts.
        style = _MARK.format(hue=sum(map(ord, label)) * 47 % 360)
        pieces.append(
            f'<mark style="{style}">{escape(piece)} <small>{text_html(label)}</small></mark>'
        )
    return f'<bdi style="white-space:pre-wrap">{"".join(pieces)}</bdi>'


def row_html(row: Row) -> str:
    """The texts of `row` under its source, as lines; spans highlighted."""
    lines = []
    origin = row.provenance
    if origin is not None:
        lines.append(f"<small>{text_html(origin.source_lang)}</small> "
                     f"{highlighted(origin.source_text, origin.source_spans)}")  # fmt: skip
        if origin.source_text_pair is not None:
            lines.append(highlighted(origin.source_text_pair, ()))
    lines.append(f"<small>{text_html(row.lang)}</small> {highlighted(row.text, row.spans)}")
    lines += [highlighted(text, ()) for text in (row.text_pair, row.target) if text is not None]
    return "<br>".join(lines)


def rows_html(rows: Iterable[Row], notes: Sequence[str] = ()) -> str:
    """The first `SHOWN_ROWS` of `rows` as a table; `notes` are lines of plain text above it."""
    shown = list(islice(rows, SHOWN_ROWS))
    table = table_html(
        ("id", "label", "text"),
        ((text_html(row.id), text_html(row.label or ""), row_html(row)) for row in shown),
    )
    return "".join(f"<p>{text_html(note)}</p>" for note in notes) + table
