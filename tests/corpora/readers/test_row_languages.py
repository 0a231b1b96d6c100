"""A row that says its language must be in that of the corpus: same language, same script."""

from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.json_lines import read_rows, write_json_lines


@pytest.mark.parametrize(
    ("corpus", "row"),
    [
        ("no", "nb"), ("nb", "no-NO"), ("zh-Hans", "zh-CN"), ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"), ("zh-Hant", "zh-HK"), ("sr", "sr-Cyrl"), ("en", "en-US"),
        ("en-GB", "en-US"), ("pt-BR", "pt"), ("he", "iw"), ("id", "in"), ("de", "DE"),
        ("de", "de_AT"), ("ar", "arb"), ("xx", "xx"),
    ],
)  # fmt: skip
def test_rows_in_the_language_of_the_corpus(tmp_path: Path, corpus: str, row: str) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "abc", "lang": row})
    assert [r.lang for r in read_rows(path, "text", lang=corpus)] == [row]


@pytest.mark.parametrize(
    ("corpus", "row"),
    [
        ("zh-Hans", "zh-Hant"), ("zh-CN", "zh-TW"), ("zh", "zh-Hant"), ("sr", "sr-Latn"),
        ("sr-Latn", "sr-Cyrl"), ("nb", "nn"), ("no", "da"), ("zh", "yue"), ("ar", "arz"),
        ("de", "gsw"), ("de", "german"), ("und", "de"),
    ],
)  # fmt: skip
def test_rows_in_another_language(tmp_path: Path, corpus: str, row: str) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "abc", "lang": row})
    message = f"line 1: the row is in '{row}', not in '{corpus}'"
    with pytest.raises(UserError, match=message):
        read_rows(path, "text", lang=corpus)


def test_a_row_of_undetermined_language_is_in_that_of_the_corpus(tmp_path: Path) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "abc", "lang": "und"})
    assert [row.lang for row in read_rows(path, "text", lang="de")] == ["de"]
    assert [row.lang for row in read_rows(path, "text", lang=None)] == ["und"]
