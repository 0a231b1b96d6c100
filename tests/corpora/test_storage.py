"""Writing and reading in folders that somebody else may have made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.lock import lock
from corpora.storage import (
    check_writable,
    make_empty_folder,
    make_new_file,
    refuse_links,
    replacing,
    temporary_name,
    write_text,
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nothing may change."""
    path = tmp_path / "outside.txt"
    path.write_text("mine", encoding="utf-8")
    return path


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(
    tmp_path: Path, outside: Path, link: Callable[[Path, Path], None]
) -> None:
    path = tmp_path / "run" / "report.html"
    path.parent.mkdir()
    for write in (lambda: write_text(path, "new"), lambda: check_writable(path)):
        link(temporary_name(path), outside)
        write()
        assert not temporary_name(path).exists()
    assert outside.read_text(encoding="utf-8") == "mine"
    assert path.read_text(encoding="utf-8") == "new"


def test_a_file_that_is_a_link_is_replaced_not_written_through(
    tmp_path: Path, outside: Path
) -> None:
    path = tmp_path / "report.html"
    path.symlink_to(outside)
    with replacing(path) as temporary:
        assert temporary.is_file() and temporary.stat().st_size == 0
        temporary.write_text("new", encoding="utf-8")
    assert not path.is_symlink()
    assert outside.read_text(encoding="utf-8") == "mine"


def test_a_new_file_gets_the_usual_permissions(tmp_path: Path) -> None:
    make_new_file(tmp_path / "made")
    (tmp_path / "usual").touch()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_empty_folder_takes_the_place_of_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "work").symlink_to(tmp_path / "full")
    make_empty_folder(tmp_path / "work")
    assert not (tmp_path / "work").is_symlink()
    assert (tmp_path / "full" / "x").exists()
    make_empty_folder(tmp_path / "full")
    assert list((tmp_path / "full").iterdir()) == []


def test_links_in_a_folder_are_refused_by_name(tmp_path: Path, outside: Path) -> None:
    run = tmp_path / "run"
    (run / "10-ingest" / "dropped").mkdir(parents=True)
    refuse_links(run)
    (tmp_path / "link-to-run").symlink_to(run)
    refuse_links(tmp_path / "link-to-run")
    refuse_links(tmp_path / "none")
    for place in ("report.html", "10-ingest/dropped/part-00000.arrow", "20-segment"):
        for target in (outside, tmp_path, Path("10-ingest"), Path("nowhere")):
            (run / place).symlink_to(target)
            for folder in (run, tmp_path / "link-to-run"):
                with pytest.raises(UserError, match=f"{place}: a link"):
                    refuse_links(folder)
            (run / place).unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_a_folder_is_refused_before_anything_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(UserError, match=r"run\.json: neither a file nor a folder"):
        refuse_links(tmp_path)


def test_links_of_a_model_stay_in_its_folder_or_in_the_cache(tmp_path: Path, outside: Path) -> None:
    cache = tmp_path / "models--owner--name"
    model, blob = cache / "snapshots" / "0123abc", cache / "blobs" / "4567def"
    for file in (model / "vocab.json", blob):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (model / "model.bin").symlink_to(Path("../../blobs") / blob.name)
    (model / "source.spm").symlink_to("vocab.json")
    refuse_links(model, of_model=True)
    with pytest.raises(UserError, match="a link"):
        refuse_links(model)
    blob.unlink()
    blob.symlink_to(outside)
    with pytest.raises(UserError, match=r"model\.bin: a link"):
        refuse_links(model, of_model=True)
    elsewhere = tmp_path / "model"
    elsewhere.mkdir()
    (elsewhere / "model.bin").symlink_to(outside)
    with pytest.raises(UserError, match=r"model\.bin: a link"):
        refuse_links(elsewhere, of_model=True)


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize("name", [".lock", ".lock.pid"])
def test_a_lock_empties_no_other_file(
    tmp_path: Path, outside: Path, link: Callable[[Path, Path], None], name: str
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    link(run / name, outside)
    try:
        with lock(run):
            pass
    except UserError as error:
        assert name == ".lock"
        assert "not a lock" in str(error)
    assert outside.read_text(encoding="utf-8") == "mine"
