"""The card of a trained model and its picture."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import yaml

from translators.card import (
    CorpusEntry,
    History,
    ScoreEntry,
    TrainingCard,
    describe_machine,
    render_card,
)
from translators.training.curves import curves_svg

HISTORY = History(
    losses=[(1, 6.0), (100, 3.5), (200, 2.25)],
    validations=[
        {"step": 100, "seconds": 60.0, "chrf": 31.0, "a.en-de.chrf": 30.0, "a.de-en.chrf": 32.0},
        {"step": 200, "seconds": 120.0, "chrf": 41.0, "a.en-de.chrf": 40.0, "a.de-en.chrf": 42.0},
    ],
    steps=200,
    max_steps=400,
    seconds=125.0,
    target_tokens=1_500_000,
    stopped="interrupted",
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
    for said in (
        "en → de, de → en", "9.6 million", "10.2 MB", "| 12.3 | 12.6 | `nrefs:1\\|tok:13a` |",
        "pairs \\| more", "a.tsv, 12 bytes, 00ff", "empty 1, numbers 2", "CC0", "3 (held-out)",
        "4 (too-many-pieces)", "| a | en-de | 300 | BLEU |",
        "125 seconds on a machine", "is not finished (of 400 steps)", "- all 5 of 5 the same",
    ):  # fmt: skip
        assert said in body, said
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


def test_the_curves_are_drawn_to_scale() -> None:
    root = ElementTree.fromstring(curves_svg(HISTORY))
    lines = root.findall("{*}polyline")
    assert len(lines) == 1 + 3
    loss = [tuple(map(float, p.split(","))) for p in lines[0].attrib["points"].split()]
    (x1, y1), (x2, y2), (x3, y3) = loss
    assert abs((x2 - x1) / (x3 - x1) - 99 / 199) < 0.01
    assert abs((y2 - y1) / (y3 - y1) - 2.5 / 3.75) < 0.01
    assert y1 < y3  # the picture's y grows downwards, the loss falls


def test_curves_of_a_run_that_measured_nothing() -> None:
    empty = replace(HISTORY, losses=[], validations=[])
    root = ElementTree.fromstring(curves_svg(empty))
    assert not root.findall("{*}polyline")
    flat = replace(HISTORY, losses=[(1, 2.0), (2, 2.0)], validations=HISTORY.validations[:1])
    assert len(ElementTree.fromstring(curves_svg(flat)).findall("{*}polyline")) == 4


def test_the_curves_have_a_name_and_text_that_a_phone_shows_readably() -> None:
    name = 'a<b>"&.chrf'
    validations = [{"step": 1, "seconds": 60.0, "chrf": 31.0, name: 30.0}]
    root = ElementTree.fromstring(curves_svg(replace(HISTORY, validations=validations)))
    assert root.attrib["role"] == "img"
    assert (root.findtext("{*}title") or "").startswith("Curves of a training run")
    texts = root.findall("{*}text")
    assert {'a<b>"& 30.0', "mean 31.0"} < {text.text for text in texts}
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    on_a_phone = min(1.0, 358 / width)
    assert float(root.attrib["font-size"]) * on_a_phone >= 11
    for text in texts:
        assert "font-size" not in text.attrib
        assert 0 < float(text.attrib["x"]) < width and 0 < float(text.attrib["y"]) < height


def test_the_machine_has_a_name() -> None:
    assert "cores, no GPU used" in describe_machine("no GPU used")
