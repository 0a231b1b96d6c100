"""Argos packages."""

from __future__ import annotations

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
