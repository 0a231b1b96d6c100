"""The values that options may have, in one light module: configurations and help texts read them
without loading the code behind them. Tests compare them with the tables that they repeat."""

from __future__ import annotations

from typing import Literal, get_args

Task = Literal["classification", "pair", "tokens", "qa", "text"]
"""What rows are labelled for."""
TASKS: tuple[Task, ...] = get_args(Task)
LabelKind = Literal["label", "labels", "value"]
"""The field of a row that has its label: one class, several classes, or a number."""
LABEL_KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
OnError = Literal["error", "skip", "repair"]
"""What is done about bad rows: stop, drop them with their reason, or repair them."""
ON_ERROR: tuple[OnError, ...] = get_args(OnError)
OffsetUnit = Literal["codepoints", "utf16", "bytes"]
"""What offsets into a text count: Unicode code points, units of UTF-16, or bytes of UTF-8."""
OFFSET_UNITS: tuple[OffsetUnit, ...] = get_args(OffsetUnit)
InputFormat = Literal[
    "jsonl", "csv", "tsv", "parquet", "arrow", "datasets", "conll", "squad", "json", "doccano",
    "label-studio", "argilla", "prodigy", "spacy", "brat", "text",
]  # fmt: skip
"""The formats that can be read: the keys of `corpora.readers.FORMATS`."""
OutputFormat = Literal[
    "jsonl", "csv", "tsv", "parquet", "arrow", "conll", "squad", "hf", "json", "doccano",
    "label-studio", "argilla", "prodigy", "spacy", "brat", "text",
]  # fmt: skip
"""The formats that can be written: the keys of `corpora.writers.WRITERS`."""
SchemeName = Literal["iob1", "iob2", "bio", "bioes", "iobes", "bilou"]
"""Tagging schemes, under all names that `corpora.tagging.scheme_named` accepts."""
SignificanceTest = Literal["bootstrap", "randomization"]
"""Paired tests of significance: those of `scoring.significance`."""
AnswerNormalisation = Literal["squad", "mlqa"]
"""How answers are normalised, as `scoring.squad` names it."""
Quantization = Literal[
    "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16",
    "float32",
]  # fmt: skip
"""Number types of converted models: those of `translators.conversion`."""
QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
