"""How long to wait before a process that died is started again."""

from __future__ import annotations

import random
import time

FIRST_WAIT = 0.1  # s; doubled with each one that dies young
LONGEST_WAIT = 30.0
GROWN_UP = 10.0  # s; a process that lived longer was not killed by its start


class Backoff:
    """When the next one may start. not_before is a time of time.monotonic(), 0 for at once."""

    def __init__(self) -> None:
        self.not_before = 0.0
        self._deaths = 0

    def reset(self) -> None:
        """It ended as it should."""
        self.not_before, self._deaths = 0.0, 0

    def died(self, began: float) -> float:
        """It died, having begun then; the seconds until there may be another one."""
        now = time.monotonic()
        if now - began > GROWN_UP:
            self._deaths = 0
        seconds: float = min(LONGEST_WAIT, FIRST_WAIT * 2**self._deaths) * random.uniform(0.75, 1)
        self._deaths = min(self._deaths + 1, 20)
        self.not_before = now + seconds
        return seconds


class FunctionBackoffs:
    """Functions whose jobs have ended their process: the next processes do not serve them for a while.

    Otherwise the server gives the same job to one process after the other, and none is left for other functions.
    """

    def __init__(self) -> None:
        self._backoffs: dict[str, Backoff] = {}

    def died(self, function: str, began: float) -> float:
        """A process that had begun then died in a job of this function. Seconds until it is served again."""
        return self._backoffs.setdefault(function, Backoff()).died(began)

    def waiting(self) -> dict[str, float]:
        """The functions not to serve now, with the time at which each may be served again."""
        now = time.monotonic()
        return {name: backoff.not_before for name, backoff in self._backoffs.items() if backoff.not_before > now}

    def clear(self) -> None:
        """There is new code."""
        self._backoffs.clear()
