"""The slots of a pool: places for worker processes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gearman_cffi.pool.backoff import Backoff
from gearman_cffi.pool.child_process import ChildProcess


@dataclass(eq=False)
class Slot:
    """A place for one worker process. function: the only one that it serves; None for all functions.

    replacement: a process with newer code that is starting.
    """

    function: str | None
    process: ChildProcess | None = None
    replacement: ChildProcess | None = None
    is_finished: bool = False  # with burst: there are no jobs left
    backoff: Backoff = field(default_factory=Backoff)
    failed_starts: int = 0  # processes in a row that have died before they were ready

    def count_failed_start(self, process: ChildProcess) -> int:
        """The process has died. Returns failed_starts."""
        self.failed_starts = 0 if process.function_count else self.failed_starts + 1
        return self.failed_starts

    def remove(self, process: ChildProcess) -> None:
        """The process has ended. It may have been replaced before."""
        if self.process is process:
            self.process, self.replacement = self.replacement, None
        elif self.replacement is process:
            self.replacement = None
