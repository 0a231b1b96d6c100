"""Bad rows of gold and of predictions that are skipped."""

from pathlib import Path

from scoring.files import FileOptions
from scoring.report import score
from tests.helpers.json_lines import write_json_lines


def test_bad_gold_is_left_out_and_bad_predictions_are_wrong(tmp_path: Path) -> None:
    names = ["1", "2", "3", "4"]
    rows = [{"id": n, "text": f"Oslo {n}", "spans": [[0, 4, "city"]]} for n in names]
    bad = rows[1] | {"spans": [[0, 99, "city"]]}
    gold = write_json_lines(tmp_path / "gold.jsonl", rows[0], bad, *rows[2:])
    wrong = rows[2] | {"spans": [["a", "b"]]}
    guesses = write_json_lines(tmp_path / "guess.jsonl", *rows[:2], wrong, rows[3])
    files = FileOptions(on_error="skip")
    report = score(guesses, gold, task="tokens", files=files)
    assert report.items == 3
    assert [(r.kind, r.row.row.id) for r in files.rejected] == [("gold", "2"), ("prediction", "3")]
    (span_f1, *_) = report.scores
    assert round(span_f1.value) == 80  # two of three found, none wrong
