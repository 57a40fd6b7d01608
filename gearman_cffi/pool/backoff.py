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
