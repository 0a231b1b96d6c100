"""Run folders and their manifests."""

from pathlib import Path

import pytest

from corpora.checked_json import write_checked
from corpora.errors import UserError
from corpora.fingerprint import fingerprint
from corpora.manifest import (
    RunManifest,
    is_run,
    open_run,
    package_versions,
    read_run,
    run_folder,
)


def manifest(**changes: object) -> RunManifest:
    config = {"beam": 2, "task": "tokens"} | changes
    return RunManifest("demo", fingerprint(config), config, models={"m": "0123"}, seed=7)


def test_a_run_goes_on_in_its_folder_and_its_manifest_does_not_change(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", "demo", manifest().fingerprint)
    assert folder.name == f"demo-{manifest().fingerprint[:8]}"
    with open_run(folder, manifest()) as run:
        first = (run / "run.json").read_bytes()
    with open_run(folder, manifest()):
        pass
    assert (folder / "run.json").read_bytes() == first
    assert read_run(folder) == manifest()


def test_a_run_folder_of_another_configuration_is_refused(tmp_path: Path) -> None:
    with open_run(tmp_path, manifest()):
        pass
    with (
        pytest.raises(UserError, match=r"made by another configuration \(config\.beam: 2 -> 5\)"),
        open_run(tmp_path, manifest(beam=5)),
    ):
        pass


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    with (
        pytest.raises(UserError, match=r"not a run \(thesis\.tex\)"),
        open_run(tmp_path, manifest()),
    ):
        pass
    with pytest.raises(UserError, match=r"it has no run\.json"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="not a run's manifest"):
        read_run(tmp_path)


@pytest.mark.parametrize("name", ["../x", "", ".x", "a b", "a/b", "-x"])
def test_names_of_runs_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="not a name for a run"):
        run_folder(tmp_path, name, "0" * 32)


def test_a_run_that_lost_its_manifest_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"it has no run\.json"):
        read_run(tmp_path)
    assert not is_run(tmp_path)
    with open_run(tmp_path, manifest()):
        write_checked(tmp_path / "10-ingest" / "part-00000.json", {"rows": 1})
    (tmp_path / "run.json").unlink()
    assert is_run(tmp_path)
    with pytest.raises(UserError, match=r"has lost its run\.json; run its command again"):
        read_run(tmp_path)
    with open_run(tmp_path, manifest()):
        assert read_run(tmp_path) == manifest()


def test_versions() -> None:
    found = package_versions(["pyarrow", "no-such-distribution"])
    assert sorted(found) == ["pyarrow", "python"]
