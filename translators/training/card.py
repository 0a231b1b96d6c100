"""The card of a trained model: what it was made from and how, what it scores, and its curves."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from corpora.text.markdown import escape_markdown


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """One corpus of the training data. `files` holds (name, bytes, BLAKE2b-128 hash)."""

    name: str
    files: tuple[tuple[str, int, str], ...]
    terms: str
    weight: float
    pairs_read: int
    pairs_kept: int
    drop_reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScoreEntry:
    """One score. `system` is empty for the model that ships and names what else was measured."""

    test_set: str
    direction: str
    metric: str
    value: float
    signature: str
    system: str = ""
    pairs: int = 0
    """Sentence pairs of the set that were translated."""


@dataclass(frozen=True, slots=True)
class History:
    """How training went. `losses` holds (step, mean loss per target piece); each validation is a
    mapping with `step`, `seconds`, `chrf` and the scores of each set."""

    losses: Sequence[tuple[int, float]]
    validations: Sequence[Mapping[str, float]]
    steps: int
    max_steps: int
    seconds: float
    target_tokens: int
    stopped: str
    """`max_steps`, `early` or `interrupted`."""
    machine: str = ""


@dataclass(frozen=True, slots=True)
class TrainingCard:
    """Everything that the card reports."""

    name: str
    directions: tuple[tuple[str, str], ...]
    corpora: tuple[CorpusEntry, ...]
    left_out: Mapping[str, int]
    """Clean pairs that were not trained on, by reason (`held-out`, `in-dev`,
    `too-many-pieces`)."""
    config: Mapping[str, object]
    history: History
    scores: tuple[ScoreEntry, ...]
    conversion: Sequence[str]
    """What conversion reports: tokens compared, size, what quantization loses."""
    parameters: int
    megabytes: float
    machine: str
    started_from: str | None = None
    """The weights that training started from, if any; the cost of making them is not counted."""
    curves: str = "curves.svg"
    """File name of the picture in the model's folder."""


def describe_machine(device: str) -> str:
    """Processor, number of cores and `device`, in plain words."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count() or 1} cores, {device}"


def render_card(card: TrainingCard) -> str:
    """The `card` as Markdown with the YAML header that model hubs read."""
    languages = sorted({language for pair in card.directions for language in pair})
    header = yaml.safe_dump(
        {"language": languages, "pipeline_tag": "translation", "library_name": "ctranslate2"},
        sort_keys=False,
    )
    arrows = ", ".join(f"{source} → {target}" for source, target in card.directions)
    parts = [
        f"---\n{header}---\n\n# {card.name}\n",
        f"A translation model ({arrows}) for CTranslate2: {card.parameters / 1e6:.1f} million "
        f"parameters, {card.megabytes:.1f} MB. It was trained by `labelferry train-translator`.\n",
        "## Scores\n",
        _scores(card.scores),
        "## Training\n",
        _training(card),
        f"![Loss and chrF over time]({card.curves})\n",
        "## Data\n",
        _corpora(card),
        "## Conversion\n",
        "\n".join(f"- {line}" for line in card.conversion) + "\n",
        "## Configuration\n",
        f"```yaml\n{yaml.safe_dump(dict(card.config), sort_keys=False, allow_unicode=True)}```\n",
    ]
    return "\n".join(parts)


def _cell(text: object) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", str(text)).replace("\n", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _scores(scores: Sequence[ScoreEntry]) -> str:
    if not scores:
        return "None were measured.\n"
    others = {(s.test_set, s.direction, s.metric, s.system): s.value for s in scores if s.system}
    systems = sorted({system for *_, system in others})
    rows = []
    for s in scores:
        if not s.system:
            beside = [others.get((s.test_set, s.direction, s.metric, name)) for name in systems]
            rows.append(
                (
                    s.test_set,
                    s.direction,
                    s.pairs,
                    s.metric,
                    f"{s.value:.1f}",
                    *("" if value is None else f"{value:.1f}" for value in beside),
                    f"`{s.signature}`",
                )
            )
    return _table(("set", "direction", "pairs", "metric", "score", *systems, "signature"), rows)


def _training(card: TrainingCard) -> str:
    history = card.history
    ended = {
        "max_steps": "to its end",
        "early": "until dev chrF no longer rose",
        "interrupted": f"and is not finished (of {history.max_steps} steps)",
    }.get(history.stopped, history.stopped)
    start = ""
    if card.started_from is not None:
        start = (
            f"Training went on from the weights of {card.started_from}; "
            "what it took to make those is not counted here.\n"
        )
    return (
        f"{history.steps} steps, {history.target_tokens / 1e6:.1f} million target tokens, "
        f"{history.seconds:.0f} seconds on {card.machine}; it ran {ended}.\n{start}"
    )


def _corpora(card: TrainingCard) -> str:
    rows = []
    for corpus in card.corpora:
        files = "; ".join(
            f"{escape_markdown(name)}, {size} bytes, {hash_}" for name, size, hash_ in corpus.files
        )
        dropped = ", ".join(f"{reason} {count}" for reason, count in corpus.drop_reasons.items())
        rows.append(
            (
                escape_markdown(corpus.name),
                files,
                corpus.pairs_read,
                corpus.pairs_kept,
                dropped,
                corpus.weight,
                escape_markdown(corpus.terms),
            )
        )
    head = ("corpus", "files (BLAKE2b-128)", "read", "kept", "dropped", "weight", "terms")
    text = _table(head, rows)
    if card.left_out:
        counts = ", ".join(f"{count} ({reason})" for reason, count in card.left_out.items())
        text += f"\nKept, but not trained on: {counts}.\n"
    return text
