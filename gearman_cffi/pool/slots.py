"""The slots of a pool, and the worker processes in them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from gearman_cffi.pool import scoreboard
from gearman_cffi.pool.backoff import Backoff
from gearman_cffi.pool.generation import Generation


@dataclass(eq=False)
class ChildProcess:
    """A worker process, as the parent sees it. Times are those of time.monotonic()."""

    id: int
    slot: Slot
    generation: Generation
    expires_at: float | None = None  # when max_runtime has passed
    left_out: tuple[str, ...] = ()  # functions that it does not serve
    left_out_seconds: float | None = None  # how long, from when it is ready, until another process is to serve them
    left_out_until: float | None = None
    started_at: float = field(default_factory=time.monotonic)
    pid: int | None = None
    is_ready: bool = False
    function_count: int = 0  # of the whole target; 0 before the process is ready
    stop_requested: bool = False  # by the parent
    exit_reason: str = ""  # why it exits: what it has said, or why the parent has requested it
    found_no_jobs: bool = False  # with burst
    failure: str = ""  # why it cannot start
    was_killed: bool = False  # by the parent, because it took too long
    idle_since: float | None = None  # since when it is to exit, has no job, and is still there

    def job(self) -> scoreboard.BusyRecord | None:
        """The job that it runs, or was running when it died."""
        return scoreboard.read(self.generation.scoreboard, self.id)

    def send_signal(self, number: int) -> None:
        """Signals the process; SIGKILL ends its process group."""
        self.generation.send_signal(self.id, self.pid, number)


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

    def remove(self, process: ChildProcess) -> None:
        """The process has ended. It may have been replaced before."""
        if self.process is process:
            self.process, self.replacement = self.replacement, None
        elif self.replacement is process:
            self.replacement = None


def process_exists(pid: int | None) -> bool:
    """Whether a process exists that may not be a child of this one."""
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
