"""Whole texts translated, with the alignment of their segments."""

import numpy as np
import pytest

from alignment.protocol import SegmentAlignment
from augmentation.translation.documents import translate_documents, transpose
from tests.helpers.toy_translator import ToyTranslator
from translators.protocol import DecodingOptions


def test_attention_is_transposed():
    attention = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.7, 0.1]], np.float32)
    segment = SegmentAlignment(((0, 1), (1, 2), (2, 3)), ((0, 1), (1, 2), (2, 3)), attention)
    (found,) = transpose([segment])
    assert found.attention[0] == pytest.approx([1 / 2.2, 1 / 2.2, 0.2 / 2.2])
    assert found.attention[1] == pytest.approx([0, 0, 0.7])
    assert found.attention[2] == pytest.approx([0, 0, 0.1])


def test_documents_keep_the_white_space_between_sentences():
    from translators.sentences import split_sentences

    texts = ["Eins zwei.\n\nDrei vier. ", "", "Drei vier."]
    translator = ToyTranslator()
    found = translate_documents(texts, "de", "en", translator, DecodingOptions(), split_sentences)
    assert [one[0].text for one in found] == ["ZWEI. EINS\n\nVIER. DREI ", "", "VIER. DREI"]
    assert sorted(translator.seen) == ["Drei vier.", "Eins zwei."]
