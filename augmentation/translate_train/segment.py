"""The segment step: the texts of a shard of rows split into sentences."""

from __future__ import annotations

from collections.abc import Sequence

from augmentation.translate_train.layout import SEGMENT
from augmentation.translation.segments import segment_shard
from corpora.shards import ShardRef


def segment(ref: ShardRef, lang: str, labels: Sequence[str] = ()) -> ShardRef:
    """Cut the texts of the shard `ref` of rows in `lang` into sentences; the text of spans with one
    of `labels` is not to be translated."""
    from translators.sentences import split_sentences

    return segment_shard(ref, ref.next(SEGMENT), lang, split_sentences, labels)
