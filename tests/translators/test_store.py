"""The store, what can be added to it, and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece

from corpora.errors import MissingExtraError, UserError
from tests.translators.tiny import TEXTS
from translators import conversion
from translators.adding import GUIDED, add_model, alignment_note, parse_alignment_head
from translators.engine import Engine, Hardware
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import (
    ModelFacts,
    ModelInfo,
    list_models,
    remove,
    resolve,
    verify,
    write_card,
)

CPU = Hardware(device="cpu", threads=(1, 1))


@pytest.fixture
def ready(ct2_model: Callable[[str], ModelInfo], tmp_path: Path) -> Path:
    """A multi-target Marian folder without a card."""
    folder = tmp_path / "ready-model"
    shutil.copytree(ct2_model("marian-multi").path, folder)
    (folder / "labelferry.json").unlink()
    return folder


def test_add_list_show_remove(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(alignment=GUIDED, licence="CC0-1.0"))
    assert info.card.name == "ready-model" and info.path == store.resolve() / "ready-model"
    assert info.card.family == "marian" and set(info.card.targets) == {"de", "en", "fr"}
    assert info.card.alignment == GUIDED and info.card.licence == "CC0-1.0"
    assert info.name == f"ready-model@{info.content_hash[:8]}"
    assert [one.name for one in list_models() if one.path.parent == store.resolve()] == [info.name]
    assert resolve("ready-model") == info
    verify(info)
    with pytest.raises(UserError, match="the store has a model 'ready-model'"):
        add_model(str(ready), ModelFacts())
    assert open_translator("ready-model", device="cpu").name == info.name
    remove("ready-model")
    with pytest.raises(UserError, match="no model 'ready-model'"):
        resolve("ready-model")
    assert list(store.iterdir()) == []


def test_a_ready_folder_is_taken_as_it_is(store: Path, ready: Path) -> None:
    info = resolve(ready)
    assert info.card.family == "marian" and info.card.alignment is None
    assert not list(ready.glob("labelferry.json"))


def test_how_a_model_is_used_is_part_of_what_it_is(store: Path, ready: Path) -> None:
    hashes = {
        add_model(str(ready), facts).content_hash
        for facts in (
            ModelFacts(name="a", alignment=GUIDED),
            ModelFacts(name="b", alignment=GUIDED, licence="MIT"),
            ModelFacts(name="c"),
            ModelFacts(name="d", alignment=GUIDED, max_source_pieces=20),
            ModelFacts(name="e", alignment=GUIDED, family="ct2", source="en", target="de"),
        )
    }
    assert len(hashes) == 4  # the licence and the name change no translation


def test_a_card_without_hashes_is_broken(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts())
    path = info.path / "labelferry.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    for missing in ("model.bin", "source.spm"):
        files = {name: value for name, value in card["files"].items() if name != missing}
        path.write_text(json.dumps(card | {"files": files}), encoding="utf-8")
        with pytest.raises(UserError, match=f"a broken card: no hash of {missing}"):
            resolve("ready-model")


def test_a_ready_folder_that_is_unclear_says_what_to_give(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path
) -> None:
    shutil.copytree(ct2_model("marian").path, tmp_path / "m")
    (tmp_path / "m" / "labelferry.json").unlink()
    with pytest.raises(UserError, match="--family"):
        resolve(tmp_path / "m")
    with pytest.raises(UserError, match="--source and --target"):
        add_model(str(tmp_path / "m"), ModelFacts(family="marian"))
    with pytest.raises(UserError, match="no language tokens of the family 'nllb'"):
        add_model(str(tmp_path / "m"), ModelFacts(family="nllb"))
    info = add_model(str(tmp_path / "m"), ModelFacts(family="marian", source="en", target="deu"))
    assert info.card.pairs == (("en", "de"),)
    assert [path.name for path in store.iterdir()] == ["m"]


def test_what_a_ready_model_says_itself_is_not_said_again(
    store: Path, ready: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="unknown quantization 'foo'"):
        add_model(str(ready), ModelFacts(), quantization="foo")
    with pytest.raises(UserError, match="converted already: add it without --quantization"):
        add_model(str(ready), ModelFacts(), quantization="int16")
    described = add_model(str(ready), ModelFacts(name="a")).path
    facts = ModelFacts(name="b", family="nllb", source="en")
    with pytest.raises(UserError, match="described already: add it without --family and --source"):
        add_model(str(described), facts)
    with pytest.raises(UserError, match="add it without --quantization"):
        add_model(str(described), ModelFacts(name="b"), quantization="int8")
    info = add_model(str(described), ModelFacts(name="b", max_source_pieces=20))
    assert info.card.max_source_pieces == 20
    package = make_argos(described, tmp_path / "x.argosmodel")
    with pytest.raises(UserError, match=r"x\.argosmodel.*add it without --target"):
        add_model(str(package), ModelFacts(target="de"))
    assert sorted(path.name for path in store.iterdir()) == ["a", "b"]


def test_advice_names_what_the_user_named(
    store: Path,
    ct2_model: Callable[[str], ModelInfo],
    hf_folder: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    ready = tmp_path / "ready"
    shutil.copytree(ct2_model("marian").path, ready)
    (ready / "labelferry.json").unlink()
    unsaid = with_languages(tmp_path / "opus", hf_folder("marian"), "mul", "mul")
    for folder, flags in ((ready, "--family"), (unsaid, "--source and --target")):
        with pytest.raises(UserError, match=flags) as caught:
            add_model(str(folder), ModelFacts(name="m"))
        assert f"`labelferry models add {folder}" in caught.value.problem
        assert caught.value.file == str(folder)


def test_ct2_family_gives_pieces_alone(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(family="ct2", source="en", target="de"))
    tokens = Engine(info, CPU).tokens(["man"], "en", "de")[0]
    assert "".join(tokens) == "▁man"


def test_missing_tokenizer(store: Path, ready: Path) -> None:
    (ready / "source.spm").unlink()
    with pytest.raises(UserError, match="lacks its tokenizer"):
        resolve(ready)
    with pytest.raises(UserError, match=f"^{ready}: the model folder lacks its tokenizer"):
        add_model(str(ready), ModelFacts(name="m"))


@pytest.mark.parametrize("name", ["../evil", "a/b", "/etc", "", ".hidden", "a" * 200, "x\0y"])
def test_names_stay_in_the_store(store: Path, ready: Path, name: str) -> None:
    with pytest.raises(UserError):
        add_model(str(ready), ModelFacts(name=name))
    with pytest.raises(UserError):
        remove(name)
    assert not store.exists() or list(store.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source_tokenizer": "../../secret.spm"}, "outside the model's folder"),
        ({"family": "gpt"}, "a broken card: family"),
        ({"surprise": 1}, "a broken card: surprise"),
    ],
)
def test_broken_cards(store: Path, ready: Path, change: dict[str, object], message: str) -> None:
    info = add_model(str(ready), ModelFacts(name="m"))
    card = info.path / "labelferry.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(UserError, match=message):
        resolve("m")


def test_altered_files(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(name="m"))
    with (info.path / "model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match="not the one"):
        open_translator("m", device="cpu")
    (info.path / "model.bin").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="cannot load the model"):
        Engine(info, CPU, verified=True)


def test_default_model(store: Path, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translators.store.shipped_folder", lambda: ready.parent / "none")
    with pytest.raises(UserError, match="labelferry models add"):
        resolve()
    monkeypatch.setenv("LABELFERRY_MODEL", str(ready))
    assert resolve().path == ready.resolve()
    monkeypatch.delenv("LABELFERRY_MODEL")
    shipped = ready.parent / "models"
    shutil.copytree(ready, shipped / "en-de")
    write_card(shipped / "en-de", resolve(ready).card)
    monkeypatch.setattr("translators.store.shipped_folder", lambda: shipped)
    assert resolve().path == (shipped / "en-de").resolve()
    with pytest.raises(UserError, match="cannot be removed"):
        remove("en-de")


@pytest.mark.parametrize("what", ["no/such/folder", "nothing", "x.argosmodel"])
def test_nothing_there(store: Path, what: str) -> None:
    with pytest.raises(UserError, match=r"no such file or folder|no model"):
        add_model(what, ModelFacts(name="m")) if "/" not in what else resolve(what)
    assert not store.exists() or list(store.iterdir()) == []


# Conversion.


def test_pickled_weights_are_refused(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(hf_folder("marian"), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"only pickled weights \(pytorch_model.bin\)"):
        add_model(str(folder), ModelFacts())
    assert list(store.iterdir()) == []


def test_conversion_records_what_it_knows(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "opus"
    shutil.copytree(hf_folder("marian"), folder)
    readme = "---\nlicense: cc-by-4.0\n---\n* model: transformer-align\n"
    (folder / "README.md").write_text(readme)
    facts = ModelFacts(source="en", target="de")
    info = add_model(str(folder), facts)
    assert info.card.licence == "cc-by-4.0" and info.card.quantization == "int8"
    assert info.card.max_source_pieces == 124 and info.card.alignment is None
    assert "--alignment-head guided" in str(alignment_note(folder, facts))
    with pytest.raises(UserError, match="unknown quantization 'int3'"):
        add_model(str(folder), ModelFacts(name="b"), quantization="int3")
    with pytest.raises(UserError, match="the decoder has 2 layers"):
        add_model(str(folder), ModelFacts(name="b", alignment=parse_alignment_head("5:1")))


def with_languages(folder: Path, model: Path, source: str, target: str) -> Path:
    """A copy of `model` whose tokenizer is said to have other languages."""
    shutil.copytree(model, folder)
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text()) | {"source_lang": source, "target_lang": target}
    path.write_text(json.dumps(said))
    return folder


@pytest.mark.parametrize(
    ("model", "said", "reads", "writes"),
    [
        ("marian", ("en", "fra"), {"en"}, {"fr"}),
        ("marian-multi", ("es", "mul"), {"es"}, {"de", "en", "fr"}),
        ("marian-multi", ("eng", "gmw"), {"de", "en", "fr"}, {"de", "en", "fr"}),
        ("marian-multi", ("roa", "gmw"), {"de", "en", "fr"}, {"de", "en", "fr"}),
    ],
)
def test_marian_tokenizers_say_their_languages(
    store: Path,
    hf_folder: Callable[[str], Path],
    tmp_path: Path,
    model: str,
    said: tuple[str, str],
    reads: set[str],
    writes: set[str],
) -> None:
    folder = with_languages(tmp_path / "opus", hf_folder(model), *said)
    card = add_model(str(folder), ModelFacts()).card
    assert (set(card.sources), set(card.targets)) == (reads, writes)
    told = add_model(str(folder), ModelFacts(name="told", source="it", target="pt")).card
    assert set(told.sources) == {"it"}


def test_a_group_of_languages_is_asked_about(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = with_languages(tmp_path / "opus", hf_folder("marian"), "sla", "en")
    with pytest.raises(UserError, match="give them with --source and --target"):
        add_model(str(folder), ModelFacts())
    assert set(add_model(str(folder), ModelFacts(source="ru")).card.sources) == {"ru"}


def test_other_architectures_are_named(store: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["GPT2LMHeadModel"]}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="architecture GPT2LMHeadModel is not supported"):
        add_model(str(tmp_path), ModelFacts(name="m"))


def test_conversion_without_torch(
    store: Path, hf_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hf_folder("marian")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"\.\[torch\]"):
        add_model(str(folder), ModelFacts(name="m", source="en", target="de"))


def test_hub_models_are_pinned_to_a_commit(
    store: Path, hf_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: dict[str, object] = {}
    files = [types.SimpleNamespace(rfilename="model.safetensors")]

    class Api:
        def model_info(self, hub_id: str, revision: str | None) -> object:
            asked["revision"] = revision
            return types.SimpleNamespace(sha="c0ffee", siblings=files)

    def snapshot(hub_id: str, revision: str, allow_patterns: list[str]) -> str:
        asked.update(commit=revision, patterns=allow_patterns)
        return str(hf_folder("marian"))

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    facts = ModelFacts(source="en", target="de")
    info = add_model("Owner/opus-en-de", facts, revision="refs/pr/2")
    assert (info.card.name, info.card.origin) == ("opus-en-de", "Owner/opus-en-de")
    assert info.card.revision == "c0ffee" and asked["commit"] == "c0ffee"
    assert asked["revision"] == "refs/pr/2"
    assert not any("bin" in str(p) or "py" in str(p) for p in asked["patterns"])  # type: ignore[attr-defined]
    files[0].rfilename = "pytorch_model.bin"
    with pytest.raises(UserError, match="no safetensors at revision main"):
        conversion.download("Owner/opus-en-de", None)


def test_a_hub_out_of_reach(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"cannot fetch Owner/opus-en-de from the hub: .*refused"):
        add_model("Owner/opus-en-de", ModelFacts(source="en", target="de"))


@pytest.mark.parametrize("text", ["one", "1", "-1:0", "-1:x", "--1:1"])
def test_bad_alignment_heads(text: str) -> None:
    with pytest.raises(UserError, match="choose from: LAYER:HEADS, guided, none"):
        parse_alignment_head(text)


# Argos packages.


def make_argos(model: Path, path: Path, extra: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in ("model.bin", "config.json", "shared_vocabulary.json"):
            archive.write(model / file, f"translate-en_de/model/{file}")
        archive.write(model / "source.spm", "translate-en_de/sentencepiece.model")
        metadata = {"from_code": "en", "to_code": "de", "package_version": "1.9"}
        archive.writestr("translate-en_de/metadata.json", json.dumps(metadata))
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
    return path


def test_argos(store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path) -> None:
    """Pieces alone go in, as Argos Translate itself gives them to CTranslate2."""
    model = ct2_model("marian").path
    extra = {"translate-en_de/stanza/en/tokenize.pt": "never unpacked"}
    package = make_argos(model, tmp_path / "translate-en_de-1_9.argosmodel", extra)
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
    found = engine.translate(TEXTS, "en", "de", DecodingOptions(max_decoding_length=12))
    for one, result in zip(found, results, strict=True):
        if not one.flags:
            assert one.text == spm.decode(result.hypotheses[0]).strip()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_packages_that_lead_elsewhere(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path, name: str
) -> None:
    package = make_argos(ct2_model("marian").path, tmp_path / "p.argosmodel", {name: "x"})
    with pytest.raises(UserError, match="leads out of it"):
        add_model(str(package), ModelFacts())
    assert list(store.iterdir()) == []


def test_packages_that_are_none(store: Path, tmp_path: Path) -> None:
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
