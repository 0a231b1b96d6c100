from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from alignment.protocol import WordPair
from alignment.words.encoder.aligner import EncoderAligner
from alignment.words.encoder.embeddings import windows
from alignment.words.encoder.extraction import METHODS, argmax, itermax, softmax_both, transport
from alignment.words.splitting import split_words
from corpora.errors import UserError

torch = pytest.importorskip("torch", reason="needs the torch extra")


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two layers that takes 24 pieces, with a word-piece tokenizer."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(1)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("bert")
    letters = "abcdefghij"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=24,
    ).save_pretrained(folder)  # fmt: skip
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=24,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


def pair(source: str, target: str) -> WordPair:
    return WordPair(split_words(source), split_words(target))


@pytest.mark.parametrize("method", ["argmax", "itermax"])
def test_a_text_aligns_with_itself(tiny_bert: Path, method: str) -> None:
    text = "abc de fgh i"
    links = EncoderAligner(str(tiny_bert), layer=0, method=method).align([pair(text, text)])
    assert links[0].links.tolist() == [[i, i] for i in range(4)]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_links_in_range(tiny_bert: Path, method: str) -> None:
    aligner = EncoderAligner(str(tiny_bert), layer=-1, method=method, batch_size=2)
    bitext = [pair("abc de f", "f de abc"), pair("", "a"), pair("a", ""), pair("a b", "b a c d")]
    for one, links, soft in zip(
        bitext, aligner.align(bitext), aligner.posteriors(bitext), strict=True
    ):
        shape = (len(one.source.offsets), len(one.target.offsets))
        assert soft.forward.shape == soft.reverse.shape == shape
        assert ((links.links >= 0) & (links.links < shape)).all()
        assert (soft.forward.sum(axis=0) <= 1.001).all()
        assert (soft.reverse.sum(axis=1) <= 1.001).all()
    assert aligner.align([]) == []


def test_a_long_sentence_is_not_cut_off(tiny_bert: Path) -> None:
    words = [a + b for a in "abcdefghij" for b in "abcdefgh"]
    text = " ".join(words)
    links = EncoderAligner(str(tiny_bert), layer=0, method="argmax").align([pair(text, text)])[0]
    # 160 pieces where the model takes 22: links must reach the last words too.
    assert max(i for i, _ in links.links.tolist()) >= len(words) - 8
    assert len({i for i, _ in links.links.tolist()}) > len(words) // 3


def test_batches_do_not_change_the_result(tiny_bert: Path) -> None:
    bitext = [pair("abc de f", "f de"), pair("a", "b c d e f g"), pair("hij", "hij a")]
    one = EncoderAligner(str(tiny_bert), layer=2, batch_size=1).posteriors(bitext)
    all_ = EncoderAligner(str(tiny_bert), layer=2, batch_size=8).posteriors(bitext)
    for a, b in zip(one, all_, strict=True):
        np.testing.assert_allclose(a.forward, b.forward, atol=1e-5)


def test_mistakes(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="layers 0 to 2, not 9"):
        EncoderAligner(str(tiny_bert), layer=9)
    with pytest.raises(UserError, match="itermax"):
        EncoderAligner(str(tiny_bert), method="best")
    with pytest.raises(UserError, match=r"config\.json: no such file"):
        EncoderAligner(str(tmp_path))


@pytest.mark.parametrize("part", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_with_a_model_does_not_run(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    folder, mark = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(tiny_bert, folder)
    kinds = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": [None, "own.Own"]}
    values = json.loads((folder / part).read_text(encoding="utf-8"))
    values |= {"auto_map": kinds, "model_type": "own", "tokenizer_class": "Own"}
    (folder / part).write_text(json.dumps(values), encoding="utf-8")
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w').close()", encoding="utf-8")
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with suppress(UserError):  # a tokenizer may do without what the code would add
        EncoderAligner(str(folder), layer=0)
    assert not mark.exists()


def test_windows_cover_everything() -> None:
    assert windows(0, 10) == []
    assert windows(10, 10) == [(0, 10)]
    for length in range(11, 60):
        found = windows(length, 10)
        assert {i for start, end in found for i in range(start, end)} == set(range(length))
        assert all(end - start == 10 for start, end in found)


def test_extractions_by_hand() -> None:
    similarity = np.array([[0.9, 0.2, 0.1], [0.3, 0.8, 0.7]], np.float32)
    assert argmax(similarity).tolist() == [[1, 0, 0], [0, 1, 0]]
    # Both rows are linked, so itermax has nothing left to do.
    assert itermax(similarity).tolist() == [[1, 0, 0], [0, 1, 0]]
    # Row 2 lost column 0 to row 0; in the second round it takes column 1, unless column 0 is
    # better by more than the discount.
    contested = np.array([[0.9, 0.1, 0.0], [0.0, 0.0, 0.8], [0.55, 0.5, 0.1]], np.float32)
    assert itermax(contested).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    contested[2, 0] = 0.85
    assert itermax(contested).tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 0]]
    forward, reverse = softmax_both(similarity)
    assert forward.sum(axis=0) == pytest.approx([1, 1, 1])
    assert reverse.sum(axis=1) == pytest.approx([1, 1])
    plan, back = transport(np.eye(3, dtype=np.float32))
    assert (plan.argmax(axis=0) == np.arange(3)).all() and plan.diagonal().min() > 0.99
    assert back.sum(axis=1) == pytest.approx([1, 1, 1])
