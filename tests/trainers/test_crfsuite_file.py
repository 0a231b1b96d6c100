"""Damaged and hostile CRF files: refused, or used without a crash; each in a process of its own."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.intent_rows import make_intent_rows
from tests.helpers.paths import ROOT
from trainers.crf import MODEL_FILE, CrfTrainer
from trainers.crfsuite_file import check_crfsuite

ATTACK = """
import random, struct, sys
from pathlib import Path
import pycrfsuite
from corpora.errors import UserError
from trainers.crfsuite_file import check_crfsuite
from trainers.features import sentence_features

content = Path(sys.argv[1]).read_bytes()
rng = random.Random(int(sys.argv[2]))
regions = sorted([0, *struct.unpack_from("<5I", content, 28), len(content)])
numbers = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, len(content) - 4, len(content)]
sentences = [sentence_features(text.split()) for text in ("find a train to Oslo", "x y")]
used = refused = 0
for number in range(int(sys.argv[3])):
    start, end = regions[number % 6 :][:2]
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(start, end)
        if rng.random() < 0.5:
            changed[at] ^= 1 << rng.randrange(8)
        else:
            value = rng.choice([*numbers, rng.randrange(len(content))])
            struct.pack_into("<I", changed, min(at - (at - start) % 4, len(content) - 4), value)
    try:
        check_crfsuite(bytes(changed), Path("x"))
    except UserError:
        refused += 1
        continue
    try:
        tagger = pycrfsuite.Tagger()
        tagger.open_inmemory(bytes(changed))
        for sentence in sentences:
            tagger.set(pycrfsuite.ItemSequence(sentence))
            tagger.tag()
            for tag in tagger.labels():
                tagger.marginal(tag, 0)
    except (RuntimeError, ValueError):  # which loading turns into an error for the user
        refused += 1
    else:
        used += 1
print(used, refused)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crf")
    rows = [replace(row, label=None) for row in make_intent_rows(60)]
    CrfTrainer(max_iterations=2).fit(rows).save(folder)
    return folder / MODEL_FILE


def test_no_changed_byte_in_any_region_crashes_the_process(model: Path) -> None:
    command = [sys.executable, "-c", ATTACK, str(model), "0", "300"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    used, refused = map(int, done.stdout.split())
    assert used + refused == 300
    assert used > 50 and refused > 50  # most changed weights do no harm, changed offsets do


def test_a_whole_file_passes_and_a_cut_one_does_not(model: Path) -> None:
    content = model.read_bytes()
    check_crfsuite(content, model)
    for size in (0, 3, 47, 48, 60, len(content) // 2, len(content) - 1):
        for cut in (content[:size], content[:4] + struct.pack("<I", size) + content[8:size]):
            with pytest.raises(UserError, match=f"{MODEL_FILE}: not a CRFsuite model"):
                check_crfsuite(cut, model)


@pytest.mark.parametrize(
    ("at", "form", "value", "problem"),
    [
        (20, "<I", 2**31, "labels"),
        (24, "<I", 2**31, "lacks the features"),
        (28, "<I", 2**32 - 1, "ends too early"),
        (56, "<I", 2**31, "ends too early"),
        (60 + 8, "<I", 5000, "leads to a label that is not there"),
        (60 + 12, "<d", float("nan"), "not finite"),
        (60 + 12, "<d", 1e300, "too large"),
    ],
)
def test_what_is_wrong_is_said(model: Path, at: int, form: str, value: float, problem: str) -> None:
    content = bytearray(model.read_bytes())
    struct.pack_into(form, content, at, value)
    with pytest.raises(UserError, match=problem):
        check_crfsuite(bytes(content), model)
