"""The format hf: what `datasets` reads of it."""

import datasets
import pytest

from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Provenance, Row, Span
from corpora.writers import write_corpus

MADE = Provenance(
    "s1", "en", "Anna lives in Rome", "translate-train", "m@1", -0.5, None, (Span(0, 4, "PER"),)
)
TOKENS = [
    Row(
        "1", "de", "Anna wohnt in Bad Ems.", label="x", split="train", meta={"k": "v"},
        spans=(Span(0, 4, "PER", "aligned", 0.9), Span(14, 21, "LOC")), provenance=MADE,
    ),
    Row("2", "de", "Rom", split="test", label="y", spans=(Span(0, 3, "LOC"),)),
    Row("3", "fr", "Paris", label="y"),
]  # fmt: skip
TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "out"


def test_both_loaders_read_tokens_and_numbered_tags(folder, tmp_path):
    report = write_corpus(TOKENS, folder, format="hf", task="tokens")
    assert report.rows == 3
    assert {str(p.relative_to(folder)): n for p, n in report.files.items()} == {
        "de/test": 1, "de/train": 1, "fr/train": 1,
    }  # fmt: skip
    cache = str(tmp_path / "cache")
    loaded = [
        datasets.load_from_disk(str(folder / "de")),
        datasets.load_dataset(str(folder / "de"), cache_dir=cache),
        datasets.load_dataset(str(folder), "de", cache_dir=cache),
    ]
    for data in loaded:
        row = data["train"][0]
        assert row["tokens"] == ["Anna", "wohnt", "in", "Bad", "Ems", "."]
        assert row["ner_tags"] == [3, 0, 0, 1, 2, 0]
        assert data["train"].features["ner_tags"].feature.names == TAGS
        assert data["test"].features["label"].names == ["x", "y"]
        assert (row["source_text"], row["model"]) == ("Anna lives in Rome", "m@1")
        assert (row["translation_score"], row["spans"][0]["confidence"]) == (-0.5, 0.9)
        assert data["test"].num_rows == 1
    assert datasets.load_from_disk(str(folder / "fr" / "train"))[0]["ner_tags"] == [0]
    card = (folder / "de" / "README.md").read_text(encoding="utf-8")
    assert '{"0": "O", "1": "B-LOC", "2": "I-LOC", "3": "B-PER", "4": "I-PER"}' in card
    back = list(open_corpus(folder / "de", task="tokens", split="train").rows())
    assert (back[0].spans, back[0].provenance) == (TOKENS[0].spans, MADE)


@pytest.mark.parametrize(
    ("labels", "expected", "names"),
    [
        ({"label": ["2", "10"]}, [0, 1], ["2", "10"]),
        ({"labels": [("b", "a"), ()]}, [[1, 0], []], ["a", "b"]),
        ({"value": [0.5, 2.0]}, [0.5, 2.0], None),
    ],
)
def test_texts_have_classes_lists_of_classes_or_numbers(folder, labels, expected, names):
    ((field, values),) = labels.items()
    rows = [Row(str(n), "de", "a", "b", **{field: value}) for n, value in enumerate(values)]
    write_corpus(rows, folder, format="hf", task="pair")
    data = datasets.load_from_disk(str(folder / "de"))["train"]
    assert list(data["labels"]) == expected and list(data["text_pair"]) == ["b", "b"]
    feature = data.features["labels"]
    assert getattr(getattr(feature, "feature", feature), "names", None) == names
    back = open_corpus(folder / "de", task="pair").rows()
    assert [getattr(row, field) for row in back] == values


def test_answers_and_targets(folder):
    row = Row("1", "de", "Anna war da", "Wer?", spans=(Span(0, 4, "answer"),))
    write_corpus([row], folder, format="hf", task="qa")
    (read,) = datasets.load_from_disk(str(folder / "de"))["train"]
    assert (read["question"], read["context"]) == ("Wer?", "Anna war da")
    assert read["answers"] == {"text": ["Anna"], "answer_start": [0]}
    write_corpus([Row("1", "de", "a", target="b")], folder, format="hf", task="text")
    assert datasets.load_from_disk(str(folder / "de"))["train"][0]["target"] == "b"


def test_nothing_else_is_replaced_and_a_bad_row_leaves_the_old_export(folder):
    write_corpus(TOKENS, folder, format="hf", task="tokens")
    overlapping = Row("9", "de", "Anna", spans=(Span(0, 4, "A"), Span(1, 3, "B")))
    with pytest.raises(UserError, match="row 9: tags of tokens cannot hold overlapping spans"):
        write_corpus([*TOKENS, overlapping], folder, format="hf", task="tokens")
    mixed = [Row("1", "de", "a", label="x"), Row("2", "de", "a", value=1.0)]
    with pytest.raises(UserError, match="row 2: its label is of another kind"):
        write_corpus(mixed, folder, format="hf", task="classification")
    assert datasets.load_from_disk(str(folder / "fr"))["train"].num_rows == 1
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    (folder / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="the folder is not empty"):
        write_corpus(TOKENS, folder, format="hf", task="tokens")
