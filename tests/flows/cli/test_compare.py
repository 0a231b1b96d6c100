"""`labelferry compare` with the toy translator."""

import json

from flows.cli.main import main


def test_compare_prints_a_table_or_json(files, toy, capsys):
    path = files / "compare.yaml"
    path.write_text(
        f"task: tokens\nout: {files / 'run'}\nmemory: 'off'\nsamples: 50\n"
        f"source: {{lang: en, train: {files / 'train.jsonl'}}}\n"
        f"targets: [{{lang: de, test: {files / 'test.de.jsonl'}}}]\n"
        "strategies: [zero-shot, translate-train, translate-test]\n"
    )
    command = ["compare", str(path), "--no-prefect", "--seeds", "1"]
    assert main([*command, "--strategy", "zero-shot", "--strategy", "translate-train"]) == 0
    shown = capsys.readouterr()
    assert "translate-train wins" in shown.out
    assert "[1/8] read" in shown.err
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [s["strategy"] for s in report["languages"][0]["strategies"]] == [
        "zero-shot", "translate-train", "translate-test",
    ]  # fmt: skip
    assert main(["compare", str(path), "--no-prefect", "--strategy", "best"]) == 2
    assert "choose from: zero-shot, few-shot" in capsys.readouterr().err
