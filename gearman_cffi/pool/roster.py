"""Who works in a pool: places, the children in them, and how long to wait before a place is filled again."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field

from gearman_cffi.pool import scoreboard
from gearman_cffi.pool.generation import Generation

FIRST_WAIT = 0.1  # s, before a child that died is replaced; doubled with each one that dies young
LONGEST_WAIT = 30.0
GROWN_UP = 10.0  # s; a child that lived longer was not killed by its start


@dataclass(eq=False)
class Child:
    """A child process. told: asked to leave; leaving: it said itself that it does, and why."""

    id: int
    place: Place
    generation: Generation
    expires_at: float | None = None
    began: float = field(default_factory=time.monotonic)
    pid: int | None = None
    is_ready: bool = False
    is_told: bool = False
    leaving: str = ""
    is_empty: bool = False
    failure: str = ""
    was_timed_out: bool = False

    def job(self) -> scoreboard.RunningJob | None:
        """What it is doing, or was doing when it died."""
        return scoreboard.read(self.generation.scoreboard, self.id)

    def tell(self, number: int) -> None:
        """Sends it a signal."""
        self.generation.signal(self.id, self.pid, number)


@dataclass(eq=False)
class Place:
    """A place for one child that serves one function, or all of them. replacement: of a newer generation."""

    function: str | None
    child: Child | None = None
    replacement: Child | None = None
    is_done: bool = False
    not_before: float = 0.0
    _deaths: int = 0

    def lost(self, child: Child) -> None:
        """A child has ended that was here, or that had been replaced before."""
        if self.child is child:
            self.child, self.replacement = self.replacement, None
        elif self.replacement is child:
            self.replacement = None

    def fill_at_once(self) -> None:
        """The child ended as it should."""
        self._deaths = 0
        self.not_before = 0.0

    def fill_later(self, child: Child) -> float:
        """The child died; the seconds until there may be another one."""
        now = time.monotonic()
        if now - child.began > GROWN_UP:
            self._deaths = 0
        seconds: float = min(LONGEST_WAIT, FIRST_WAIT * 2**self._deaths) * random.uniform(0.75, 1)
        self._deaths = min(self._deaths + 1, 20)
        self.not_before = now + seconds
        return seconds


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
