"""The tools that rows can be reviewed with, by name, and the tool that an export is of."""

from __future__ import annotations

from collections.abc import Mapping

from augmentation.review.answers import JsonFile
from augmentation.review.formats.argilla import ARGILLA
from augmentation.review.formats.doccano import DOCCANO
from augmentation.review.formats.label_studio import LABEL_STUDIO
from augmentation.review.formats.page import PAGE
from augmentation.review.formats.prodigy import PRODIGY
from augmentation.review.formats.tool import Tool
from corpora.errors import UserError

TOOLS: Mapping[str, Tool] = {
    tool.name: tool for tool in (PAGE, LABEL_STUDIO, ARGILLA, PRODIGY, DOCCANO)
}
"""Each says of an export whether it is its own, the surest first."""


def tool_of(file: JsonFile) -> Tool:
    """The tool that `file` is an export of; raises `UserError` where it is none's."""
    first = file.records[0][1] if file.records else {}
    for tool in TOOLS.values():
        if tool.reads(file.top, first):
            return tool
    raise UserError(
        "no export of a review: JSON of Label Studio or Argilla, JSON lines of doccano or Prodigy, "
        "or what the page of --for html saved",
        file=file.path,
    )
