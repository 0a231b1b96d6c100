"""A finished run to review, made with the toy translator, and answers as its tools give them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from augmentation.translate_train.run import translate_train
from tests.helpers.translate_train_runs import translate_train_config

Record = dict[str, Any]


def run_to_review(folder: Path, count: int = 40, **settings: Any) -> Path:
    """A run of `count` rows, an emoji in each, of which every tenth is dropped for its span.

    Row n has the text `wake wordN ... 😀` with a span on `wordN`, and a class; its translation is
    `😀 ... WORDN WAKE`.
    """
    source = folder / "in.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for n in range(count):
            word = f"unaligned{n}" if n % 10 == 9 else f"word{n}"
            text = " ".join(["wake", word, *["at nine"] * (n % 4), "😀"])
            span = {"start": 5, "end": 5 + len(word), "label": "ab"[n % 2]}
            row = {"id": f"r{n}", "text": text, "spans": [span], "label": "alarm"}
            file.write(json.dumps(row | {"label": "alarm" if n % 3 else "music"}) + "\n")
    config = translate_train_config(source, folder / "run", memory=folder / "memory", **settings)
    return translate_train(config).run


def read_records(path: Path) -> list[Record]:
    """The records of a file of JSON or JSON lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def write_records(path: Path, records: list[Record]) -> Path:
    """Write `records` as the file of the same kind has them."""
    if path.suffix == ".jsonl":
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
        path.write_text("".join(lines), encoding="utf-8")
    else:
        path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path


def answered(tool: str, record: Record) -> Record:
    """A record as `tool` exports it after a person accepted it as it was."""
    done = copy.deepcopy(record)
    if tool == "label-studio":
        result = done["predictions"][0]["result"]
        text = {"from_name": "translation", "to_name": "text", "type": "textarea"}
        value = {"text": [done["data"]["translation"]]}
        done["annotations"] = [{"id": 1, "result": [*result, text | {"value": value}]}]
    elif tool == "argilla":
        done["responses"] = {
            name: [{"value": suggestion["value"], "user_id": "u"}]
            for name, suggestion in done["suggestions"].items()
        }
        done["responses"]["verdict"] = [{"value": "keep", "user_id": "u"}]
    elif tool == "prodigy":
        done["answer"] = "accept"
    return done


def page_row(queue_row: Record, **changes: Any) -> Record:
    """A row as our page saves it, accepted but for `changes`."""
    spans = [{name: s[name] for name in ("start", "end", "label")} for s in queue_row["spans"]]
    row = {"review_id": queue_row["id"], "verdict": "keep", "label": queue_row["label"]}
    return row | {"text": queue_row["text"], "spans": spans} | changes


def page_data(page: Path) -> Record:
    """The data in our page."""
    text = page.read_text(encoding="utf-8")
    start = text.index('id="data">') + len('id="data">')
    return json.loads(text[start : text.index("</script>", start)])


def saved_by_page(path: Path, rows: list[Record]) -> Path:
    """Write `rows` as our page saves them."""
    path.write_text(json.dumps({"labelferry_review": 1, "rows": rows}), encoding="utf-8")
    return path


def corrections(
    page: Path, path: Path, change: Callable[[int, Record], Record | None] = lambda i, row: row
) -> Path:
    """What our page `page` saves at `path` when every row is accepted, but for what `change` makes
    of the row with a number (None is not reviewed)."""
    rows = (change(i, page_row(row)) for i, row in enumerate(page_data(page)["rows"]))
    return saved_by_page(path, [row for row in rows if row is not None])
