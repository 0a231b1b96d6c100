"""Labels of training and test sets that do not fit."""

import pytest

from augmentation.compare.labels import check_labels
from augmentation.compare.leakage import rows_fingerprint
from corpora.errors import UserError
from corpora.records import Row


def test_labels_are_checked():
    train, empty = [Row("1", "en", "x", label="a")], []
    with pytest.raises(UserError, match="the test set in de is empty"):
        check_labels("classification", train, empty, "in de")
    with pytest.raises(UserError, match=r"no label of the test set in de \(LABEL_1\).*a"):
        check_labels("classification", train, [Row("1", "de", "x", label="LABEL_1")], "in de")
    with pytest.raises(UserError, match="has no spans at all"):
        check_labels("tokens", train, [Row("1", "de", "x")], "in de")
    tests = [Row("1", "de", "x", label="a"), Row("2", "de", "x", label="z")]
    assert check_labels("classification", train, tests, "in de") == ["z"]
    assert rows_fingerprint(tests) != rows_fingerprint(tests[::-1])
