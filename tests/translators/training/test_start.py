"""What training goes on from fits other subwords and more layers."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import sentencepiece  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from corpora.errors import UserError  # noqa: E402
from tests.translators.tiny import TEXTS  # noqa: E402
from translators.marian_folder import StartingPoint  # noqa: E402
from translators.subwords import SubwordConfig, train_subwords  # noqa: E402
from translators.training.config import ModelShape  # noqa: E402
from translators.training.model import SpecialIds, build_model  # noqa: E402
from translators.training.start import starting_weights  # noqa: E402

SHAPE = ModelShape(
    d_model=16, encoder_layers=2, decoder_layers=1, heads=2, ffn=32, max_positions=32
)
Processor = sentencepiece.SentencePieceProcessor


def subwords(path: Path, languages: tuple[str, ...], size: int) -> Processor:
    return Processor(
        model_file=str(
            train_subwords(TEXTS * 3, languages, path, SubwordConfig(vocabulary=size))
        )
    )  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Processor:
    return subwords(tmp_path / "old.spm", ("en", "de"), 330)


@pytest.fixture
def start(tmp_path: Path, old: Processor) -> StartingPoint:
    pad = old.get_piece_size()
    model = build_model(SHAPE, pad + 1, SpecialIds(pad, old.eos_id(), old.unk_id()), 0)
    weights = {n: p.detach().clone() for n, p in model.named_parameters() if "positions" not in n}
    save_file(weights, tmp_path / "model.safetensors")
    return StartingPoint(tmp_path / "model.safetensors", tmp_path / "old.spm")


def test_the_same_subwords_and_layers_change_nothing(start: StartingPoint, old: Processor) -> None:
    from safetensors.torch import load_file

    found, expected = starting_weights(start, old, SHAPE), load_file(start.weights)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_embeddings_go_with_their_pieces(
    start: StartingPoint, old: Processor, tmp_path: Path
) -> None:
    new = subwords(tmp_path / "new.spm", ("en", "de", "fr"), 345)
    before = starting_weights(start, old, SHAPE)["model.shared.weight"]
    after = starting_weights(start, new, SHAPE)["model.shared.weight"]
    assert after.shape == (new.get_piece_size() + 1, 16)
    assert not after[-1].any()
    shared = others = 0
    for i in range(new.get_piece_size()):
        piece = new.id_to_piece(i)
        if old.id_to_piece(old.piece_to_id(piece)) == piece:
            assert torch.equal(after[i], before[old.piece_to_id(piece)])
            shared += 1
        else:
            assert after[i].any() and torch.isfinite(after[i]).all()
            others += 1
    assert shared > 200 and others > 10
    tags = before[[old.piece_to_id(">>en<<"), old.piece_to_id(">>de<<")]]
    assert torch.allclose(after[new.piece_to_id(">>fr<<")], tags.mean(dim=0))


@pytest.mark.parametrize(("layers", "which"), [(2, [0, 1]), (3, [0, 0, 1]), (4, [0, 0, 1, 1])])
def test_layers_are_repeated_in_order(
    start: StartingPoint, old: Processor, layers: int, which: list[int]
) -> None:
    shape = SHAPE.model_copy(update={"encoder_layers": layers, "decoder_layers": 2})
    before, after = (starting_weights(start, old, one) for one in (SHAPE, shape))
    for index, there in enumerate(which):
        name = "model.encoder.layers.{}.fc1.weight"
        assert torch.equal(after[name.format(index)], before[name.format(there)])
    for index in (0, 1):
        name = f"model.decoder.layers.{index}.encoder_attn.q_proj.bias"
        assert torch.equal(after[name], before["model.decoder.layers.0.encoder_attn.q_proj.bias"])
    pad = old.get_piece_size()
    model = build_model(shape, pad + 1, SpecialIds(pad, old.eos_id(), old.unk_id()), 1)
    assert not model.load_state_dict(after, strict=False).unexpected_keys


def test_layers_are_never_left_out(start: StartingPoint, old: Processor) -> None:
    shape = SHAPE.model_copy(update={"encoder_layers": 1})
    with pytest.raises(UserError, match="has 2 encoder layers, more than the 1 asked for"):
        starting_weights(start, old, shape)
