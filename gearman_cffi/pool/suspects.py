"""Jobs during which processes of the pool have died, readable for all of its processes.

They stand in the first record of each scoreboard. A process reads it before it runs a job of a function with a limit.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Sequence

from gearman_cffi.pool.scoreboard import RECORD_SIZE, BusyRecord

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
        while len(self._deaths) > _MAX_JOBS or len(self._to_record()) > RECORD_SIZE:
            del self._deaths[next(iter(self._deaths))]  # the one that has not killed a process for the longest time

    def deaths(self, job: BusyRecord) -> int:
        """How many processes have died while they ran this job."""
        return self._deaths.get(_name(job), 0)

    def culprit(self, jobs: Sequence[BusyRecord]) -> BusyRecord | None:
        """The job of which a process has died that ran these jobs, when record() was called; None if nobody knows.

        It is the job during which most processes have died. If several functions are equally suspect, nobody knows at
        first; from the second death on, one is taken at random, and the next death shows whether it was that one.
        """
        most = max(map(self.deaths, jobs), default=0)
        suspects = [job for job in jobs if self.deaths(job) == most]
        if most > 1 or len({job.function for job in suspects}) == 1:
            return random.choice(suspects)
        return None

    def write(self, scoreboard: int) -> None:
        """Shows them to the processes that have this scoreboard."""
        os.pwrite(scoreboard, self._to_record(), 0)

    def _to_record(self) -> bytes:
        return json.dumps(self._deaths).encode() + b"\n"


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
