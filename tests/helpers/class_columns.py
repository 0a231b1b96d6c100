"""Arrow files with columns of class numbers, as `datasets` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

CLASSES = {
    "tags": {"feature": {"_type": "ClassLabel", "names": ["O", "B-PER", "B-LOC"]}},
    "label": {"_type": "ClassLabel", "names": ["neg", "pos"]},
}


def write_classes(path: Path, columns: dict[str, list[Any]]) -> Path:
    """Write `columns` to the Arrow file `path`; `tags` and `label` are numbers of classes."""
    metadata = {"huggingface": json.dumps({"info": {"features": CLASSES}})}
    batch = pa.record_batch(columns, metadata=metadata)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write(batch)
    return path
