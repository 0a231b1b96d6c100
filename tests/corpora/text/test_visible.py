"""What steers a terminal is shown, not obeyed: in texts, messages and tables."""

from __future__ import annotations

from corpora.errors import UserError
from corpora.text.visible import visible
from scoring.tables import by_label_table

STEERING = "a\x1b[31m\nb\x9b2J\u202e"


def test_control_characters_are_shown() -> None:
    assert (
        visible("a\x1b[31m\nb\x7f\x85\u202e\u2066c\ud800") == "a␛[31m␊b␡\ufffd\ufffd\ufffdc\ufffd"
    )
    assert visible("Grüße 你好 👋🏽") == "Grüße 你好 👋🏽"


def test_messages_are_one_line_that_steers_no_terminal() -> None:
    error = UserError(f"no label {STEERING}", file=f"{STEERING}.csv", choices=[STEERING])
    assert str(error).count("a␛[31m␊b\ufffd2J\ufffd") == 3
    assert str(error).isprintable()


def test_tables_show_labels_that_steer_terminals() -> None:
    values = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert "\x1b" not in str(by_label_table({STEERING: values}))
    assert "a␛[31m␊b" in str(by_label_table({STEERING: values}))
