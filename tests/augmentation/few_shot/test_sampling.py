"""A few examples of each class, drawn from a training set."""

import pytest

from augmentation.few_shot.config import FewShotConfig
from augmentation.few_shot.sampling import few_shortages, sample_few
from corpora.errors import UserError
from corpora.records import Row


def test_classes_with_too_few_examples_are_named():
    rows = [Row(str(i), "de", f"text {i}", label="aaab"[i % 4]) for i in range(8)]
    assert few_shortages(rows, "classification", FewShotConfig(per_class=3)) == {"b": 2}
    assert few_shortages(rows, "classification", FewShotConfig(per_class=3, classes=1)) == {}


def test_few_shot_takes_as_many_of_each_class_as_asked():
    rows = [Row(str(i), "de", f"text {i}", label="ab"[i % 2]) for i in range(40)]
    rows += [Row("c", "de", "text c", label="c")]
    few = sample_few(rows, "classification", FewShotConfig(per_class=3), seed=1)
    counts = [sum(r.label == name for r in few) for name in "abc"]
    assert counts == [3, 3, 1]
    assert sample_few(rows, "classification", FewShotConfig(per_class=3), seed=1) == few
    assert sample_few(rows, "classification", FewShotConfig(per_class=3), seed=2) != few
    two = sample_few(rows, "classification", FewShotConfig(per_class=3, classes=2), seed=1)
    assert {r.label for r in two} == {"a", "b"}
    with pytest.raises(UserError, match="4 classes, but there are 3"):
        sample_few(rows, "classification", FewShotConfig(classes=4), seed=1)
    same = [Row(str(i), "de", "one paragraph", "?") for i in range(5)]
    assert len(sample_few(same, "qa", FewShotConfig(per_class=3), seed=0)) == 1
