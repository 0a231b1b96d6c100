"""What training goes on from fits other subwords and more layers."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import sentencepiece  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from corpora.errors import UserError  # noqa: E402
from tests.helpers.tiny_translators import TEXTS  # noqa: E402
from translators.marian_folder import StartingPoint  # noqa: E402
from translators.subwords import SubwordConfig, train_subwords  # noqa: E402
from translators.training.config import ModelShape  # noqa: E402
from translators.training.model import SpecialIds, build_model  # noqa: E402
from translators.training.start import starting_weights  # noqa: E402

SHAPE = ModelShape(
    d_model=16, encoder_layers=2, decoder_layers=2, heads=2, ffn=32, max_positions=32
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
    for name, value in weights.items():
        if "layer_norm" in name:  # trained norms are no identities
            value += 0.3 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    save_file(weights, tmp_path / "model.safetensors")
    return StartingPoint(tmp_path / "model.safetensors", tmp_path / "old.spm")


def test_the_same_subwords_and_layers_change_nothing(start: StartingPoint, old: Processor) -> None:
    from safetensors.torch import load_file

    weights, expected = starting_weights(start, old, SHAPE), load_file(start.weights)
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_pieces_keep_their_embeddings(start: StartingPoint, old: Processor, tmp_path: Path) -> None:
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


def test_new_layers_pass_their_input_on(start: StartingPoint, old: Processor) -> None:
    shape = SHAPE.model_copy(update={"encoder_layers": 4, "decoder_layers": 3})
    pad = old.get_piece_size()
    special = SpecialIds(pad, old.eos_id(), old.unk_id())
    generator = torch.Generator().manual_seed(0)
    source = torch.randint(2, pad, (4, 9), generator=generator)
    target = torch.randint(2, pad, (4, 7), generator=generator)
    logits, attention = [], []
    for layers in (SHAPE, shape):
        model = build_model(layers, pad + 1, special, 1).eval()
        loaded = model.load_state_dict(starting_weights(start, old, layers), strict=False)
        assert not loaded.unexpected_keys
        model.set_attn_implementation("eager")
        with torch.no_grad():
            out = model(input_ids=source, decoder_input_ids=target, output_attentions=True)
        logits.append(out.logits[:, :, :pad])
        attention.append(out.cross_attentions[-1])
    for deeper, shallower in (logits[::-1], attention[::-1]):
        pair = torch.stack([deeper.flatten(), shallower.flatten()])
        assert float(torch.corrcoef(pair)[0, 1]) > 0.95


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ({"d_model": 32}, "the model has d_model 16, but the configuration has 32"),
        ({"ffn": 64}, "the model has ffn 32, but the configuration has 64"),
        ({"heads": 4}, "the model has heads 2, but the configuration has 4"),
    ],
)
def test_another_shape_is_refused(
    start: StartingPoint, old: Processor, shape: dict[str, int], problem: str
) -> None:
    # As `save_marian` writes it; a model of other heads has weights of the same shapes.
    start.weights.with_name("config.json").write_text('{"encoder_attention_heads": 2}')
    with pytest.raises(UserError, match=problem):
        starting_weights(start, old, SHAPE.model_copy(update=shape))


def test_damaged_and_unknown_models_are_refused(
    start: StartingPoint, old: Processor, tmp_path: Path
) -> None:
    whole = start.weights.read_bytes()
    start.weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="not whole safetensors"):
        starting_weights(start, old, SHAPE)
    save_file({"other": torch.zeros(3)}, start.weights)
    with pytest.raises(UserError, match=r"it has no model\.shared\.weight"):
        starting_weights(start, old, SHAPE)
    start.weights.write_bytes(whole)
    subwords(start.subwords, ("en", "de"), 340)
    with pytest.raises(UserError, match="331 embeddings, but 340 pieces and <pad>"):
        starting_weights(start, old, SHAPE)


def test_other_subwords_leave_the_bias_of_the_old_ones_behind(
    start: StartingPoint, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    # As `save_marian` writes it; a converted model has none.
    save_file(load_file(start.weights) | {"final_logits_bias": torch.zeros(1, 331)}, start.weights)
    new = subwords(tmp_path / "new.spm", ("en", "de"), 345)
    assert "final_logits_bias" not in starting_weights(start, new, SHAPE)


def test_layers_are_never_left_out(start: StartingPoint, old: Processor) -> None:
    shape = SHAPE.model_copy(update={"encoder_layers": 1})
    with pytest.raises(
        UserError, match="has 2 encoder layers, more than the 1 of the configuration"
    ):
        starting_weights(start, old, shape)
