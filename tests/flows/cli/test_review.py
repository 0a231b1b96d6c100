"""`labelferry review`, the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import labelferry
from flows.cli.main import main
from tests.helpers.help_pages import options, page
from tests.helpers.review_runs import answered, read_records, run_to_review, write_records
from tests.helpers.toy_translator import ToyTranslator


def test_a_review_on_the_command_line(
    tmp_path: Path, toy: ToyTranslator, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_to_review(tmp_path)
    command = ["review", "export", str(run), "--for", "prodigy", "--least-sure", "5"]
    assert main([*command, "--random", "6", "--dropped"]) == 0
    tasks = run / "review" / "de" / "prodigy.jsonl"
    assert capsys.readouterr().out.splitlines()[-4:] == [
        str(tasks),
        "5 least sure rows of 36",
        "6 at random of the other 31",
        "4 at random of 4 that were dropped",
    ]
    records = [answered("prodigy", record) for record in read_records(tasks)]
    records[0]["answer"] = "reject"
    records[1]["answer"] = "ignore"
    done = [write_records(tmp_path / f"{n}.jsonl", records[n::2]) for n in (0, 1)]
    out = tmp_path / "de.conll"
    command = ["review", "import", str(run), *map(str, done), "--out", str(out)]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"39 rows to {out}"
    assert "1 dropped, 4 rescued" in lines[2]
    assert out.read_text(encoding="utf-8").count("\n\n") == 39


def test_what_is_printed(
    tmp_path: Path, toy: ToyTranslator, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_to_review(tmp_path)
    assert main(["review", "export", str(run), "--for", "prodigy", "--least-sure", "5"]) == 0
    tasks = run / "review" / "de" / "prodigy.jsonl"
    records = [answered("prodigy", record) for record in read_records(tasks)]
    records[0]["answer"] = "reject"
    records[1]["answer"] = "ignore"
    done = write_records(tmp_path / "done.jsonl", records)
    capsys.readouterr()
    assert main(["review", "import", str(run), str(done)]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == f"35 rows to {run / 'export' / 'de.reviewed.jsonl'}"
    assert lines[1].startswith("36 rows in, 35 out, 1 dropped (in ")
    assert lines[2] == (
        "reviewed: 33 right, 0 corrected, 1 dropped, 0 rescued; 0 translations changed; "
        "1 not reviewed"
    )
    assert any(line.startswith("wrong among the rows that were not least sure: ") for line in lines)
    assert lines[-1].startswith("0 sentences and 33 spans are new in ")
    records[3]["spans"][0]["start"] = 400
    assert main(["review", "import", str(run), str(write_records(done, records))]) == 2
    error = capsys.readouterr().err
    assert f"{done}, row 4: span 400:" in error and "outside of the text" in error


def test_mistakes(tmp_path: Path, toy: ToyTranslator, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_to_review(tmp_path, 3)
    nothing = tmp_path / "none.json"
    nothing.write_text(json.dumps([]), encoding="utf-8")
    assert main(["review", "import", str(run), str(nothing)]) == 2
    assert "nothing of this run was exported for review" in capsys.readouterr().err
    assert main(["review", "export", str(run), "--for", "excel"]) == 2
    assert "label-studio" in capsys.readouterr().err
    assert main(["review", "export", str(run), "--target", "fr"]) == 2
    assert "this run has no 'fr'" in capsys.readouterr().err
    assert main(["review", "export", str(tmp_path / "no")]) == 2
    assert main(["review", "export", str(run)]) == 0
    assert main(["review", "import", str(run), str(tmp_path / "gone.json")]) == 2
    assert "gone.json" in capsys.readouterr().err
    with pytest.raises(labelferry.review_export.__globals__["UserError"], match="no tool 'excel'"):
        labelferry.review_export(run, "excel")  # type: ignore[arg-type]


def test_help() -> None:
    told = options(page("review", "export"))
    assert {"--for", "--least-sure", "--random", "--dropped", "--target"} <= told.keys()
    assert {"--out", "--target", "--memory"} <= options(page("review", "import")).keys()
    assert "CORRECTIONS" in page("review", "import")
