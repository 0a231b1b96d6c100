"""`models add` and `models remove` killed at any moment: the store lists and adds."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.paths import ROOT
from translators.adding import add_model
from translators.describing import ModelFacts, describe_folder
from translators.engine import Engine
from translators.model_card import CARD, write_card
from translators.open import model_bytes
from translators.protocol import DecodingOptions
from translators.store import list_models, read_model, remove, staging_folder

STOPPING = """
import sys
def stop(*arguments):
    print("stopped", flush=True)
    sys.stdin.read()
import shutil, pathlib
import translators.store as store, translators.adding as adding
step, ready = sys.argv[1:]
if step == "copy":
    shutil.copyfile = stop
elif step == "rename":
    pathlib.Path.rename = stop
from translators.describing import ModelFacts
adding.add_model(ready, ModelFacts(name="killed"))
shutil.rmtree = stop
store.remove("killed")
"""


@pytest.mark.parametrize("step", ["copy", "rename", "remove"])
def test_a_killed_command_leaves_nothing(store: Path, ready: Path, step: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", STOPPING, step, str(ready)],
        cwd=ROOT,
        env={**os.environ, "LABELFERRY_STORE": str(store)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "stopped\n"
        left = list(store.iterdir())
        assert len(left) == 1 and left[0].name.startswith(".killed.")
        # What another process is at work in stays.
        add_model(str(ready), ModelFacts(name="beside"))
        assert left[0].exists() == (step != "remove")
        child.kill()
        child.wait()
    assert [model.card.name for model in list_models() if model.path.parent == store.resolve()] == [
        "beside"
    ]
    add_model(str(ready), ModelFacts(name="killed"))
    assert sorted(path.name for path in store.iterdir()) == ["beside", "killed"]


def test_folders_that_are_not_of_killed_commands_stay(store: Path, ready: Path) -> None:
    add_model(str(ready), ModelFacts(name="a"))
    (store / ".mine").mkdir()
    (store / ".a.0123abcd").symlink_to(store / "a")
    shutil.copytree(store / "a", store / ".a.89abcdef")
    assert (store / ".a.89abcdef" / CARD).is_file()
    mine = staging_folder("b")
    add_model(str(ready), ModelFacts(name="c"))
    names = {path.name for path in store.iterdir()}
    assert names == {".mine", ".a.0123abcd", mine.name, "a", "c"}
    assert read_model(store / "a").card.name == "a"
    remove("a")


def test_a_store_that_is_deleted_meanwhile_is_one_line(
    store: Path, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfile

    def delete_and_copy(source: Path, target: Path) -> None:
        shutil.rmtree(store)
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", delete_and_copy)
    with pytest.raises(UserError, match="deleted while the model was added"):
        add_model(str(ready), ModelFacts(name="a"))


def test_a_model_that_is_deleted_or_replaced_in_use_goes_on(ready: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(ready, tmp_path / "model")
    write_card(folder, describe_folder(folder, ModelFacts(source="en", target="de")).card)
    engine = Engine(read_model(folder))
    options = DecodingOptions(max_decoding_length=12)
    before = engine.translate(["a line", "another line"], "en", "de", options)
    shutil.rmtree(folder)
    assert engine.translate(["a line", "another line"], "en", "de", options) == before
    assert model_bytes(engine) == (ready / "model.bin").stat().st_size
    folder.mkdir()
    (folder / "model.bin").write_text("something else")
    assert engine.translate(["a line", "another line"], "en", "de", options) == before
    sampling = dataclasses.replace(options, beam_size=1, sampling_topk=5)
    with pytest.raises(UserError):  # samplers are loaded anew
        engine.translate(["a line"], "en", "de", sampling)
