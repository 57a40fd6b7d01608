"""Who works in a pool: places, and the children in them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from gearman_cffi.pool import scoreboard
from gearman_cffi.pool.backoff import Backoff
from gearman_cffi.pool.generation import Generation


@dataclass(eq=False)
class Child:
    """A child process. told: asked to leave; leaving: it said itself that it does, and why."""

    id: int
    place: Place
    generation: Generation
    expires_at: float | None = None
    without: tuple[str, ...] = ()  # functions that it does not serve
    until: float | None = None  # when another process is to serve these too
    function_count: int = 0  # of the target, those that it does not serve too; 0: not known yet
    began: float = field(default_factory=time.monotonic)
    pid: int | None = None
    is_ready: bool = False
    is_told: bool = False
    leaving: str = ""
    is_empty: bool = False
    failure: str = ""
    was_timed_out: bool = False
    without_work_since: float | None = None  # since when it is to leave, has no job, and is still there

    def job(self) -> scoreboard.RunningJob | None:
        """What it is doing, or was doing when it died."""
        return scoreboard.read(self.generation.scoreboard, self.id)

    def tell(self, number: int) -> None:
        """Sends it a signal."""
        self.generation.signal(self.id, self.pid, number)


@dataclass(eq=False)
class Place:
    """A place for one child that serves one function, or all of them. replacement: of a newer generation.

    backoff: when it may be filled again.
    """

    function: str | None
    child: Child | None = None
    replacement: Child | None = None
    is_done: bool = False
    backoff: Backoff = field(default_factory=Backoff)

    def lost(self, child: Child) -> None:
        """A child has ended that was here, or that had been replaced before."""
        if self.child is child:
            self.child, self.replacement = self.replacement, None
        elif self.replacement is child:
            self.replacement = None


def is_there(pid: int | None) -> bool:
    """Whether a process that is nobody's child here exists."""
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
