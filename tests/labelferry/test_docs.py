"""The program of "From Python" runs, with the model that ships."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "from-python.md"


def test_the_program_runs(tmp_path: Path, model_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert block is not None
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LABELFERRY_RUNS": str(tmp_path / "runs"),
        "LABELFERRY_MODEL": str(model_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", block[1]], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4 and "('Peter Smith', 'PER')" in lines[2], lines
    assert lines[3] == "2 rows kept, 4 spans placed"
    assert "B-PER" in (tmp_path / "people.de.conll").read_text(encoding="utf-8")
