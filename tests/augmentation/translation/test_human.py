"""What people corrected, kept in the translation memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from augmentation.translation.human import HumanRecord, add_records, human_file, read_human
from augmentation.translation.memory_merge import merge_memories
from corpora.errors import UserError


def sentence(source: str, target: str, at: str = "2026-01-01T00:00:00+00:00") -> HumanRecord:
    return HumanRecord("sentence", source, target, at=at)


def span(source: str, target: str, row: str) -> HumanRecord:
    return HumanRecord("span", source, target, row, "LOC")


def test_kept_and_read(tmp_path: Path) -> None:
    records = [sentence("Go\u2028home.", "Geh „heim“."), span("Rome", "Rom", "run/1")]
    assert add_records(tmp_path, "en-de", records) == 2
    assert add_records(tmp_path, "en-de", records) == 0
    assert add_records(tmp_path, "en-de", [span("Rome", "Rom", "run/2")]) == 1
    human = read_human(tmp_path, "en", "de")
    assert human.sentences == {"Go\u2028home.": "Geh „heim“."}
    assert human.phrases == {"Rome": {"Rom": 2}}
    assert read_human(tmp_path, "de", "en").sentences == {}
    assert human.identity() and not read_human(tmp_path, "de", "en").identity()


def test_the_later_one_wins_in_whatever_order(tmp_path: Path) -> None:
    early, late = sentence("a", "früh"), sentence("a", "spät", "2026-02-01T00:00:00+00:00")
    for n, order in enumerate(([early, late], [late, early])):
        for record in order:
            add_records(tmp_path / str(n), "en-de", [record])
        assert read_human(tmp_path / str(n), "en", "de").sentences == {"a": "spät"}
    # A span that is reviewed again is not counted twice.
    for target in ("Rom", "Roma"):
        add_records(tmp_path, "en-de", [span("Rome", target, "run/1")])
    assert read_human(tmp_path, "en", "de").phrases == {"Rome": {"Roma": 1}}


def test_merged_with_those_of_another_machine(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    add_records(theirs, "en-de", [sentence("a", "A"), span("Rome", "Rom", "their/1")])
    late = sentence("a", "Ah", "2026-02-01T00:00:00+00:00")
    add_records(ours, "en-de", [late, span("Rome", "Rom", "our/1")])
    merged = merge_memories(theirs, ours)
    assert (merged.added, merged.corrections) == (0, 1)
    human = read_human(ours, "en", "de")
    assert (human.sentences, human.phrases) == ({"a": "Ah"}, {"Rome": {"Rom": 2}})


@pytest.mark.parametrize(
    "line",
    [
        *(b"no", b"[]", b"{}", b"\xff", b'{"kind": "sentence", "source": 1, "target": "x"}'),
        *(b'{"kind": "other", "source": "a", "target": "x"}', b'{"kind": "span", "more": "x"}'),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    add_records(tmp_path, "en-de", [sentence("a", "A")])
    path = human_file(tmp_path, "en-de")
    path.write_bytes(path.read_bytes() + line + b"\n")
    for use in (
        lambda: read_human(tmp_path, "en", "de"),
        lambda: add_records(tmp_path, "en-de", [sentence("b", "B")]),
    ):
        with pytest.raises(UserError, match="delete the line") as refused:
            use()
        assert (refused.value.file, refused.value.line) == (str(path), 2)


def test_links_are_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("mine", encoding="utf-8")
    path = human_file(tmp_path / "memory", "en-de")
    path.parent.mkdir(parents=True)
    path.symlink_to(other)
    for use in (
        lambda: read_human(tmp_path / "memory", "en", "de"),
        lambda: add_records(tmp_path / "memory", "en-de", [sentence("b", "B")]),
    ):
        with pytest.raises(UserError, match="link"):
            use()
    assert other.read_text(encoding="utf-8") == "mine"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    add_records(tmp_path, "en-de", [sentence("a", "A")])
    assert read_human(tmp_path, "en", "de").sentences == {"a": "A"}
    path = human_file(tmp_path, "en-de")
    text = path.read_text(encoding="utf-8").replace('"A"', '"B"')
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(1, 1))
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(read_human(tmp_path, "en", "de").sentences["a"])
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["B"] * 4
