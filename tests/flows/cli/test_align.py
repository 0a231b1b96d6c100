"""`labelferry align` on real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.main import main


def test_align_two_files_and_pairs(tmp_path: Path) -> None:
    english = ["the house is red", "the red car", "a house and a car", "", "the car is red."]
    german = ["das Haus ist rot", "das rote Auto", "ein Haus und ein Auto", "", "das Auto ist rot."]
    source, target, pairs = (tmp_path / name for name in ("a.en", "a.de", "a.tsv"))
    source.write_text("\n".join(english) + "\n", encoding="utf-8")
    target.write_text("\n".join(german) + "\n", encoding="utf-8")
    pairs.write_text(
        "".join(f"{a}\t{b}\n" for a, b in zip(english, german, strict=True)), encoding="utf-8"
    )
    first, second = tmp_path / "1.talp", tmp_path / "2.talp"
    priors = tmp_path / "p.arrow"
    assert main(["align", str(source), str(target), "--out", str(first)]) == 0
    assert main(["align", str(pairs), "--out", str(second), "--save-priors", str(priors)]) == 0
    lines = first.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "0-0 1-1 2-2 3-3"
    assert lines[3] == ""
    assert lines[4] == "0-0 1-1 2-2 3-3"
    assert len(second.read_text(encoding="utf-8").splitlines()) == 5
    weighted = tmp_path / "3.talp"
    more = ["--weights", "--priors", str(priors), "--symmetrization", "grow-diag-final-and"]
    assert main(["align", str(pairs), "--out", str(weighted), *more]) == 0
    assert weighted.read_text(encoding="utf-8").startswith("0-0:0.")


def test_align_with_eflomal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("eflomal", reason="eflomal has an extra of its own")
    pairs, out = tmp_path / "a.tsv", tmp_path / "a.talp"
    lines = ["Anna, Berta", "Berta Carla.", "Carla Anna Dora", "Dora, Berta"] * 20
    pairs.write_text("".join(f"{line}\t{line}\n" for line in lines), encoding="utf-8")
    align = ["align", str(pairs), "--out", str(out), "--aligner", "eflomal"]
    for more in ([], ["--symmetrization", "grow-diag-final-and"]):
        assert main([*align, *more]) == 0
        links = out.read_text(encoding="utf-8").splitlines()
        assert len(links) == len(lines)
        # The comma and the full stop belong to the token before them.
        assert sum(line in ("0-0 1-1", "0-0 1-1 2-2") for line in links) > 70
    assert main([*align, "--weights"]) == 0
    assert out.read_text(encoding="utf-8").startswith("0-0:1.0000 ")
    assert main([*align, "--unspaced"]) == 0
    assert "2-2" in out.read_text(encoding="utf-8").splitlines()[0]
    assert main([*align, "--symmetrization", "weighted"]) == 2
    assert "intersection" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("a\nb\n", "a\n", "1 lines, but"),
        ("a b\n", None, "line 1: no tab"),
    ],
)
def test_align_mistakes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    first: str,
    second: str | None,
    message: str,
) -> None:
    files = []
    for name, content in (("a.en", first), ("a.de", second)):
        if content is not None:
            (tmp_path / name).write_text(content, encoding="utf-8")
            files.append(str(tmp_path / name))
    assert main(["align", *files, "--out", str(tmp_path / "x.talp")]) == 2
    assert message in capsys.readouterr().err
