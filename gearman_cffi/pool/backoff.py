"""How long to wait before a process that died is started again."""

from __future__ import annotations

import random
import time

FIRST_DELAY = 0.1  # seconds; doubled by each process that dies before MIN_UPTIME
MAX_DELAY = 30.0
MIN_UPTIME = 10.0  # seconds; after a longer life the delay begins with FIRST_DELAY again


class Backoff:
    """When the next process may start. not_before is a time of time.monotonic(); 0 means now."""

    def __init__(self) -> None:
        self.not_before = 0.0
        self.died_at = 0.0
        self._deaths = 0
        self._seconds = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether the last process has died."""
        return self._deaths > 0

    def reset(self) -> None:
        """Forget earlier deaths: the last process ended as it should."""
        self.not_before, self._deaths = 0.0, 0

    def record_death(self, started_at: float, ended_at: float | None = None) -> float:
        """Records the death of a process started at that time. Returns the seconds until the next may start.

        ended_at: until when it has worked well; by default until now.
        """
        now = time.monotonic()
        if (now if ended_at is None else ended_at) - started_at > MIN_UPTIME:
            self._deaths = 0
        self._seconds = min(MAX_DELAY, FIRST_DELAY * 2**self._deaths) * random.uniform(0.75, 1)
        self._deaths = min(self._deaths + 1, 20)
        return self.begin_again()

    def begin_again(self) -> float:
        """Another process has died for the same reason: the same delay begins again. Returns its seconds."""
        self.died_at = time.monotonic()
        self.not_before = self.died_at + self._seconds
        return self._seconds


class FunctionBackoffs:
    """Functions that new processes leave out for a while, because their jobs have ended the process.

    Otherwise the server gives such a job to one process after the other, and none is left for other functions.
    """

    def __init__(self) -> None:
        self._backoffs: dict[str, Backoff] = {}

    def record_death(self, function: str, started_at: float, job_started_at: float) -> float:
        """Records that a process has died of a job of the function. Returns the seconds until it is served again.

        started_at, job_started_at: when the process was started, and when it began with the job.
        """
        backoff = self._backoffs.setdefault(function, Backoff())
        if started_at < backoff.died_at:  # it could not leave the function out: that is the same death once more
            return backoff.begin_again()
        return backoff.record_death(started_at, job_started_at)

    def left_out(self) -> dict[str, float]:
        """The functions to leave out now, each with the time at which it may be served again."""
        now = time.monotonic()
        return {name: backoff.not_before for name, backoff in self._backoffs.items() if backoff.not_before > now}

    def reset(self, function: str) -> None:
        """Forget the deaths of a function: the job that has caused them is over."""
        self._backoffs.pop(function, None)

    def clear(self) -> None:
        """Forget all deaths, because there is new code."""
        self._backoffs.clear()
