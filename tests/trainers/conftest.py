"""Rows that classifiers and taggers of the tests learn from and are tested on."""

import pytest

from tests.helpers.intent_rows import make_intent_rows


@pytest.fixture(scope="session")
def rows():
    """Rows to train on."""
    return make_intent_rows(120)


@pytest.fixture(scope="session")
def test_rows():
    """Rows to test on."""
    return make_intent_rows(40, seed=1)
