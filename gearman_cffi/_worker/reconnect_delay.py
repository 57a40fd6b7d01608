"""The delay between tries to connect to servers."""

from __future__ import annotations

import random

FIRST_DELAY = 0.1  # seconds
MAX_DELAY = 3.0


class ReconnectDelay:
    """Doubles the delay with each failure. The delays are random, so that not all workers try at the same time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all tries."""
        self.last_succeeded = False
        self._delay = FIRST_DELAY

    def record_success(self) -> None:
        """The last try was a success."""
        self.last_succeeded = True
        self._delay = FIRST_DELAY

    def record_failure(self) -> float:
        """The last try was a failure. Returns the seconds until the next one."""
        self.last_succeeded = False
        delay, self._delay = self._delay, min(2 * self._delay, MAX_DELAY)
        return delay * random.uniform(0.5, 1)
