"""Jobs during which processes of the pool have died, readable for all of its processes.

They stand in the first record of each scoreboard. A process reads it before it runs a job of a function with a limit.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Sequence
from typing import NamedTuple

from gearman_cffi.pool.scoreboard import RECORD_SIZE, BusyRecord

_ENTRY = struct.Struct("8sB?")  # the digest of a job, and its Deaths
_MAX_JOBS = RECORD_SIZE // _ENTRY.size
_MAX_NUMBER = 255


class Deaths(NamedTuple):
    """How many processes have died while they ran a job. was_alone: whether the last of them ran no other job."""

    number: int = 0
    was_alone: bool = False


class Suspects:
    """For the parent: counts the deaths by job."""

    def __init__(self) -> None:
        self._deaths: dict[bytes, Deaths] = {}

    def record(self, jobs: Sequence[BusyRecord], are_guilty: bool = False) -> None:
        """A process has died, which ran these jobs. If there are several, nobody knows which of them it was.

        are_guilty: each of them would have ended the process without the others.
        """
        was_alone = are_guilty or len(jobs) == 1
        for job in sorted(jobs, key=self.deaths):
            digest = _digest(job)
            number = self._deaths.pop(digest, Deaths()).number + 1
            self._deaths[digest] = Deaths(min(number, _MAX_NUMBER), was_alone)
        while len(self._deaths) > _MAX_JOBS:  # forget those of the oldest deaths; of one death those with the fewest
            del self._deaths[next(iter(self._deaths))]

    def deaths(self, job: BusyRecord) -> int:
        """How many processes have died while they ran this job."""
        return self._deaths.get(_digest(job), Deaths()).number

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
        record = b"".join(_ENTRY.pack(digest, *deaths) for digest, deaths in self._deaths.items())
        os.pwrite(scoreboard, record.ljust(RECORD_SIZE, b"\0"), 0)


def deaths_of(scoreboard: int, job: BusyRecord) -> Deaths:
    """How many processes have died while they ran this job."""
    record = os.pread(scoreboard, _MAX_JOBS * _ENTRY.size, 0)
    if not any(record):
        return Deaths()
    entries = {digest: Deaths(*deaths) for digest, *deaths in _ENTRY.iter_unpack(record)}
    return entries.get(_digest(job), Deaths())


def _digest(job: BusyRecord) -> bytes:
    """Servers begin again with their handles after a restart, so that the key belongs to the name."""
    from hashlib import blake2b  # which loads OpenSSL: a pool without deaths does not need it

    name = f"{job.function} {job.handle} {job.unique}"
    return blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
