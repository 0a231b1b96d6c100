"""The card of a trained model."""

from __future__ import annotations

from dataclasses import replace

import yaml

from tests.helpers.reversed_words import HISTORY
from translators.training.card import (
    CorpusEntry,
    ScoreEntry,
    TrainingCard,
    describe_machine,
    render_card,
)

CARD = TrainingCard(
    name="en-de",
    directions=(("en", "de"), ("de", "en")),
    corpora=(
        CorpusEntry(
            "pairs | more", (("a.tsv", 12, "00ff"),), "CC0", 2.0, 10, 7, {"empty": 1, "numbers": 2}
        ),
    ),
    left_out={"held-out": 3, "too-many-pieces": 4},
    config={"source": "en", "training": {"max_steps": 400}},
    history=HISTORY,
    scores=(
        ScoreEntry("a", "en-de", "BLEU", 12.34, "nrefs:1|tok:13a", pairs=300),
        ScoreEntry("a", "en-de", "BLEU", 12.56, "nrefs:1|tok:13a", "float32"),
    ),
    conversion=["all 5 of 5 the same"],
    parameters=9_600_000,
    megabytes=10.25,
    machine="a machine",
)


def test_the_card_holds_what_it_was_given() -> None:
    text = render_card(CARD)
    header, body = text.split("---\n")[1:3]
    assert yaml.safe_load(header)["language"] == ["de", "en"]
    for expected in (
        "en → de, de → en", "9.6 million", "10.2 MB", "| 12.3 | 12.6 | `nrefs:1\\|tok:13a` |",
        "pairs \\| more", "a.tsv, 12 bytes, 00ff", "empty 1, numbers 2", "CC0", "3 (held-out)",
        "4 (too-many-pieces)", "| a | en-de | 300 | BLEU |",
        "125 seconds on a machine", "is not finished (of 400 steps)", "- all 5 of 5 the same",
    ):  # fmt: skip
        assert expected in body, expected
    recipe = body.split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(recipe) == CARD.config
    tables = [line for line in body.splitlines() if line.startswith("|")]
    widths = {line.replace("\\|", "").count("|") for line in tables[:3]}
    assert len(widths) == 1


def test_weights_that_training_started_from_are_named() -> None:
    assert "went on from" not in render_card(CARD)
    assert "went on from the weights of w (00ff)" in render_card(
        replace(CARD, started_from="w (00ff)")
    )


def test_the_machine_has_a_name() -> None:
    assert "cores, no GPU used" in describe_machine("no GPU used")
