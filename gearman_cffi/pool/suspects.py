"""Jobs during which processes of the pool have died, readable for all of its processes.

They stand in the first record of each scoreboard. A process reads it before it runs a job of a function with a limit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from gearman_cffi.pool.scoreboard import RECORD_SIZE, BusyRecord

# So many jobs fit in the record. The one that has not killed a process for the longest time is forgotten first.
_MAX_JOBS = 20


class Suspects:
    """For the parent: counts the deaths by job."""

    def __init__(self) -> None:
        self._deaths: dict[str, int] = {}

    def record(self, jobs: Iterable[BusyRecord]) -> None:
        """A process has died, which ran these jobs. If there are several, nobody knows which of them it was."""
        for job in jobs:
            name = _name(job)
            self._deaths[name] = self._deaths.pop(name, 0) + 1
        for name in list(self._deaths)[:-_MAX_JOBS]:
            del self._deaths[name]

    def write(self, scoreboard: int) -> None:
        """Shows them to the processes that have this scoreboard."""
        os.pwrite(scoreboard, json.dumps(self._deaths).encode() + b"\n", 0)


def deaths_of(scoreboard: int, job: BusyRecord) -> int:
    """How many processes have died while they ran this job."""
    record = os.pread(scoreboard, RECORD_SIZE, 0).partition(b"\n")[0]
    try:
        found = json.loads(record)
    except ValueError:  # nothing was written, or just now
        return 0
    return int(found.get(_name(job), 0))


def _name(job: BusyRecord) -> str:
    """Servers begin again with their handles after a restart, so that the key belongs to the name."""
    return f"{job.handle} {job.unique}"
