"""Argos packages."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece

from corpora.errors import UserError
from tests.helpers.tiny_translators import CPU, TEXTS, pack_argos
from translators.adding import add_model
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.model_card import ModelInfo
from translators.pieces.moses_bpe import MosesBpeCodec
from translators.protocol import DecodingOptions


def test_argos(store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path) -> None:
    """Pieces alone go in, as Argos Translate itself gives them to CTranslate2."""
    model = ct2_model("marian").path
    extra = {"translate-en_de/stanza/en/tokenize.pt": "never unpacked"}
    package = pack_argos(model, tmp_path / "translate-en_de-1_9.argosmodel", extra)
    info = add_model(str(package), ModelFacts())
    assert info.card.family == "argos" and info.card.pairs == (("en", "de"),)
    assert info.card.name == "translate-en_de-1_9"
    assert {p.name for p in info.path.iterdir()} == {
        "model.bin", "config.json", "shared_vocabulary.json", "sentencepiece.model",
        "labelferry.json",
    }  # fmt: skip
    spm = sentencepiece.SentencePieceProcessor(model_file=str(model / "source.spm"))
    tokens = [spm.encode(text, return_type=str) for text in TEXTS]
    engine = Engine(info, CPU)
    assert engine.tokens(TEXTS, "en", "de") == tokens
    results = ctranslate2.Translator(str(model)).translate_batch(
        tokens, max_decoding_length=12, disable_unk=True
    )
    hypotheses = engine.translate(TEXTS, "en", "de", DecodingOptions(max_decoding_length=12))
    for hypothesis, result in zip(hypotheses, results, strict=True):
        if not hypothesis.flags:
            assert hypothesis.text == spm.decode(result.hypotheses[0]).strip()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_packages_that_lead_elsewhere(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path, name: str
) -> None:
    package = pack_argos(ct2_model("marian").path, tmp_path / "p.argosmodel", {name: "x"})
    with pytest.raises(UserError, match="leads out of it"):
        add_model(str(package), ModelFacts())
    assert list(store.iterdir()) == []


def test_files_that_are_no_packages(store: Path, tmp_path: Path) -> None:
    package = tmp_path / "p.argosmodel"
    package.write_bytes(b"PK not really")
    with pytest.raises(UserError, match="not an Argos package"):
        add_model(str(package), ModelFacts())
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("p/metadata.json", "{}")
    with pytest.raises(UserError, match=r"it has no sentencepiece\.model"):
        add_model(str(package), ModelFacts())


def encrypted(data: bytes) -> bytes:
    """The flag of encryption set for every member, in both places where a ZIP file has it."""
    local, central = b"PK\x03\x04\x14\x00", b"PK\x01\x02\x14\x03\x14\x00"
    return data.replace(local + b"\0", local + b"\1").replace(central + b"\0", central + b"\1")


def oddly_compressed(data: bytes) -> bytes:
    """Another method of compression (97) said for every member."""
    local, central = b"PK\x03\x04\x14\x00\0\0", b"PK\x01\x02\x14\x03\x14\x00\0\0"
    return data.replace(local + b"\x08", local + b"\x61").replace(
        central + b"\x08", central + b"\x61"
    )


def damaged(data: bytes) -> bytes:
    """The first member's stream of another kind than deflate has."""
    at = data.index(b"metadata.json") + len("metadata.json")
    return data[:at] + b"\xff" * 8 + data[at + 8 :]


@pytest.mark.parametrize("spoil", [encrypted, oddly_compressed, damaged])
def test_packages_that_cannot_be_unpacked(
    store: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    package = tmp_path / "p.argosmodel"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("metadata.json", "sentencepiece.model", "model/model.bin"):
            archive.writestr(f"p/{name}", "x" * 1000)
    data = package.read_bytes()
    package.write_bytes(spoil(data))
    assert package.read_bytes() != data
    with pytest.raises(UserError, match=r"p\.argosmodel: not an Argos package"):
        add_model(str(package), ModelFacts())
    assert list(store.iterdir()) == []


def test_a_package_with_metadata_nested_too_deeply(store: Path, tmp_path: Path) -> None:
    package = tmp_path / "p.argosmodel"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("p/metadata.json", "[" * 100_000)
        archive.writestr("p/sentencepiece.model", "x")
        archive.writestr("p/model/model.bin", "x")
    with pytest.raises(UserError, match="not an Argos package"):
        add_model(str(package), ModelFacts())


def _bomb(path: Path, members: int, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            archive.writestr(f"a/model/{number}.bin", bytes(size))
    return path


def test_packages_that_become_too_large(store: Path, tmp_path: Path) -> None:
    package = _bomb(tmp_path / "a.argosmodel", 1, 100_000_000)
    with pytest.raises(UserError, match=r"unpack to 100,000,000, and may to 20 times as many"):
        add_model(str(package), ModelFacts())
    package = _bomb(tmp_path / "b.argosmodel", 10_001, 0)
    with pytest.raises(UserError, match=r"has 10,001 files, and may have 10,000"):
        add_model(str(package), ModelFacts())


def test_a_description_that_is_too_large(store: Path, tmp_path: Path) -> None:
    package = tmp_path / "a.argosmodel"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/metadata.json", " " * 2_000_000)
        for name in ("sentencepiece.model", "model/model.bin"):
            archive.writestr(f"a/{name}", "x")
    with pytest.raises(UserError, match=r"metadata.json has 2,000,000 bytes, and may have"):
        add_model(str(package), ModelFacts())


def test_an_installed_package(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path
) -> None:
    """The folder that Argos Translate unpacks a package to, beside what it needs not."""
    extra = {"translate-en_de/stanza/en/tokenize.pt": "never copied"}
    package = pack_argos(ct2_model("marian").path, tmp_path / "p.argosmodel", extra)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "packages")
    folder = tmp_path / "packages" / "translate-en_de"
    by_file, by_folder = (add_model(str(path), ModelFacts()) for path in (package, folder))
    assert (by_file.card.name, by_folder.card.name) == ("p", "translate-en_de")
    assert by_folder.card.files == by_file.card.files and by_folder.card.family == "argos"
    assert by_folder.card.pairs == (("en", "de"),)
    with pytest.raises(UserError, match="add it without --source"):
        add_model(str(folder), ModelFacts(name="x", source="en"))
    (folder / "metadata.json").write_text("[")
    with pytest.raises(UserError, match=r"metadata\.json: not an Argos package"):
        add_model(str(folder), ModelFacts(name="x"))


MERGES = "#version: 0.2\nt h\nth e</w>\nw o\nwo r\nwor k\ni n\nin g</w>\n"


def test_a_package_with_bpe(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path
) -> None:
    """Older packages cut words as subword-nmt does, after Moses' tokenizer."""
    model = ct2_model("marian").path
    package = tmp_path / "translate-en_de.argosmodel"
    words = ["the", "work@@", "ing", "A@@", "n@@", "m@@", "a@@", "."]
    vocabulary = json.loads((model / "shared_vocabulary.json").read_text(encoding="utf-8"))
    vocabulary[-len(words) :] = words
    with zipfile.ZipFile(package, "w") as archive:
        for name in ("model.bin", "config.json"):
            archive.write(model / name, f"translate-en_de/model/{name}")
        archive.writestr("translate-en_de/model/shared_vocabulary.json", json.dumps(vocabulary))
        archive.writestr("translate-en_de/bpe.model", MERGES)
        metadata = {"from_code": "en", "to_code": "de"}
        archive.writestr("translate-en_de/metadata.json", json.dumps(metadata))
    info = add_model(str(package), ModelFacts())
    assert info.card.source_tokenizer == "bpe.model" and info.card.pairs == (("en", "de"),)
    engine = Engine(info, CPU)
    (tokens,) = engine.tokens(["The dog is working."], "en", "de")
    assert tokens == ["T@@", "h@@", "e", "d@@", "o@@", "g", "i@@", "s", "work@@", "ing", "."]
    options = DecodingOptions(max_decoding_length=12, return_attention=True)
    hypotheses = engine.translate(TEXTS, "en", "de", options)
    for text, hypothesis in zip(TEXTS, hypotheses, strict=True):
        assert "@@" not in hypothesis.text
        pieces = [text[start:end] for start, end in hypothesis.source_pieces]
        assert "".join(pieces) == text.replace(" ", "")
    (package.parent / "x").mkdir()
    (package.parent / "x" / "bpe.model").write_text("#version: 0.2\nno merge here\n")
    with pytest.raises(UserError, match=r"bpe\.model, line 2: no merge of BPE: 'no merge here'"):
        MosesBpeCodec(package.parent / "x" / "bpe.model", "en", "de")
