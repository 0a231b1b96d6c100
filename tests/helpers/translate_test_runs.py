"""Inputs, a predictor and configurations of translate-test runs with the toy translator."""

import json
import shlex
import sys

from augmentation.translate_test.config import TranslateTestConfig

CITIES = ("Bremen", "Paris", "Oslo")

CITY_PREDICTOR = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    text = row["text"]
    spans = []
    for city in ("BREMEN", "PARIS", "OSLO", "UNALIGNED"):
        if city in text:
            at = text.index(city)
            spans.append({"start": at, "end": at + len(city), "label": "city", "confidence": 0.9})
    label, other = ("question", "order") if "?" in text else ("order", "question")
    print(json.dumps({"id": row["id"], "label": label, "spans": spans,
                      "probabilities": {label: 0.75, other: 0.25}, "target": text}))
"""

PREDICTOR_COMMAND = f"command:{shlex.quote(sys.executable)} -c {shlex.quote(CITY_PREDICTOR)}"


def write_city_requests(path):
    """Write twelve German orders and questions, each with a city as its span, to `path`."""
    rows = [
        {"id": f"r{i}", "lang": "de", "text": f"fahr nach {CITIES[i % 3]}{' ?' * (i % 2)}",
         "label": "question" if i % 2 else "order",
         "spans": [{"start": 10, "end": 10 + len(CITIES[i % 3]), "label": "city"}]}
        for i in range(12)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def translate_test_config(source, out, **more):
    """A configuration for a toy run on the rows of the file `source`."""
    values = {
        "input": source, "task": "tokens", "source": "de", "target": "en",
        "predictor": PREDICTOR_COMMAND, "out": out, "shard_rows": 5,
    }  # fmt: skip
    return TranslateTestConfig.model_validate(values | more)
