"""Offsets in other units, there and back."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora.choices import OffsetUnit
from corpora.text.units import CodePoints, offsets_in


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("aé€😀", max_size=9), st.sampled_from(["codepoints", "utf16", "bytes"]))
def test_there_and_back(text: str, unit: OffsetUnit) -> None:
    at, back = offsets_in(text, unit), CodePoints(text, unit)
    for offset in range(len(text) + 1):
        assert back.offset(at(offset)) == offset
    sizes = {"codepoints": len(text), "utf16": len(text.encode("utf-16-le")) // 2}
    assert at(len(text)) == sizes.get(unit, len(text.encode()))
