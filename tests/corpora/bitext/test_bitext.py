"""Reading parallel corpora: every format, every compression, every mistake."""

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.bitext import Bitext, BitextPair, read_bitext
from corpora.errors import UserError

TSV = "Hello.\tHallo.\nGood night.\tGute Nacht.\n"
HEADED = "set\ten\tde\tdirection\nx\tHello.\tHallo.\ten-de\nx\tBye.\tTschüss.\tde-en\n"
TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en-US"><seg>Hello &amp; <hi>welcome</hi><ph>&lt;br/&gt;</ph>!</seg></tuv>
    <tuv xml:lang="de"><seg>Hallo &amp; willkommen!</seg></tuv></tu>
<tu><tuv xml:lang="fr"><seg>Salut.</seg></tuv><tuv xml:lang="de"><seg>Hallo.</seg></tuv></tu>
<tu><tuv lang="DE"><seg>Gut.</seg></tuv><tuv lang="EN"><seg>Good.</seg></tuv></tu>
</body></tmx>
"""


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def texts(bitext: Bitext) -> list[tuple[str, str]]:
    return [(p.source, p.target) for p in read_bitext(bitext, "en", "de")]


def failure(bitext: Bitext) -> str:
    with pytest.raises(UserError) as error:
        list(read_bitext(bitext, "en", "de"))
    return str(error.value)


def test_two_columns_need_no_header(tmp_path: Path) -> None:
    pairs = list(read_bitext(Bitext(write(tmp_path / "a.tsv", TSV)), "en", "de"))
    assert pairs == [
        BitextPair("Hello.", "Hallo.", "a", 1),
        BitextPair("Good night.", "Gute Nacht.", "a", 2),
    ]


def test_a_header_that_names_the_languages_is_understood(tmp_path: Path) -> None:
    pairs = list(read_bitext(Bitext(write(tmp_path / "a.tsv", HEADED)), "en", "de"))
    assert [(p.source, p.target, p.line, p.machine) for p in pairs] == [
        ("Hello.", "Hallo.", 2, "target"),
        ("Bye.", "Tschüss.", 3, "source"),
    ]


def test_the_other_direction_of_the_same_file(tmp_path: Path) -> None:
    pairs = list(read_bitext(Bitext(write(tmp_path / "a.tsv", HEADED)), "de", "en"))
    assert [(p.source, p.machine) for p in pairs] == [("Hallo.", "source"), ("Tschüss.", "target")]


def test_columns_by_name_and_by_number(tmp_path: Path) -> None:
    headed = write(tmp_path / "a.tsv", "id\tl2\tl1\n7\tHallo.\tHello.\n")
    assert texts(Bitext(headed, columns=("l1", "l2"))) == [("Hello.", "Hallo.")]
    bare = write(tmp_path / "b.tsv", "7\tHallo.\tHello.\n")
    assert texts(Bitext(bare, columns=("3", "2"))) == [("Hello.", "Hallo.")]


@pytest.mark.parametrize("kind", ["plain", "gzip", "two gzips", "zstd", "two zstds"])
def test_compression_is_known_by_its_bytes_not_its_name(tmp_path: Path, kind: str) -> None:
    data = (TSV * 3000).encode()
    half = len(TSV.encode()) * 1500

    def zstd(part: bytes) -> bytes:
        return bytes(pa.compress(part, codec="zstd", asbytes=True))

    packed = {
        "plain": data,
        "gzip": gzip.compress(data),
        "two gzips": gzip.compress(data[:half]) + gzip.compress(data[half:]),
        "zstd": zstd(data),
        "two zstds": zstd(data[:half]) + zstd(data[half:]),
    }[kind]
    assert (
        texts(Bitext(write(tmp_path / "a.tsv", packed)))
        == [
            ("Hello.", "Hallo."),
            ("Good night.", "Gute Nacht."),
        ]
        * 3000
    )


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_truncated_archive_is_named(tmp_path: Path, kind: str) -> None:
    data = "".join(f"Hello {i * 7919}.\tHallo {i * 7907}.\n" for i in range(9000)).encode()
    whole = gzip.compress(data) if kind == "gzip" else pa.compress(data, "zstd", asbytes=True)
    path = write(tmp_path / "a.tsv", whole[: len(whole) // 2])
    assert failure(Bitext(path)).startswith(f"{path}: the {kind} file is cut short")


def test_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", b"\xef\xbb\xbfen\tde\r\nA\xe2\x80\xa8B\tC\x0bD\r\nE\tF")
    assert texts(Bitext(path)) == [("A\u2028B", "C\x0bD"), ("E", "F")]


def test_moses_files(tmp_path: Path) -> None:
    source = write(tmp_path / "x.en", "Hello.\nA\tB\n")
    target = write(tmp_path / "x.de", "Hallo.\nC\n")
    assert texts(Bitext(source, target)) == [("Hello.", "Hallo."), ("A\tB", "C")]


@pytest.mark.parametrize(("lines", "others"), [(2, 5), (5, 2), (3, 0)])
def test_moses_files_of_different_length(tmp_path: Path, lines: int, others: int) -> None:
    source = write(tmp_path / "x.en", "a\n" * lines)
    target = write(tmp_path / "x.de", "b\n" * others)
    message = failure(Bitext(source, target))
    assert f"{source}: {lines} lines, but {target} has {others}" in message


def test_tmx(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmx", TMX)
    pairs = list(read_bitext(Bitext(path), "en", "de"))
    assert [(p.source, p.target, p.line) for p in pairs] == [
        ("Hello & welcome!", "Hallo & willkommen!", 4),
        ("Good.", "Gut.", 7),
    ]
    assert texts(Bitext(write(tmp_path / "b.tmx.gz", gzip.compress(TMX.encode())))) == [
        ("Hello & welcome!", "Hallo & willkommen!"),
        ("Good.", "Gut."),
    ]


def test_tmx_in_utf_16(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmx", TMX.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert texts(Bitext(path))[1] == ("Good.", "Gut.")


def test_tmx_without_the_languages_names_those_it_has(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmx", TMX)
    with pytest.raises(UserError, match=r"3 translation units.*choose from: de, en, en-us, fr"):
        list(read_bitext(Bitext(path), "en", "nl"))


REGIONS = """<tmx><body>
<tu><tuv xml:lang="en-GB"><seg>Colour</seg></tuv><tuv xml:lang="en-US"><seg>Color</seg></tuv>
    <tuv xml:lang="zh-TW"><seg>顏色</seg></tuv><tuv xml:lang="zh-CN"><seg>颜色</seg></tuv>
    <tuv xml:lang="no"><seg>Farge</seg></tuv><tuv xml:lang="nn-NO"><seg>Farge (nn)</seg></tuv></tu>
<tu><tuv xml:lang="EN_US"><seg>No</seg></tuv><tuv xml:lang="zh-hant"><seg>沒有</seg></tuv></tu>
</body></tmx>"""


@pytest.mark.parametrize(
    ("source", "target", "pairs"),
    [
        ("en", "zh-Hans", [("Color", "颜色")]),
        ("en", "zh", [("Color", "颜色")]),
        ("en-GB", "zh-Hant", [("Colour", "顏色"), ("No", "沒有")]),
        ("en-US", "zh-TW", [("Color", "顏色"), ("No", "沒有")]),
        ("nb", "en-AU", [("Farge", "Colour")]),
        ("nn", "en", [("Farge (nn)", "Color")]),
    ],
)
def test_tmx_languages_are_found_by_what_they_mean(
    tmp_path: Path, source: str, target: str, pairs: list[tuple[str, str]]
) -> None:
    bitext = Bitext(write(tmp_path / "a.tmx", REGIONS))
    assert [(p.source, p.target) for p in read_bitext(bitext, source, target)] == pairs


def test_a_script_that_a_tmx_file_does_not_have_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmx", TMX.replace('"de"', '"sr-Latn"'))
    with pytest.raises(UserError, match=r"both 'en' and 'sr' \(choose from: .*sr-latn"):
        list(read_bitext(Bitext(path), "en", "sr"))


def test_a_header_with_regions_is_understood(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en-US\tzh-CN\tzh_TW\tdirection\na\t简\t繁\ten-zh-CN\n")
    (pair,) = read_bitext(Bitext(path), "en", "zh-Hans")
    assert (pair.source, pair.target, pair.machine) == ("a", "简", "target")
    (pair,) = read_bitext(Bitext(path), "zh-Hant", "en")
    assert (pair.source, pair.target, pair.machine) == ("繁", "a", "")


BOMB = """<!DOCTYPE tmx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<tmx><body><tu><tuv xml:lang="en"><seg>&b;</seg></tuv></tu></body></tmx>"""
OUTSIDE = """<!DOCTYPE tmx [<!ENTITY a SYSTEM "{}">]>
<tmx><body><tu><tuv xml:lang="en"><seg>&a;</seg></tuv></tu></body></tmx>"""
UNDECLARED = """<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx><body><tu><tuv xml:lang="en"><seg>&eacute;</seg></tuv></tu></body></tmx>"""


@pytest.mark.parametrize("document", [BOMB, OUTSIDE, UNDECLARED])
def test_tmx_entities_are_refused(tmp_path: Path, document: str) -> None:
    secret = write(tmp_path / "secret", "not for you")
    path = write(tmp_path / "a.tmx", document.format(secret) if document == OUTSIDE else document)
    message = failure(Bitext(path))
    assert "entity" in message and "refused" in message
    assert "not for you" not in message


@pytest.mark.parametrize(
    ("document", "line", "problem"),
    [
        ("<tmx><body>\n<tu></body></tmx>", 2, "mismatched tag"),
        ("<tmx><body>\n", 2, "no element found"),
        ("<html></html>", 1, "the document is a <html>"),
        ("<tmx><tu>\n<tuv><seg>a</seg></tuv></tu></tmx>", 2, "without xml:lang"),
    ],
)
def test_malformed_tmx(tmp_path: Path, document: str, line: int, problem: str) -> None:
    path = write(tmp_path / "a.tmx", document)
    message = failure(Bitext(path))
    assert message.startswith(f"{path}, line {line}: malformed TMX") and problem in message


@pytest.mark.parametrize("encoding", ["gb2312", "no-such", "utf-7", "hex"])
def test_tmx_in_an_encoding_that_cannot_be_read(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.tmx", f'<?xml version="1.0" encoding="{encoding}"?><tmx></tmx>')
    message = failure(Bitext(path))
    assert message.startswith(f"{path}, line 1: malformed TMX: ") and "encoding" in message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    for bitext in (Bitext(tmp_path), Bitext(write(tmp_path / "x.en", "a\n"), tmp_path)):
        assert failure(bitext) == f"{tmp_path}: this is a folder, not a file"
    os.mkfifo(tmp_path / "pipe")
    assert "pipe: not a file that can be read twice" in failure(Bitext(tmp_path / "pipe"))


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "\r\nen\tde\n\na\tb\n\t\n\n")
    pairs = list(read_bitext(Bitext(path), "en", "de"))
    assert [(p.source, p.target, p.line) for p in pairs] == [("a", "b", 4), ("", "", 5)]


@pytest.mark.parametrize("header", ["EN\tDE", " en\tde ", "Source\tTarget", "SRC\tTGT"])
def test_a_header_is_one_however_it_is_spelt(tmp_path: Path, header: str) -> None:
    assert texts(Bitext(write(tmp_path / "a.tsv", f"{header}\na\tb\n"))) == [("a", "b")]


def test_directions_are_known_however_they_are_spelt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\tdirection\na\tb\tEN_DE\na\tb\tde-en \na\tb\tno\n")
    pairs = read_bitext(Bitext(path), "en", "de")
    assert [p.machine for p in pairs] == ["target", "source", ""]


def test_missing_file(tmp_path: Path) -> None:
    assert failure(Bitext(tmp_path / "no.tsv")) == f"{tmp_path / 'no.tsv'}: no such file"


@pytest.mark.parametrize("content", ["", "en\tde\n"])
def test_empty_file(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "a.tsv", content)
    assert failure(Bitext(path)) == f"{path}: no sentence pair in it"


def test_wrong_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "a\tb\tc\n1\t2\t3\n")
    assert "3 columns and no header with 'en' and 'de'" in failure(Bitext(path))
    assert "no column 'z' (choose from: a, b, c)" in failure(Bitext(path, columns=("a", "z")))
    assert "no column 4: the line has 3" in failure(Bitext(path, columns=("1", "4")))
    assert "column 2 is named for both texts" in failure(Bitext(path, columns=("2", "2")))


def test_a_short_line_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\na\tb\nc\n")
    assert failure(Bitext(path)) == f"{path}, line 3: 1 columns, at least 2 are needed"


def test_a_line_without_its_direction_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("en\tde\tdirection\nyes\tja\ten-de\nbye\ttschüss\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a.tsv.*3.*2 columns, at least 3"):
        list(read_bitext(Bitext(path), "en", "de"))


def test_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\nä\tb\n".encode() + "c\tü\n".encode("latin-1"))
    assert failure(Bitext(path)) == f"{path}: not UTF-8: byte 0xfc at byte offset 13"
