from __future__ import annotations

import numpy as np

from alignment.words.similarity import romanize, similarity


def test_similarity_across_scripts() -> None:
    words = ["Москва", "Moskva", "Zürich", "Zurich", "1999", "1998", "١٩٩٩", "東京", "а"]
    of = {word: index for index, word in enumerate(words)}

    def like(first: str, second: str) -> float:
        return float(similarity(words, words, np.array([of[first]]), np.array([of[second]]))[0])

    assert like("Москва", "Moskva") == 1.0
    assert like("Zürich", "Zurich") == 1.0
    assert like("1999", "١٩٩٩") == 1.0
    assert like("1999", "1998") == 0.0
    assert like("Москва", "Zurich") == 0.0
    assert romanize("東京")
