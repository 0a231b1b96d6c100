"""Corrections taken in: the corrected rows, the translation memory, later runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augmentation.review.run import review_export, review_import
from augmentation.translate_train.run import translate_train
from augmentation.translate_train.runs import final_rows
from augmentation.translate_train.setup import changes_since, resolve
from augmentation.translation.human import HumanRecord, add_records, read_human
from augmentation.translation.setup import TranslationSetup
from corpora.checked_json import read_checked
from corpora.errors import UserError
from corpora.readers import open_corpus
from tests.helpers.review_runs import (
    Record,
    corrections,
    page_data,
    page_row,
    run_to_review,
    saved_by_page,
)
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_train_runs import file_hashes, translate_train_config
from translators.protocol import Hypothesis


@pytest.fixture
def run(tmp_path: Path, toy: ToyTranslator) -> Path:
    return run_to_review(tmp_path)


def test_rows_in_are_rows_out_and_dropped(run: Path, tmp_path: Path) -> None:
    page = review_export(run, "html", least_sure=8, at_random=8, dropped=True).files[0]
    before = {row.id: row for row in final_rows(run, "de")}

    def change(number: int, row: Record) -> Record | None:
        if number % 4 == 0:
            return row | {"verdict": "drop"}
        if not row["spans"]:  # dropped, for its span had no place
            start = row["text"].index("UNALIGNED")
            return row | {"spans": [{"start": start, "end": start + 10, "label": "a"}]}
        return None if number % 4 == 1 else row

    done = corrections(page, tmp_path / "c.json", change)
    result = review_import(run, done)
    assert result.rows_in == result.rows_out + result.dropped
    rows = list(open_corpus(run / "export" / "de.reviewed.jsonl", task="tokens").rows())
    assert len(rows) == result.rows_out
    changes = result.changes
    assert changes.dropped and changes.rescued and changes.left_dropped and result.not_reviewed
    assert result.rows_in == len(before) + changes.rescued + changes.left_dropped
    gold = {row.id: row.meta["gold"] for row in rows if "gold" in row.meta}
    assert len(gold) == changes.accepted + changes.rescued
    for row in rows:
        if row.id not in gold:
            assert row == before[row.id]
        elif row.id in before:
            assert [(s.start, s.end) for s in row.spans] == [
                (s.start, s.end) for s in before[row.id].spans
            ]
            assert {(s.projector, s.confidence) for s in row.spans} == {("gold", 1.0)}
    assert result.removed is not None
    removed = list(open_corpus(result.removed, task="tokens").rows())
    assert len(removed) == result.dropped
    record = read_checked(result.report)
    assert record is not None and record["rows_out"] == result.rows_out
    assert record["changes"]["spans"] and record["estimates"]["rest"]["rows"] == 28


def test_nothing_is_written_where_something_does_not_fit(run: Path, tmp_path: Path) -> None:
    page = review_export(run, "html", least_sure=4).files[0]
    rows = [page_row(row) for row in page_data(page)["rows"][:3]]
    rows[0]["text"] = "Ganz anders"
    rows[0]["spans"] = []
    rows[2]["spans"][0]["end"] = 999
    before = file_hashes(tmp_path)
    with pytest.raises(UserError, match="row 3: span"):
        review_import(run, saved_by_page(tmp_path / "c.json", rows))
    (tmp_path / "c.json").unlink()
    assert file_hashes(tmp_path) == before


def edited(page: Path, path: Path, text: str, label: str | None = None) -> tuple[Path, str]:
    """The correction of one row of `page`: another translation, with a span on its first word; and
    its source."""
    row = next(row for row in page_data(page)["rows"] if row["drawn"] == "least-sure")
    label = label or row["spans"][0]["label"]
    span = {"start": 0, "end": text.index(" "), "label": label}
    return saved_by_page(path, [page_row(row, text=text, spans=[span])]), row["source"]


def test_later_runs_use_what_people_translated(
    run: Path, tmp_path: Path, toy: ToyTranslator
) -> None:
    page = review_export(run, "html", least_sure=4).files[0]
    done, source = edited(page, tmp_path / "c.json", "Eins ist von Hand 😀")
    result = review_import(run, done)
    assert (result.sentences, result.spans, result.unpaired) == (1, 1, 0)
    assert result.changes.translations == 1
    human = read_human(tmp_path / "memory", "en", "de")
    assert human.sentences == {source: "Eins ist von Hand 😀"}
    word = source.split()[1]
    assert human.phrases == {word: {"Eins": 1}}

    def translated(folder: str, **settings: object) -> tuple[object, str]:
        config = translate_train_config(
            *(tmp_path / "in.jsonl", tmp_path / folder), memory=tmp_path / "memory", **settings
        )
        made = translate_train(config)
        (row,) = (
            r for r in made.translated_rows()
            if r.provenance is not None and r.provenance.source_text == source
        )  # fmt: skip
        assert row.provenance is not None and row.provenance.translation_score == 0.0
        return made.summary.targets[0].by_hand, row.text

    seen = len(toy.seen)
    assert translated("other") == (1, "Eins ist von Hand 😀")
    # Another way to translate has no machine translation in the memory, and the same by people.
    assert translated("third", decoding={"beam_size": 7}) == (1, "Eins ist von Hand 😀")
    assert source not in toy.seen[seen:]
    manifest = run / "run.json"
    setup = resolve(translate_train_config(tmp_path / "in.jsonl", run, memory=tmp_path / "memory"))
    assert changes_since(manifest, setup) == [f"{manifest}: people's corrections have changed"]
    # The finished run takes it in too, where its command is given again, and remakes nothing else.
    assert translated("run") == (1, "Eins ist von Hand 😀")
    with pytest.raises(UserError, match="made again after the queue was exported"):
        review_import(run, done)
    # A later correction wins over an earlier one.
    page = review_export(run, "html", least_sure=400).files[0]
    (row,) = (row for row in page_data(page)["rows"] if row["source"] == source)
    again = page_row(row, text="Zwei ist besser 😀", spans=[])
    assert review_import(run, saved_by_page(tmp_path / "d.json", [again])).sentences == 1
    assert read_human(tmp_path / "memory", "en", "de").sentences == {source: "Zwei ist besser 😀"}


def test_runs_without_corrections_are_not_made_again(
    run: Path, tmp_path: Path, toy: ToyTranslator
) -> None:
    page = review_export(run, "html", least_sure=4).files[0]
    done = corrections(page, tmp_path / "c.json", lambda i, row: row | {"spans": []})
    assert review_import(run, done).changes.corrected == 34
    config = translate_train_config(tmp_path / "in.jsonl", run, memory=tmp_path / "memory")
    assert translate_train(config).shards == 0


def test_a_reviewed_span_is_evidence_for_later_ones(run: Path, tmp_path: Path) -> None:
    """Without attention and without likeness only the review says what `unaligned9` became."""
    page = review_export(run, "html", least_sure=0, at_random=0, dropped=True).files[0]
    data = page_data(page)["rows"]
    assert data == []  # as many as --least-sure
    page = review_export(run, "html", least_sure=9, at_random=0, dropped=True).files[0]
    rows = [row for row in page_data(page)["rows"] if row["drawn"] == "dropped"]

    def with_span(row: Record) -> Record:
        start = row["text"].index("UNALIGNED")
        end = row["text"].index(" ", start)
        span = {"start": start, "end": end, "label": row["sourceSpans"][0]["label"]}
        return page_row(row, spans=[span])

    result = review_import(
        run, saved_by_page(tmp_path / "c.json", [with_span(row) for row in rows])
    )
    assert result.changes.rescued == len(rows) == 4
    config = translate_train_config(
        tmp_path / "in.jsonl", tmp_path / "later", memory=tmp_path / "memory"
    )
    made = translate_train(config)
    assert made.summary.targets[0].dropped.total() == 0
    spans = [
        (row.text[s.start : s.end], s.projector, s.confidence)
        for row in made.translated_rows()
        for s in row.spans
        if s.projector != "attention"
    ]
    assert spans == [(f"UNALIGNED{n}", "corrected", 0.5) for n in (9, 19, 29, 39)]


def test_no_alternative_takes_the_place_of_a_persons_translation(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_records(tmp_path / "memory", "en-de", [HumanRecord("sentence", "a", "A")])
    config = translate_train_config(tmp_path / "in.jsonl", run, memory=tmp_path / "memory")
    n_best = Hypothesis("x", -1.0, alternatives=(Hypothesis("y", -2.0),))
    monkeypatch.setattr(
        TranslationSetup, "translate_segments", lambda self, texts, *rest: [n_best] * len(texts)
    )
    alternatives = resolve(config).translation.alternatives(["a", "b"], [(), ()], "de")
    assert alternatives == [(), n_best.alternatives]


def test_without_a_memory(tmp_path: Path, run: Path) -> None:
    page = review_export(run, "html", least_sure=4).files[0]
    done, _ = edited(page, tmp_path / "c.json", "Eins ist von Hand 😀")
    result = review_import(run, done, memory="off")
    assert (result.memory, result.sentences) == (None, 0)
    assert not (tmp_path / "memory" / "human").exists()


def test_sentences_are_paired(tmp_path: Path, toy: ToyTranslator) -> None:
    source = tmp_path / "in.jsonl"
    texts = ["Wake me now. Play some jazz. Thank you.", "Stop it now. Go home now."]
    with source.open("w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"text": text, "label": "x"}) + "\n")
    config = translate_train_config(
        source, tmp_path / "run", task="classification", memory=tmp_path / "memory"
    )
    run = translate_train(config).run
    page = review_export(run, "html").files[0]
    rows = {row["source"]: row for row in page_data(page)["rows"]}
    done = [
        page_row(rows[texts[0]], text="Weck mich jetzt. Spiel Jazz. Danke schön."),
        page_row(rows[texts[1]], text="Lass es jetzt und geh heim."),
    ]
    result = review_import(run, saved_by_page(tmp_path / "c.json", done))
    assert (result.sentences, result.unpaired) == (3, 1)
    assert read_human(tmp_path / "memory", "en", "de").sentences == {
        "Wake me now.": "Weck mich jetzt.",
        "Play some jazz.": "Spiel Jazz.",
        "Thank you.": "Danke schön.",
    }


def test_outputs_that_would_overwrite_what_is_read(run: Path, tmp_path: Path) -> None:
    page = review_export(run, "html", least_sure=4).files[0]
    done = corrections(page, tmp_path / "c.jsonl")
    for out in (done, tmp_path / "in.jsonl"):
        with pytest.raises(UserError, match="overwrite what is read"):
            review_import(run, done, out=out)
    with pytest.raises(UserError, match="run's own folder"):
        review_import(run, done, out=run / "50-filter-de" / "x.jsonl")
