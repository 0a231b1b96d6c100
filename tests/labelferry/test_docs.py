"""The program of the README's "From Python" runs, with the model that ships."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

README = ROOT / "README.md"


def test_the_program_runs(tmp_path: Path, model_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    (program,) = [block for block in blocks if "import labelferry" in block]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LABELFERRY_RUNS": str(tmp_path / "runs"),
        "LABELFERRY_MODEL": str(model_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4 and "('Peter Smith', 'PER')" in lines[2], lines
    assert lines[3] == "2 rows kept, 4 spans placed"
    assert "B-PER" in (tmp_path / "people.de.conll").read_text(encoding="utf-8")
