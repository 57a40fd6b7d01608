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
        self._deaths = 0

    @property
    def has_begun(self) -> bool:
        """Whether the last process has died."""
        return self._deaths > 0

    def reset(self) -> None:
        """Forget earlier deaths: the last process ended as it should."""
        self.not_before, self._deaths = 0.0, 0

    def record_death(self, started_at: float) -> float:
        """Records the death of a process started at that time. Returns the seconds until the next may start."""
        now = time.monotonic()
        if now - started_at > MIN_UPTIME:
            self._deaths = 0
        seconds: float = min(MAX_DELAY, FIRST_DELAY * 2**self._deaths) * random.uniform(0.75, 1)
        self._deaths = min(self._deaths + 1, 20)
        self.not_before = now + seconds
        return seconds


class FunctionBackoffs:
    """Functions that new processes leave out for a while, because their jobs have ended the process.

    Otherwise the server gives such a job to one process after the other, and none is left for other functions.
    """

    def __init__(self) -> None:
        self._backoffs: dict[str, Backoff] = {}

    def record_death(self, function: str, started_at: float) -> float:
        """Records that a job of the function ended its process. Returns the seconds until it is served again."""
        return self._backoffs.setdefault(function, Backoff()).record_death(started_at)

    def left_out(self) -> dict[str, float]:
        """The functions to leave out now, each with the time at which it may be served again."""
        now = time.monotonic()
        return {name: backoff.not_before for name, backoff in self._backoffs.items() if backoff.not_before > now}

    def clear(self) -> None:
        """Forget all deaths, because there is new code."""
        self._backoffs.clear()
