"""Ids: the input's own, else made from the content, and no id twice."""

import json
from itertools import product
from pathlib import Path

import pytest

from corpora.fingerprint import content_id
from corpora.readers import open_corpus


def ids_of(path: Path, ids: list[str], size: int = 2_000, on_error: str = "repair") -> list[str]:
    rows = [{"id": one, "text": f"Satz {n}"} for n, one in enumerate(ids)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    batches = list(open_corpus(path, task="text", on_error=on_error).batches(size))
    found = [row for batch in batches for row in batch.rows]
    assert [row.text for row in found] == [row["text"] for row in rows]
    assert sum(b.repaired.get("duplicate-id", 0) for b in batches) == len(ids) - len(set(ids))
    return [row.id for row in found]


@pytest.mark.parametrize("size", [1, 2, 2_000])
@pytest.mark.parametrize(
    ("ids", "repaired"),
    [
        ("a a a-2", "a a-3 a-2"),
        ("a-2 a a", "a-2 a a-3"),
        ("a a a a-2 a-4 a", "a a-3 a-5 a-2 a-4 a-6"),
        ("a a-2 a-2 a", "a a-2 a-2-2 a-3"),
        ("a a b b a", "a a-2 b b-2 a-3"),
    ],
)
def test_a_repaired_id_is_one_that_no_row_has(
    tmp_path: Path, ids: str, repaired: str, size: int
) -> None:
    assert ids_of(tmp_path / "x.jsonl", ids.split(), size) == repaired.split()


def test_no_id_comes_twice_and_none_is_lost(tmp_path: Path) -> None:
    for ids in product(["a", "a-2", "a-3", "a-2-2"], repeat=5):
        found = ids_of(tmp_path / "x.jsonl", list(ids), 2)
        assert len(set(found)) == len(ids)
        first = {one: ids.index(one) for one in ids}
        assert all(found[at] == one for one, at in first.items())


def test_made_ids_keep_clear_of_given_ones(tmp_path: Path) -> None:
    made = content_id("und", "Satz", None, None, None)
    rows = [{"text": "Satz"}, {"text": "anders", "id": f"{made}-2"}, *[{"text": "Satz"}] * 2]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for size in (1, 2_000):
        batches = list(open_corpus(path, task="text").batches(size))
        assert not any(batch.repaired for batch in batches)  # nothing was wrong
        found = [row.id for batch in batches for row in batch.rows]
        assert found[:2] == [made, f"{made}-2"]
        assert len(set(found)) == 4


def test_repaired_ids_beyond_the_limit_are_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"id": one, "text": "Satz"} for one in ("a", "a", "a-2")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n", encoding="utf-8")
    (batch,) = open_corpus(path, task="text", on_error="repair").batches(limit=2)
    assert [row.id for row in batch.rows] == ["a", "a-2"]
