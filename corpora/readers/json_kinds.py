"""Which format a JSON file has, by what its first record looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corpora.choices import Task
from corpora.readers.json_records import first_value, layout_of
from corpora.readers.options import ReadOptions, Source

_ANSWERS = ("accept", "reject", "ignore")


def kind_of_json(path: Path, options: ReadOptions) -> str:
    """The name of the format of the JSON file `path`, which `options` say how to read."""
    source = Source(path, options)
    layout = layout_of(source)
    if options.task == "qa" and layout != "list" and _suffix_is_json(path):
        return "squad"
    tool = _tool(first_value(source), options)
    return tool or ("jsonl" if layout == "lines" else "json")


def task_of_json(path: Path) -> Task:
    """The task that the rows of the JSON file `path` seem to be for, by its first record."""
    options = ReadOptions("tokens")
    source = Source(path, options)
    if layout_of(source) == "object":
        return "qa"
    return "text" if _tool(first_value(source), options) is None else "tokens"


def _suffix_is_json(path: Path) -> bool:
    return any(suffix.lower() == ".json" for suffix in path.suffixes)


def _tool(value: Any, options: ReadOptions) -> str | None:
    """The annotation tool that wrote the record `value`; None where it could be anyone."""
    if isinstance(value, list):
        return "spacy" if _is_spacy_pair(value) else None
    if not isinstance(value, dict) or "source_id" in value:
        return None
    keys = value.keys()
    if isinstance(value.get("data"), dict) and keys & {"annotations", "predictions", "completions"}:
        return "label-studio"
    if {"annotation_id", "annotator"} <= keys:
        return "label-studio"
    if isinstance(value.get("fields"), dict) and keys & {"responses", "suggestions"}:
        return "argilla"
    if "status" in keys and keys & {"annotation", "prediction"}:
        return "argilla"
    if {"_input_hash", "_task_hash"} & keys or value.get("answer") in _ANSWERS:
        return "prodigy" if options.task in ("classification", "tokens") else None
    if isinstance(value.get("ents"), list) and "text" in keys:
        return "spacy"
    return "doccano" if _is_doccano(value, options) else None


def _is_spacy_pair(value: list[Any]) -> bool:
    return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def _is_doccano(value: dict[str, Any], options: ReadOptions) -> bool:
    if "Comments" in value:
        return True
    items = value.get("label", value.get("entities"))
    if options.task != "tokens" or not isinstance(items, list) or not items:
        return False
    if isinstance(items[0], dict):
        return "start_offset" in items[0]
    return "label" in value and isinstance(items[0], list) and len(items[0]) == 3
