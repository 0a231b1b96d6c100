"""The columns of a row as an Arrow schema."""

from __future__ import annotations

import pyarrow as pa

SPAN_TYPE = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("projector", pa.string()),
        pa.field("confidence", pa.float64()),
    ]
)
TOKEN_TYPE = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
    ]
)
META_TYPE = pa.map_(pa.string(), pa.string())
SCORES_TYPE = pa.map_(pa.string(), pa.float64())

ROW_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("text_pair", pa.string()),
        pa.field("label", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("value", pa.float64()),
        pa.field("spans", pa.list_(SPAN_TYPE), nullable=False),
        pa.field("target", pa.string()),
        pa.field("split", pa.string()),
        pa.field("meta", META_TYPE, nullable=False),
        pa.field("tokens", pa.list_(TOKEN_TYPE)),
        pa.field("source_id", pa.string()),
        pa.field("source_lang", pa.string()),
        pa.field("source_text", pa.string()),
        pa.field("source_text_pair", pa.string()),
        pa.field("source_spans", pa.list_(SPAN_TYPE)),
        pa.field("method", pa.string()),
        pa.field("model", pa.string()),
        pa.field("translation_score", pa.float64()),
        pa.field("scores", SCORES_TYPE),
    ]
)
"""The columns of a row; those from `source_id` on are null where a row has no provenance."""

DROPPED_SCHEMA = ROW_SCHEMA.append(pa.field("drop_reason", pa.string(), nullable=False)).append(
    pa.field("drop_detail", pa.string(), nullable=False)
)
"""A row and why it was dropped."""

PROVENANCE_COLUMNS = ROW_SCHEMA.names[ROW_SCHEMA.names.index("source_id") :]


def is_row_schema(schema: pa.Schema) -> bool:
    """Whether a table with `schema` can be given to `batch_to_rows` as it is."""
    return all(
        field.name in schema.names and schema.field(field.name).type.equals(field.type)
        for field in ROW_SCHEMA
    )
