"""The stream of batches."""

from __future__ import annotations

from collections import Counter

import pytest

torch = pytest.importorskip("torch")
import sentencepiece  # noqa: E402

from translators.training.config import TrainingConfig  # noqa: E402
from translators.training.data import TrainingData  # noqa: E402
from translators.training.stream import BatchStream  # noqa: E402


def test_stream_is_repeatable_from_any_position(
    toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    stream = BatchStream(toy_data, toy_config, workers=0, pad=999)
    first = [next_ for next_, _ in zip(stream.batches(0, 0), range(30), strict=False)]
    assert len({(pool, batch) for pool, batch, _ in first}) == 30
    pool, batch, expected = first[17]
    _, _, again = next(stream.batches(pool, batch))
    assert torch.equal(again.source, expected.source)
    assert torch.equal(again.target, expected.target)


def test_one_direction_may_be_shown_less_often_than_the_other(
    toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"backward_weight": 0.25})
    tags = sentencepiece.SentencePieceProcessor(model_file=str(toy_data.subwords))
    seen: Counter[int] = Counter()
    epoch = 300 * 1.5 * (1 + 0.25)
    for _, _, batch in BatchStream(toy_data, config, workers=0, pad=999).batches(0, 0):
        seen.update(batch.source[:, 0].tolist())
        if seen.total() > 4 * epoch:
            break
    assert len(seen) == 2
    assert 0.2 < seen[tags[">>xx<<"]] / seen[tags[">>yy<<"]] < 0.3
