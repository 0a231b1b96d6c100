"""Listeners that record what they are told."""

from __future__ import annotations

from augmentation.pipeline.listener import Listener, Progress


class ProgressRecorder(Listener):
    """Records the progress after each job, in order."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []

    def advanced(self, progress: Progress) -> None:
        self.progress.append(progress)

    def jobs(self) -> list[str]:
        """The names of the jobs that are done, in order."""
        return [progress.job for progress in self.progress]
