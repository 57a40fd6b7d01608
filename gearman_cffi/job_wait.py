"""Waiting for a background job: when a client asks for its status again, and what it makes of the answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from gearman_cffi.attempts import keys_of_attempts
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import InvalidArgument, JobTimeout
from gearman_cffi.job_status import JobStatus
from gearman_cffi.messages import short_repr

FIRST_INTERVAL = 0.02  # seconds
MAX_INTERVAL = 1.0
GROWTH = 1.5


class JobWait:
    """The requests of one wait_for(). Iterate for the seconds to wait before each.

    handle, unique: one of the two. timeout: in seconds or as a timedelta; None for no limit. retries: those of the job,
    whose attempts are awaited one after the other. Raises InvalidArgument for both or none of handle and unique, and
    for a handle with retries; JobTimeout during the iteration.

    unique: the key to ask for next.
    """

    def __init__(
        self, handle: str | None, unique: str | None, timeout: float | timedelta | None, retries: int | None = None
    ) -> None:
        if (handle is None) == (unique is None):
            raise InvalidArgument("wait_for() takes either a handle or a unique key")
        if handle is not None and retries is not None:
            raise InvalidArgument("wait_for() with retries takes a unique key: each attempt has another handle")
        self.was_known = False
        self.unique = unique or ""
        self._later_keys = iter(() if retries is None else keys_of_attempts(self.unique, retries))
        self._asks_at_once = False
        self._handle = handle
        self._what = f"the job {handle}" if handle is not None else f"the job with the key {short_repr(unique)}"
        milliseconds = to_milliseconds(timeout)
        self._deadline = None if milliseconds is None else time.monotonic() + milliseconds / 1000
        self._last = JobStatus()

    def __iter__(self) -> Iterator[float]:
        """Yields 0, also for each new key, then growing intervals until the time is over."""
        yield 0.0
        interval = FIRST_INTERVAL
        while self._deadline is None or time.monotonic() < self._deadline:
            if self._asks_at_once:
                self._asks_at_once = False
                yield 0.0
                continue
            yield interval if self.left is None else min(interval, self.left)
            interval = min(interval * GROWTH, MAX_INTERVAL)
        raise self._timed_out()

    @property
    def left(self) -> float | None:
        """The seconds until the time is over, at least a millisecond; None for no limit."""
        return None if self._deadline is None else max(0.001, self._deadline - time.monotonic())

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a request. If its answer does not come in time, the error says what the job did before."""
        try:
            yield
        except JobTimeout as error:
            if self.was_known:
                raise self._timed_out() from error
            raise

    def _timed_out(self) -> JobTimeout:
        state = "is running" if self._last.is_running else "waits for a worker"
        return JobTimeout(f"{self._what} {state} still: give it more time, or start more workers", handle=self._handle)

    def is_over(self, status: JobStatus) -> bool:
        """Takes an answer; returns whether the server does not know the job, or no longer.

        An attempt is submitted before the one before it is answered: if the server does not know an attempt, it knows a
        later one, or the job has ended.
        """
        self._last = status
        self.was_known = self.was_known or status.is_known
        if status.is_known:
            return False
        later = next(self._later_keys, None)
        if later is None:
            return True
        self.unique, self._asks_at_once = later, True
        return False
