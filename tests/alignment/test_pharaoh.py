from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.pharaoh import format_links, parse_links, read_pharaoh, write_pharaoh
from alignment.protocol import WordAlignment
from corpora.errors import UserError

LINKS = st.dictionaries(
    st.tuples(st.integers(0, 99), st.integers(0, 99)), st.floats(0.001, 1.0), max_size=12
)


@settings(max_examples=50)
@given(LINKS)
def test_what_is_written_is_read(links: dict[tuple[int, int], float]) -> None:
    given_links = WordAlignment(
        np.array(list(links), np.int32).reshape(-1, 2), np.array(list(links.values()), np.float32)
    )
    back = parse_links(format_links(given_links, weights=True))
    assert {tuple(link) for link in back.links.tolist()} == set(links)
    for link, weight in zip(back.links.tolist(), back.weights.tolist(), strict=True):
        assert weight == pytest.approx(links[tuple(link)], abs=1e-4)
    assert set(parse_links(format_links(given_links)).weights.tolist()) <= {1.0}


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.talp"
    path.write_text("0-0 2p1\n\n1-0:0.5\n", encoding="utf-8")
    found = list(read_pharaoh(path, [(3, 2), (1, 1), (2, 1)]))
    assert [one.links.tolist() for one in found] == [[[0, 0], [2, 1]], [], [[1, 0]]]
    assert write_pharaoh(tmp_path / "b.talp", found) == 3
    assert (tmp_path / "b.talp").read_text(encoding="utf-8") == "0-0 2-1\n\n1-0\n"


def test_compressed_files_and_byte_order_marks(tmp_path: Path) -> None:
    packed = tmp_path / "b.talp.gz"
    assert write_pharaoh(packed, [parse_links("1-0 0-0")]) == 1
    assert gzip.decompress(packed.read_bytes()) == b"0-0 1-0\n"
    path = tmp_path / "a.talp.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf0-0\r\n1-0\r\n"))
    assert [one.links.tolist() for one in read_pharaoh(path)] == [[[0, 0]], [[1, 0]]]


def test_files_that_are_none(tmp_path: Path) -> None:
    latin = tmp_path / "latin.talp"
    latin.write_bytes(b"0-0\n\xe4")
    for path, message in (
        (tmp_path / "nosuch", "no such file"),
        (tmp_path, "this is a folder, not a file"),
        (latin, "not UTF-8.*byte offset 4"),
    ):
        with pytest.raises(UserError, match=f"{path.name}: {message}"):
            list(read_pharaoh(path))


@pytest.mark.parametrize(
    ("text", "lengths", "message"),
    [
        ("0-0\n99999999999999999999-3\n", [(1, 1), (1, 1)], "line 2: not a Pharaoh link: '9+-3'"),
        ("0-0\n0-x\n", None, "line 2.*'0-x'"),
        ("0-0\n-1-0\n", None, "line 2"),
        ("0-0:2.0\n", None, "line 1.*not in"),
        ("0-0:0\n", None, "line 1.*not in"),
        ("0-0\n0-4\n", [(1, 1), (1, 4)], "line 2.*0-4 is beyond 1 source and 4 target"),
        ("0-0\n", [(1, 1), (1, 1)], "1 lines for 2 pairs"),
        ("0-0\n0-0\n", [(1, 1)], "more lines than the 1 pairs"),
    ],
)
def test_mistakes_name_file_and_line(
    tmp_path: Path, text: str, lengths: list[tuple[int, int]] | None, message: str
) -> None:
    path = tmp_path / "bad.talp"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"bad.talp.*{message}"):
        list(read_pharaoh(path, lengths))
