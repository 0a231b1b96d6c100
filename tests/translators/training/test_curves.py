"""The picture of a training run."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from tests.helpers.reversed_words import HISTORY
from translators.training.curves import curves_svg


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
