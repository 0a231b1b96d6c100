"""Lists of labels and numbers go through a run, and out of it in every format that holds them."""

import datasets
import pytest

from augmentation.translate_train.api import export, translate_train
from corpora.readers import open_corpus
from tests.helpers.json_lines import write_json_lines

TEXTS = ("Two dogs play.", "A man reads a book.")


@pytest.mark.parametrize(("field", "labels"), [("labels", (("x", "y"), ())), ("value", (4.5, 1.0))])
def test_labels_are_carried(tmp_path, field, labels):
    rows = [
        {"id": str(n), "text": text, field: label, "split": f"part{n}"}
        for n, (text, label) in enumerate(zip(TEXTS, labels, strict=True))
    ]
    path = write_json_lines(tmp_path / "in.jsonl", *rows)
    run = translate_train(
        path, task="classification", source="en", targets="de", out=tmp_path / "run"
    )
    made = list(run.translated_rows())
    assert [getattr(row, field) for row in made] == list(labels)
    assert [row.label for row in made] == [None, None]
    for name in ("x.jsonl", "x.csv", "x.tsv", "x.parquet"):
        export(run, tmp_path / name)
        back = list(open_corpus(tmp_path / name, task="classification").rows())
        assert back == made, name
    (folder,) = {file.parents[1] for file in export(run, format="hf").files}
    assert folder == tmp_path / "run" / "export" / "de.hf"
    loaded = datasets.load_from_disk(str(folder / "de"))
    assert loaded["part0"].num_rows == loaded["part1"].num_rows == 1
    assert loaded["part0"][0]["source_text"] == TEXTS[0]
    again = list(open_corpus(folder / "de", task="classification").rows())
    assert [(getattr(r, field), r.provenance) for r in again] == [
        (getattr(r, field), r.provenance) for r in made
    ]
