"""Dev chrF of a model in training, measured with CTranslate2: seconds instead of minutes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import ctranslate2
import sacrebleu
import sentencepiece
from ctranslate2.converters.transformers import MarianMTLoader
from transformers import MarianMTModel


def save_ctranslate2(
    model: MarianMTModel,
    subwords: sentencepiece.SentencePieceProcessor,
    folder: Path,
    quantization: str | None = "int8",
) -> None:
    """Write `model`, whose pieces are those of `subwords`, as the CTranslate2 `folder`.

    `quantization` is as CTranslate2 names it, None is float32. `<pad>`, the last id, is left out as
    CTranslate2 starts from a zero vector. The alignment head is the first of the last decoder
    layer.
    """
    loader = MarianMTLoader()
    state = {name: tensor.float().cpu() for name, tensor in model.state_dict().items()}
    copy = MarianMTModel(model.config)
    copy.load_state_dict(state, strict=False)
    copy.tie_weights()
    copy.eval()
    spec = loader.get_model_spec(copy)
    tokens = [subwords.id_to_piece(i) for i in range(subwords.get_piece_size())]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.eos_token = subwords.id_to_piece(subwords.eos_id())
    spec.config.unk_token = subwords.id_to_piece(subwords.unk_id())
    spec.config.bos_token = spec.config.eos_token
    spec.config.decoder_start_token = spec.config.eos_token
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


class DevSet:
    """Scores models on dev pairs, in every direction that has a tag."""

    def __init__(
        self,
        subwords: Path,
        sets: dict[str, tuple[str | None, Sequence[str], Sequence[str]]],
        threads: int = 2,
    ) -> None:
        """`sets` maps a name (`tatoeba.en-de`) to (source tag, sources, references).

        `subwords` is the SentencePiece model; `threads` batches are decoded at a time.
        """
        self._sp = sentencepiece.SentencePieceProcessor(model_file=str(subwords))
        self._sets = sets
        self._threads = threads

    def __call__(self, model: MarianMTModel) -> dict[str, float]:
        """chrF and BLEU of `model` on each set, greedy, and `chrf`, the mean chrF over the sets."""
        with tempfile.TemporaryDirectory() as folder:
            save_ctranslate2(model, self._sp, Path(folder) / "model")
            translator = ctranslate2.Translator(
                str(Path(folder) / "model"), inter_threads=self._threads, intra_threads=1
            )
        scores = {}
        positions = model.config.max_position_embeddings
        for name, (tag, sources, references) in self._sets.items():
            pieces = [
                [*([tag] if tag else []), *self._sp.encode(text, out_type=str), "</s>"]
                for text in sources
            ]
            results = translator.translate_batch(
                pieces,
                beam_size=1,
                max_batch_size=1024,
                batch_type="tokens",
                max_input_length=positions,
                max_decoding_length=min(256, positions - 1),
            )
            outputs = [self._sp.decode(result.hypotheses[0]) for result in results]
            scores[f"{name}.bleu"] = round(sacrebleu.corpus_bleu(outputs, [references]).score, 2)
            scores[f"{name}.chrf"] = round(sacrebleu.corpus_chrf(outputs, [references]).score, 2)
        chrf = [value for name, value in scores.items() if name.endswith(".chrf")]
        return {"chrf": round(sum(chrf) / len(chrf), 3), **scores}
