"""The card of a folder for trainers: what `datasets` reads, and what a person wants to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

MARK = "<!-- labelferry export --format hf -->"
"""By it a folder is known as an export that another may replace."""


def card(files: Mapping[Path, int], features: Mapping[str, Any], *, by_language: bool) -> str:
    """The card of a folder whose splits are `files` with their numbers of rows.

    With `by_language`, these are in a folder for each language, which is a configuration.

    Its header has `dataset_info` with the `features`, and says which files are of which split.
    """
    by_lang: dict[str, dict[str, int]] = {}
    for path, count in files.items():
        lang = path.parent.name if by_language else "default"
        by_lang.setdefault(lang, {})[path.name] = count
    info, configs = [], []
    for lang, counts in by_lang.items():
        prefix = f"{lang}/" if by_language else ""
        info.append(
            {
                "config_name": lang,
                "features": [_yaml(name, feature) for name, feature in features.items()],
            }
        )
        data_files = [{"split": s, "path": f"{prefix}{s}/*.arrow"} for s in counts]
        configs.append({"config_name": lang, "data_files": data_files})
    header = yaml.safe_dump(
        {"dataset_info": info, "configs": configs}, sort_keys=False, allow_unicode=True
    )
    lines = [MARK, "", "| folder | rows |", "|---|---|"]
    lines += [
        f"| {f'{lang}/' if by_language else ''}{split} | {count} |"
        for lang, counts in by_lang.items()
        for split, count in counts.items()
    ]
    names = _class_names(features)
    if names:
        id2label = json.dumps(dict(enumerate(names)), ensure_ascii=False)
        lines += ["", "`id2label`:", "", "```json", id2label, "```"]
    return f"---\n{header}---\n\n" + "\n".join(lines) + "\n"


def _class_names(features: Mapping[str, Any]) -> list[str]:
    """The names of the classes or tags; empty where there are none."""
    feature = features.get("ner_tags", features.get("labels", {}))
    feature = feature.get("feature", feature)
    names: list[str] = feature.get("names", [])
    return names


def _yaml(name: str, feature: Any) -> dict[str, Any]:
    """A feature as the header of a card has it."""
    return {"name": name, **_yaml_type(feature)}


def _yaml_type(feature: Any) -> dict[str, Any]:
    if isinstance(feature, list):
        inner = feature[0]
        if "_type" in inner:
            return {"sequence": _inner(inner)}
        return {"list": [_yaml(name, part) for name, part in inner.items()]}
    if feature.get("_type") == "Sequence":
        return {"sequence": _inner(feature["feature"])}
    if feature.get("_type") == "ClassLabel":
        names = {str(number): name for number, name in enumerate(feature["names"])}
        return {"dtype": {"class_label": {"names": names}}}
    if feature.get("_type") == "Value":
        return {"dtype": feature["dtype"]}
    return {"struct": [_yaml(name, part) for name, part in feature.items()]}


def _inner(feature: Any) -> Any:
    return _yaml_type(feature)["dtype"]
