"""Tables of translations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from augmentation.translation.segments import KEY_TYPE, segment_key
from augmentation.translation.table import TRANSLATION_SCHEMA, Translations, translation_batch
from translators.protocol import Hypothesis


def test_translations_are_read_back_unchanged() -> None:
    attention = np.arange(6, dtype=np.float32).reshape(2, 3) / 8
    batch = translation_batch(
        pa.array([segment_key(text, "en") for text in "abec"], KEY_TYPE),
        pa.array(["a", "b", "e", "c"]),
        [
            Hypothesis("x y", -0.25, ((0, 1), (1, 2), (3, 5)), ((0, 1), (2, 3)), attention),
            Hypothesis("", 0.0, flags=("empty", "length")),
            Hypothesis("", 0.0, ((0, 1),), (), np.zeros((0, 1), np.float32), ("empty",)),
            Hypothesis("z", -1.0, ((0, 1),), ((0, 1),), np.ones((1, 1), np.float32)),
        ],
    )
    found = Translations(pa.Table.from_batches([batch, batch]).slice(4))
    assert found.translations == ["x y", "", "", "z"]
    assert found.flags == ["", "empty,length", "empty", ""]
    assert found.source_pieces(0) == [0, 1, 1, 2, 3, 5]
    assert found.target_length(0) == 2
    matrix = found.attention(0)
    assert matrix is not None and matrix.tolist() == attention.tolist()
    assert found.attention(1) is None
    empty = found.attention(2)
    assert empty is not None and empty.shape == (0, 1)
    both = Translations(pa.Table.from_batches([batch.slice(1), batch, batch.slice(4), batch]))
    matrices = [both.attention(number) for number in (2, 3, 7, 10)]
    assert [None if m is None else m.size for m in matrices] == [1, 6, 6, 1]
    assert both.attention(0) is None
    assert Translations(TRANSLATION_SCHEMA.empty_table()).translations == []
