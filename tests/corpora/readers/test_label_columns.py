"""One class, several classes or a number: told by the type of a column, or by its name."""

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.readers import ColumnMapping, open_corpus
from corpora.readers.memory import rows_of
from corpora.records import Row
from corpora.writers import write_corpus
from scoring.files import FileOptions, read_predictions
from tests.helpers.json_lines import write_json_lines


def labels_of(path, task="classification", **options):
    rows = open_corpus(path, task=task, lang="en", **options).rows()
    return [(row.label, row.labels, row.value) for row in rows]


@pytest.mark.parametrize("name", ["label", "labels", "intent", "category", "genres"])
def test_lists_are_several_classes(tmp_path, name):
    path = write_json_lines(
        tmp_path / "x.jsonl", {"text": "a", name: ["x", "y"]}, {"text": "b", name: []}
    )
    assert labels_of(path) == [(None, ("x", "y"), None), (None, (), None)]


def test_a_text_beside_lists_is_one_of_the_classes(tmp_path):
    path = write_json_lines(
        tmp_path / "x.jsonl", {"text": "a", "label": "x, y"}, {"text": "b", "label": ["z"]}
    )
    assert labels_of(path) == [(None, ("x, y",), None), (None, ("z",), None)]


def test_numbers_with_a_fraction_are_numbers_and_whole_ones_are_classes(tmp_path):
    numbers = write_json_lines(
        tmp_path / "x.jsonl", {"text": "a", "label": 3.5}, {"text": "b", "label": 2}
    )
    classes = write_json_lines(
        tmp_path / "y.jsonl", {"text": "a", "label": 1.0}, {"text": "b", "label": 2}
    )
    assert labels_of(numbers) == [(None, None, 3.5), (None, None, 2.0)]
    assert labels_of(classes) == [("1.0", None, None), ("2", None, None)]
    assert labels_of(classes, columns=ColumnMapping(value="label"))[1] == (None, None, 2.0)
    assert labels_of(numbers, columns=ColumnMapping(label="label"))[0] == ("3.5", None, None)


def test_a_fraction_after_a_thousand_whole_numbers_is_an_error(tmp_path):
    rows = [{"text": "a", "label": 1}] * 1000 + [{"text": "b", "label": 2.5}]
    path = write_json_lines(tmp_path / "x.jsonl", *rows)
    with pytest.raises(UserError, match=r"line 1001: 2\.5 .*--columns value=label or"):
        labels_of(path)


def test_text_that_may_be_numbers_must_be_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("sentence1,sentence2,label\na,b,3.5\nc,d,4\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"'3\.5': say .*value=label.* or .*label=label"):
        labels_of(path, "pair")
    assert labels_of(path, "pair", columns=ColumnMapping(value="label"))[1] == (None, None, 4.0)
    path.write_text("sentence1,sentence2,score\na,b,3.5\nc,d,4\n", encoding="utf-8")
    assert labels_of(path, "pair") == [(None, None, 3.5), (None, None, 4.0)]
    path.write_text("sentence1,sentence2,label\na,b,1\nc,d,4\n", encoding="utf-8")
    assert labels_of(path, "pair") == [("1", None, None), ("4", None, None)]


def test_a_separator_is_between_the_classes_of_a_table(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,genres\na,x | y\nb,\n", encoding="utf-8")
    columns = ColumnMapping(labels="genres")
    expected = [(None, ("x", "y"), None), (None, (), None)]
    assert labels_of(path, columns=columns, label_separator="|") == expected
    with pytest.raises(UserError, match=r"line 2: the labels are no list.*--label-separator"):
        labels_of(path, columns=columns)
    assert labels_of(path, label_separator="|") == expected  # the name is a usual one
    path.write_text("text,label\na,x||y\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2: one of the labels is no name: ''"):
        labels_of(path, label_separator="|")


def test_parquet_has_lists_of_named_classes(tmp_path):
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "labels": datasets.List(datasets.ClassLabel(names=["joy", "anger"])),
        }
    )
    data = datasets.Dataset.from_dict(
        {"text": ["a", "b"], "labels": [[1, 0], []]}, features=features
    )
    data.to_parquet(tmp_path / "x.parquet")
    expected = [(None, ("anger", "joy"), None), (None, (), None)]
    assert labels_of(tmp_path / "x.parquet") == expected
    corpus = rows_of(data, task="classification", lang="en")
    assert [row.labels for row in corpus.rows()] == [("anger", "joy"), ()]


def test_a_float_column_of_parquet_has_numbers(tmp_path):
    table = pa.table({"text": ["a", "b"], "label": pa.array([0.5, 3.0])})
    pq.write_table(table, tmp_path / "x.parquet")
    assert labels_of(tmp_path / "x.parquet") == [(None, None, 0.5), (None, None, 3.0)]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"value": "much"}, "'value' is not a number: 'much'"),
        ({"value": 10**400}, "'value' is not a number"),
        ({"labels": ["x", None]}, "one of the labels is no name: None"),
        ({"labels": None}, "there is no 'labels'"),
    ],
)
def test_what_is_no_label_is_an_error_that_names_the_line(tmp_path, record, problem):
    first = {"text": "a", "labels": ["x"]} if "labels" in record else {"text": "a", "value": 1.5}
    columns = ColumnMapping(**{name: name for name in record})
    path = write_json_lines(tmp_path / "x.jsonl", first, {"text": "b"} | record)
    with pytest.raises(UserError, match=f"line 2: {problem}"):
        labels_of(path, columns=columns)


def test_a_row_has_one_kind_of_label(tmp_path):
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "a", "label": "x", "value": 3})
    with pytest.raises(UserError, match="'label' and 'value' are named: a row has one kind"):
        labels_of(path, columns=ColumnMapping(label="label", value="value"))
    (row,) = open_corpus(path, task="classification", lang="en").rows()
    assert (row.label, row.value, row.meta) == ("x", None, {"value": "3"})


NAME = st.text("ab|,;\"'[ é", min_size=1).filter(lambda name: name == name.strip())
LABELLED = st.lists(
    st.builds(
        lambda labels, value: Row("", "de", "a", labels=labels, value=value),
        st.lists(NAME, unique=True, max_size=3).map(tuple),
        st.none(),
    ),
    min_size=1,
    max_size=4,
) | st.lists(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda v: Row("", "de", "a", value=v)),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "tsv", "parquet", "arrow"])
@given(rows=LABELLED)
@settings(max_examples=25, deadline=None)
def test_labels_and_numbers_come_back_from_every_format(tmp_path_factory, suffix, rows):
    rows = [Row(str(n), r.lang, r.text, labels=r.labels, value=r.value) for n, r in enumerate(rows)]
    path = tmp_path_factory.mktemp("rows") / f"x.{suffix}"
    write_corpus(rows, path, task="classification")
    assert list(open_corpus(path, task="classification").rows()) == rows


def test_predictions_are_read_as_the_gold_has_its_labels(tmp_path):
    many = [Row("1", "en", "a", labels=("x",)), Row("2", "en", "b", labels=())]
    path = write_json_lines(
        tmp_path / "p.jsonl", {"id": "1", "prediction": ["x", "y"]}, {"id": "2", "prediction": []}
    )
    predicted = read_predictions(path, "classification", many)
    assert predicted == [Prediction("1", labels=("x", "y")), Prediction("2", labels=())]
    numbers = [Row("1", "en", "a", value=1.0), Row("2", "en", "b", value=2.0)]
    path = tmp_path / "p.csv"
    path.write_text("id,prediction\n1,3\n2,4.5\n", encoding="utf-8")
    predicted = read_predictions(path, "classification", numbers)
    assert [p.value for p in predicted] == [3.0, 4.5]
    path.write_text("id,labels\n1,x;y\n2,\n", encoding="utf-8")
    options = FileOptions(label_separator=";")
    predicted = read_predictions(path, "classification", many, options)
    assert [p.labels for p in predicted] == [("x", "y"), ()]
    with pytest.raises(UserError, match="nothing to score: no column for value"):
        read_predictions(path, "classification", numbers)
