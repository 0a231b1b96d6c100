"""Filters over sentence pairs: what each refuses, and that no pair is lost."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import UserError
from filters import FILTERS, load_filter
from filters.cleaning import clean
from filters.duplicate import Duplicate
from filters.language import WrongLanguage, can_identify, identify
from filters.length_ratio import LengthRatio, expected_ratio
from filters.normalisation import normalise
from filters.protocol import Filter


def frame(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"source": [p[0] for p in pairs], "target": [p[1] for p in pairs]},
        schema={"source": pl.String, "target": pl.String},
    )


def every_filter() -> list[Filter]:
    return [
        load_filter("empty"),
        load_filter("reserved", symbols=[">>de<<"]),
        load_filter("too-long", max_chars=60),
        load_filter("length-ratio", max_ratio=2.0),
        load_filter("alphabet", source="en", target="de", min_share=0.5),
        load_filter("untranslated", max_overlap=0.75),
        load_filter("numbers", max_share=0.5),
        load_filter("duplicate"),
        load_filter("language", source="en", target="de", max_score=0.95),
    ]


REFUSED = {
    "empty": ("Hello.", "..."),
    "reserved": ("Say >>de<< now", "Sag jetzt mal was"),
    "too-long": ("a" * 61, "b" * 50),
    "length-ratio": ("Hello there", "Ein viel zu langer Satz für so einen Gruß"),
    "alphabet": ("Good morning", "Доброе утро"),
    "untranslated": ("This was not translated at all", "This was not translated at all."),
    "numbers": ("He is 30 years old", "Er ist 40 Jahre alt"),
    "duplicate": ("Good evening", "Guten Abend"),
    "language": (
        "The weather is really nice today",
        "Il fait vraiment très beau aujourd'hui",
    ),
}


def test_every_filter_is_called_by_the_reason_that_it_gives() -> None:
    assert {filter_.name for filter_ in every_filter()} == set(FILTERS)
    for name, where in FILTERS.items():
        assert where.split(":")[0] == f"filters.{name.replace('-', '_')}"


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("nonsense", {}, "unknown filter 'nonsense' .choose from: alphabet, duplicate"),
        ("too-long", {"most": 3}, "filter 'too-long' has no option 'most' .choose from: max_chars"),
        ("alphabet", {"source": "en"}, "filter 'alphabet' needs min_share and target"),
    ],
)
def test_filters_that_cannot_be_made(name: str, options: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        load_filter(name, **options)


def test_each_filter_gives_its_own_reason() -> None:
    good = [("Good evening", "Guten Abend"), ("Hi", "Hi"), ("It is 2:30 pm", "Es ist 14:30 Uhr")]
    batch = frame(*good, *REFUSED.values()).with_row_index("line")
    result = clean(batch, every_filter())
    assert list(zip(result.kept["source"], result.kept["target"], strict=True)) == good
    assert result.dropped["drop_reason"].to_list() == list(REFUSED)
    assert result.dropped["line"].to_list() == list(range(3, 12))
    assert result.dropped["drop_score"].is_finite().all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8))
def test_rows_in_are_rows_out_and_rows_dropped(pairs: list[tuple[str, str]]) -> None:
    batch = frame(*pairs).with_row_index("line")
    before = batch.clone()
    result = clean(batch, every_filter())
    lines = result.kept["line"].to_list() + result.dropped["line"].to_list()
    assert sorted(lines) == list(range(len(pairs)))
    assert result.kept["line"].is_sorted() and result.dropped["line"].is_sorted()
    assert batch.equals(before)


def test_an_empty_batch_keeps_its_columns() -> None:
    for filters in ([], every_filter()):
        result = clean(frame(), filters)
        assert result.kept.columns == ["source", "target"]
        assert result.dropped.columns == ["source", "target", "drop_reason", "drop_score"]


def test_normalisation() -> None:
    raw = "\ufeff  Cafe\u0301\u00a0 &quot;so&quot;\t&#39;\u00adla\u200b la\x07 \u2028 "
    assert frame((raw, "")).select(normalise(pl.col("source"))).item() == 'Café "so" \'la la'


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_normalisation_done_twice_changes_nothing_but_references(text: str) -> None:
    once = frame((text.replace("&", ""), "")).select(normalise(pl.col("source"))).item()
    assert frame((once, "")).select(normalise(pl.col("source"))).item() == once


def test_length_ratio_follows_the_languages() -> None:
    batch = frame(("This is a longer sentence in English words.", "这是一个英文单词的长句子。"))
    assert LengthRatio(2.0).accept(LengthRatio(2.0).score(batch)).tolist() == [False]
    fitted = LengthRatio(2.0, expected_ratio(batch), slack=0)
    assert fitted.score(batch).to_list() == [pytest.approx(1.0)]


def test_duplicates_are_remembered_across_batches() -> None:
    duplicate = Duplicate()
    assert duplicate.score(frame(("a", "b"), ("a", "b"), ("ab", ""))).to_list() == [0, 1, 0]
    assert duplicate.score(frame(("a", "b"), ("b", "a"))).to_list() == [1, 0]


def test_language_identification_is_careful_with_short_texts() -> None:
    assert identify(["This is clearly a sentence in English."])[0][0] == "en"
    batch = frame(("Ok, bye!", "Ok, tschüss!"), ("Tom.", "Tom."), ("42", "42"), ("Menu", "Menü"))
    language = WrongLanguage("en", "de", 0.95)
    assert language.accept(language.score(batch)).all()
    assert not language.wrong_languages["source"] and not language.wrong_languages["target"]


def test_what_a_wrong_text_looks_like_is_counted() -> None:
    language = WrongLanguage("en-GB", "de", 0.95)
    language.score(frame(REFUSED["language"], REFUSED["language"]))
    assert language.wrong_languages["target"] == {"fr": 1}


def test_a_language_that_is_not_known_is_not_judged() -> None:
    assert can_identify("nb") and not can_identify("hsb")
    language = WrongLanguage("en", "hsb", 0.95)
    assert language.unknown == ("hsb",)
    batch = frame(("The weather is really nice today", "Wjedro je dźensa jara rjane"))
    assert language.accept(language.score(batch)).all()
