"""Types of settings that several configurations share, such as a task or a language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from augmentation.pipeline.access import READS, WRITES, Access
from corpora.choices import TASKS, SchemeName, Task
from corpora.errors import UserError
from trainers.limits import COMMAND_PREFIX

ProjectorName = Literal["aligned", "attention", "marker", "candidate", "vote"]
"""The keys of `alignment.projectors.PROJECTORS`, known without loading it."""
Device = Literal["auto", "cpu", "cuda"]
ComputeType = Literal[
    "auto", "default", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16",
    "bfloat16", "float32",
]  # fmt: skip
"""As CTranslate2 names them; `auto` is the model's own."""


def _known_task(value: object) -> object:
    if value not in TASKS:
        raise ValueError(f"no task {value!r} (choose from: {', '.join(sorted(TASKS))})")
    return value


def _known_language(tag: str) -> str:
    # Help pages read the settings, and need no languages for that.
    from corpora.text.languages import normalise_tag

    try:
        return normalise_tag(tag)
    except UserError as error:
        raise ValueError(str(error)) from error


def _path_as_name(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _at_least_one_model(models: object) -> object:
    if models == ():
        raise ValueError("no model is named; null is the one that ships")
    return models


def _memory(value: object) -> object:
    # YAML reads a bare `off` as false.
    return {False: "off", True: None}[value] if isinstance(value, bool) else value


KnownTask = Annotated[Task, BeforeValidator(_known_task)]
"""A task; one that does not exist is an error that lists those that do."""
Language = Annotated[str, AfterValidator(_known_language)]
"""A BCP 47 tag, in its usual spelling."""
Languages = Annotated[
    tuple[Language, ...],
    Field(min_length=1),
    BeforeValidator(lambda tags: (tags,) if isinstance(tags, str) else tags),
    AfterValidator(lambda tags: tuple(dict.fromkeys(tags))),
]
"""One or more, each once; a single one needs no list."""
ModelName = Annotated[str, READS, BeforeValidator(_path_as_name)]
"""Name in a store or on the hub, or a folder."""
Models = Annotated[ModelName | tuple[ModelName, ...] | None, AfterValidator(_at_least_one_model)]
"""Name in the store or path of a translator; several for pivoting; null is the one that ships."""
Predictor = Annotated[str, Access("runs", prefix=COMMAND_PREFIX)]
"""A folder, a hub id, or `command:PROGRAM ARGUMENTS`."""
InputPath = Annotated[Path, READS]
"""A file or folder that is only read."""
InputPaths = Annotated[
    InputPath | Annotated[tuple[InputPath, ...], Field(min_length=1)],
    AfterValidator(
        lambda paths: paths[0] if isinstance(paths, tuple) and len(paths) == 1 else paths
    ),
]
"""A file, folder or pattern such as `data/*.jsonl`, or several of them."""
OutputPath = Annotated[Path, WRITES]
"""A file or folder that is written."""
Memory = Annotated[
    Path | Literal["off"] | None, Access("writes", harmless=("off",)), BeforeValidator(_memory)
]
"""The translation memory's folder; null is `data/runs/memory`, `off` is none."""
AnyCaseScheme = Annotated[
    SchemeName, BeforeValidator(lambda name: name.lower() if isinstance(name, str) else name)
]
"""A tagging scheme, in any case."""
Seed = Annotated[int, Field(ge=0, lt=2**31)]
"""A seed of random numbers, as NumPy takes them."""
Threads = Annotated[int, Field(ge=1, le=10_000)]
"""A number of threads."""
