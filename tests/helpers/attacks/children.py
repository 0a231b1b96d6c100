"""Runs cases in child processes, so that neither a crash nor a hang ends the attack."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_PRELOADED = (
    "alignment.projectors", "augmentation.compare.run", "augmentation.translate_test.run",
    "augmentation.translate_train.report", "augmentation.translation.memory_merge", "filelock",
    "filters.untranslated", "flows.cli.export", "flows.cli.inspect", "flows.cli.translate_train",
    "pyarrow.pandas_compat", "tests.helpers.attacks.readers", "tests.helpers.attacks.scenarios",
)  # fmt: skip
"""What children share with the server that they are forked from, which runs none of it."""
MOST_CASES = 200
"""Cases per child: what one leaves behind must not hide what the next does."""


@dataclass(frozen=True)
class Died:
    """What is left of a case whose child ended without an answer."""

    how: str


def in_children(
    work: Callable[[Any], Any], cases: Sequence[Any], seconds: float, most_cases: int = MOST_CASES
) -> Iterator[Any]:
    """What `work` returns for each of `cases`, in order, or `Died`.

    A child gets at most `most_cases`, and is killed where one of them takes more than `seconds`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    done = 0
    while done < len(cases):
        reader, writer = context.Pipe(duplex=False)
        batch = cases[done : done + most_cases]
        child = context.Process(target=_answer, args=(work, batch, writer))
        child.start()
        writer.close()
        for _ in batch:
            done += 1
            if not reader.poll(seconds):
                child.kill()
                child.join()
                yield Died(f"no answer in {seconds} s")
                break
            try:
                answer = reader.recv()
            except EOFError:
                child.join()
                yield Died(f"exit code {child.exitcode}")
                break
            yield answer
        child.join()
        reader.close()


def _answer(work: Callable[[Any], Any], cases: Sequence[Any], writer: Connection) -> None:
    for case in cases:
        writer.send(work(case))
