"""Files of runs, memories and models that are damaged, lost, or links to elsewhere."""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from augmentation.pipeline.cache import PROCESS_CACHE
from flows.cli.main import main
from tests.helpers.attacks.children import Died, in_children
from tests.helpers.attacks.kills import KILLED, run_once
from tests.helpers.attacks.scenarios import SCENARIOS, train_command
from tests.helpers.paths import ROOT
from tests.helpers.toy_translator import translate_by_toy
from tests.helpers.translate_train_runs import file_hashes

HEALED, REFUSED, UNAFFECTED, WRONG = "healed", "refused", "unaffected", "wrong"
_FOLDER = re.compile(r"^folder .*$", re.M)


@dataclass(frozen=True)
class Answer:
    """What a command said, and the content of what it wrote."""

    code: int
    out: str
    err: str
    content: dict[str, str]


def flip(path: Path, canary: Path, rng: random.Random) -> None:
    """Turn one bit around: at the beginning, at the end, or anywhere."""
    data = bytearray(path.read_bytes())
    edge = min(64, len(data))
    at = rng.choice(
        (rng.randrange(edge), len(data) - 1 - rng.randrange(edge), rng.randrange(len(data)))
    )
    data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(data))


def cut(path: Path, canary: Path, rng: random.Random) -> None:
    """Cut the file short, anywhere."""
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))])


def empty(path: Path, canary: Path, rng: random.Random) -> None:
    """Leave an empty file."""
    path.write_bytes(b"")


def delete(path: Path, canary: Path, rng: random.Random) -> None:
    """Delete the file."""
    path.unlink()


def link(path: Path, canary: Path, rng: random.Random) -> None:
    """Make of the file or folder a link to a copy of it elsewhere."""
    shutil.move(path, canary / path.name)
    path.symlink_to(canary / path.name)


def link_to_other(path: Path, canary: Path, rng: random.Random) -> None:
    """Make of the file or folder a link to something else."""
    if path.is_dir():
        shutil.rmtree(path)
        path.symlink_to(canary)
    else:
        path.unlink()
        path.symlink_to(canary / "secret")


def link_of_temporary(path: Path, canary: Path, rng: random.Random) -> None:
    """Lay a link where the file is written before it is whole, and have it written."""
    if path.is_file():
        path.unlink()
    path.with_name(f".{path.name}.tmp").symlink_to(canary / "secret")


DAMAGES: dict[str, Callable[[Path, Path, random.Random], None]] = {
    function.__name__: function for function in (flip, cut, empty, delete)
}
LINKS: dict[str, Callable[[Path, Path, random.Random], None]] = {
    function.__name__: function for function in (link, link_to_other, link_of_temporary)
}


@dataclass(frozen=True)
class Subject:
    """What is damaged: a folder kept whole beside the one that commands work in."""

    name: str
    folder: Path
    parts: tuple[str, ...]
    """Folders within it whose files are damaged."""
    reads: tuple[tuple[str, ...], ...]
    """Commands that only read."""
    repair: tuple[str, ...] = ()
    """The command that must come to the whole results, or refuse; empty where there is none."""

    @property
    def whole(self) -> Path:
        """The undamaged folder."""
        return self.folder.with_name(f"{self.folder.name}.whole")


def subjects(folder: Path) -> list[Subject]:
    """A finished and an unfinished run, a memory and a store of models, made in `folder`."""
    made = []
    for name in ("finished", "unfinished", "memory"):
        work = folder / name
        SCENARIOS["translate-train"].prepare(work)
        if name == "memory":
            shutil.copytree(folder / "finished.whole" / "memory", work / "memory")
        else:
            fatal = 350 if name == "unfinished" else None
            (answer,) = in_children(_Run(work), [fatal], 300)
            assert answer == KILLED if fatal else isinstance(answer, int), answer
        run = str(work / "run")
        reads = {
            "memory": (("memory", "merge", str(work / "memory"), "--into", str(work / "other")),),
        }.get(name, (
            ("inspect", run, "--first", "--rows", "99"), ("inspect", run, "--dropped"),
            ("export", run, "--out", str(work / "out.jsonl")),
        ))  # fmt: skip
        parts = {"finished": ("run",), "unfinished": ("run", "memory"), "memory": ("memory",)}[name]
        made.append(Subject(name, work, parts, reads, tuple(train_command(work))))
        work.rename(made[-1].whole)
    work = folder / "store"
    shutil.copytree(ROOT / "data" / "models" / "en-de", work / "store" / "m")
    (work / "in.txt").write_text("Wake me at nine.\nThe weather is good.\n", encoding="utf-8")
    translate = ("translate", str(work / "in.txt"), "--source", "en", "--target", "de",
                 "--model", "m", "--threads", "1,1")  # fmt: skip
    made.append(
        Subject("store", work, ("store",), (translate, ("models", "show", "m"), ("models", "list")))
    )
    work.rename(made[-1].whole)
    return made


@dataclass(frozen=True)
class _Run:
    folder: Path

    def __call__(self, fatal: int | None) -> int:
        return run_once(self.folder, "translate-train", fatal)


@dataclass(frozen=True)
class Case:
    """One damage to one file of a subject; `seed` decides where."""

    subject: Subject
    file: str
    damage: str
    seed: int


@dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: Case
    outcome: str
    problem: str = ""


def cases(subject: Subject, damages: Sequence[str], times: int = 1, seed: int = 0) -> list[Case]:
    """Every one of `damages` to every file of `subject`, flips and cuts `times` times; links take
    the place of folders too. `seed` decides where."""
    made = []
    for part in subject.parts:
        for path in sorted((subject.whole / part).rglob("*")):
            file = path.relative_to(subject.whole).as_posix()
            for damage in damages:
                if damage == "link_of_temporary" and path.is_dir():
                    continue
                if damage in LINKS or (path.is_file() and path.stat().st_size):
                    again = times if damage in ("flip", "cut") else 1
                    made += [Case(subject, file, damage, seed + n) for n in range(again)]
    return made


def command(arguments: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    return code, out.getvalue(), err.getvalue()


def _read(subject: Subject, reads: Sequence[Sequence[str]]) -> list[Answer | str]:
    """What the reading commands say; the words of an error where one is refused."""
    answers: list[Answer | str] = []
    for arguments in reads:
        code, out, err = command(arguments)
        if code == 2:
            answers.append(_one_line(err))
            continue
        written = subject.folder / "out.jsonl"
        content = {"out": written.read_text("utf-8")} if written.exists() else {}
        if arguments[0] == "memory":
            content = translations(subject.folder / "other")
        answers.append(Answer(code, out, err, content))
    return answers


def translations(memory: Path) -> dict[str, str]:
    """What a translation memory gives for each of its segments."""
    content = {}
    for file in memory.glob("*/*.arrow"):
        for row in pa.ipc.open_file(file).read_all().to_pylist():
            content[f"{file.parent.name} {row.pop('key').hex()}"] = repr(row)
    return content


def _wrong_answer(arguments: Sequence[str], answer: Answer, expected: Answer, is_lost: bool) -> str:
    """What is wrong with the `answer` to a reading command, where `expected` is that to the same of
    the undamaged folder, and the damaged file `is_lost` or not."""
    if arguments[0] == "memory":  # what is corrupt is left out, and counted
        right = answer.content.items() <= expected.content.items()
        lost = len(expected.content) - len(answer.content)
        told = not lost or is_lost or "are corrupt and were left out" in answer.err
    elif arguments[:2] == ("models", "list"):
        listed, all_ = ([line.split() for line in a.out.splitlines()] for a in (answer, expected))
        right = all(line in all_ for line in listed)
        told = len(listed) == len(all_) or is_lost or "left out: " in answer.err
    elif arguments[:2] == ("models", "show"):  # the folder's size counts files without a hash
        right = _FOLDER.sub("", answer.out) == _FOLDER.sub("", expected.out)
        told = answer.err == expected.err
    else:
        right, told = (answer.out, answer.content) == (expected.out, expected.content), True
    return "" if right and told else f"{arguments[0]} says {answer!r}"


def _one_line(err: str) -> str:
    errors = [line for line in err.splitlines() if not line.startswith("labelferry: note:")]
    if len(errors) != 1 or not errors[0].startswith("labelferry: error: "):
        raise AssertionError(f"not one line: {err}")
    return errors[0]


def _results(subject: Subject) -> dict[str, str]:
    return file_hashes(subject.folder / "run" / "export")


def _begin(subject: Subject) -> None:
    shutil.rmtree(subject.folder, ignore_errors=True)
    shutil.copytree(subject.whole, subject.folder, symlinks=True)
    PROCESS_CACHE._values.clear()


_references: dict[Path, tuple[list[Answer | str], dict[str, str]]] = {}


def _reference(subject: Subject) -> tuple[list[Answer | str], dict[str, str]]:
    """What the commands say and make of the undamaged folder."""
    if subject.folder not in _references:
        _begin(subject)
        reads = _read(subject, subject.reads)
        if subject.repair:
            code, _, err = command(subject.repair)
            assert code == 0, err
        _references[subject.folder] = reads, _results(subject)
    return _references[subject.folder]


def attack(case: Case) -> Verdict:
    """Damage the file of `case`, run the commands, and judge what they do."""
    subject = case.subject
    with pytest.MonkeyPatch.context() as patch:
        if subject.name == "store":
            patch.setenv("LABELFERRY_STORE", str(subject.folder / "store"))
        else:
            translate_by_toy(patch)
        patch.setenv("LABELFERRY_SYNC", "0")
        whole = _reference(subject)
        _begin(subject)
        canary = subject.folder.with_name(f"{subject.name}-canary")
        shutil.rmtree(canary, ignore_errors=True)
        canary.mkdir()
        (canary / "secret").write_text("do not touch\n", encoding="utf-8")
        path = subject.folder / case.file
        rng = random.Random(f"{case.file} {case.seed}")
        (DAMAGES | LINKS)[case.damage](path, canary, rng)
        elsewhere, damaged = file_hashes(canary), _content(path)
        try:
            outcome, problem = _judge(subject, path, damaged, whole)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            outcome, problem = WRONG, f"{error!r} ({where.filename}:{where.lineno})"
        if file_hashes(canary) != elsewhere:
            outcome, problem = (
                WRONG,
                f"changed outside: {file_hashes(canary).keys() ^ elsewhere.keys()}",
            )
        return Verdict(case, outcome, problem)


def _content(path: Path) -> bytes | str | None:
    if path.is_symlink():
        return str(path.readlink())
    return path.read_bytes() if path.is_file() else None


def _judge(
    subject: Subject,
    path: Path,
    damaged: bytes | str | None,
    whole: tuple[list[Answer | str], dict[str, str]],
) -> tuple[str, str]:
    answers = _read(subject, subject.reads)
    refusals = [answer for answer in answers if isinstance(answer, str)]
    for arguments, answer, expected in zip(subject.reads, answers, whole[0], strict=True):
        if isinstance(answer, str):
            continue
        assert isinstance(expected, Answer), expected
        if problem := _wrong_answer(arguments, answer, expected, not path.is_file()):
            return WRONG, problem
    if not subject.repair:
        return (REFUSED, refusals[0]) if refusals else (UNAFFECTED, "")
    code, _, err = command(subject.repair)
    refused = _one_line(err) if code == 2 else ""
    if refused:
        for each in [path, *subject.folder.rglob("*")]:  # the way out that every message names
            if each.is_symlink() or (each == path and path.is_file()):
                each.unlink()
        code, _, err = command(subject.repair)
    if code != 0:
        return WRONG, f"exit code {code}: {err}"
    if _results(subject) != whole[1]:
        return WRONG, "another export"
    if refused:
        return REFUSED, refused
    return (HEALED if refusals or _content(path) != damaged else UNAFFECTED), ""


def attack_all(made: Sequence[Case], seconds: float = 60) -> list[Verdict]:
    """The verdicts of all cases, in their order."""
    answers = zip(made, in_children(attack, made, seconds, 40), strict=True)
    return [
        Verdict(case, WRONG, answer.how) if isinstance(answer, Died) else answer
        for case, answer in answers
    ]
