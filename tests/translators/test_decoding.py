"""Windows, batches, and texts longer than the model takes."""

from __future__ import annotations

import dataclasses
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.helpers.offset_checks import check_offsets
from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine
from translators.hardware import Hardware
from translators.long_texts import MAX_ATTENTION
from translators.protocol import DecodingOptions

SHORT = DecodingOptions(max_decoding_length=24)


WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


def test_windows_do_not_change_the_result(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = engine.translate(TEXTS, "en", "de", SHORT)
    monkeypatch.setattr("translators.decoding.WINDOW", 3)
    assert [h.text for h in engine.translate(TEXTS, "en", "de", SHORT)] == [h.text for h in whole]


def test_a_small_request_need_not_wait_for_a_large_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many small batches, each of which takes its time: such a model writes to the limit.
    hardware = Hardware(device="cpu", threads=(1, 1), batch_tokens=64)
    engine = Engine(engine.info, hardware, verified=True)
    monkeypatch.setattr("translators.results.find_flags", lambda *_, **__: ())
    long = DecodingOptions(max_decoding_length=200)
    queued: list[int] = []
    collect = engine._decoder._collect

    def note(window: Any, *rest: Any) -> None:
        queued.append(len(window.texts))
        collect(window, *rest)

    monkeypatch.setattr(engine._decoder, "_collect", note)
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(
            engine.translate, [f"{n} {TEXTS[0]}" for n in range(300)], "en", "de", long
        )
        limit = time.monotonic() + 60
        while not engine._translator.num_queued_batches:
            assert not large.done() and time.monotonic() < limit
            time.sleep(0.001)
        engine.translate(TEXTS[:1], "en", "de", SHORT)
        assert queued == [1]
        assert not large.done()
        assert len(large.result()) == 300
    assert queued == [1, 300]


def test_long_texts_are_split_not_cut(engine: Engine) -> None:
    words = [f"word{i}" for i in range(400)]
    for text in (" ".join(words), "x" * 2000, "日本語" * 200, ". ".join(words)):
        (hypothesis,) = engine.translate([text], "en", "de", WITH_ATTENTION)
        check_offsets(text, hypothesis.source_pieces)
        check_offsets(hypothesis.text, hypothesis.target_pieces)
        shape = (len(hypothesis.target_pieces), len(hypothesis.source_pieces))
        if math.prod(shape) > MAX_ATTENTION:
            # A model of random weights runs on; so large a table is not made.
            assert hypothesis.attention is None and hypothesis.flags
        else:
            assert hypothesis.attention is not None
            assert hypothesis.attention.shape == shape
        covered = {i for start, end in hypothesis.source_pieces for i in range(start, end)}
        assert covered >= {i for i, char in enumerate(text) if char != " "}
