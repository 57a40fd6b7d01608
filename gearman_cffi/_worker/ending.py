"""The end of a worker that runs several jobs at once: when it begins, and how long it may take."""

from __future__ import annotations

import time

from gearman_cffi._worker.signals import StopRequest

_LEAVE_SECONDS = 2.0  # for servers that owe an answer, or do not take one


class Ending:
    """Begins when the worker is stopped, or when a job has asked the process to exit.

    exit_seconds: how long other jobs may take after that; None for no limit.
    """

    def __init__(self, stop_request: StopRequest, exit_seconds: float | None) -> None:
        self.error: BaseException | None = None  # SystemExit or KeyboardInterrupt of a job
        self._stop_request = stop_request
        self._exit_seconds = exit_seconds
        self._exit_at: float | None = None
        self._leave_at: float | None = None  # when servers are given up that stand still
        self._unsent = 0  # bytes, when leave_at was set

    @property
    def has_begun(self) -> bool:
        """Whether the worker takes no more jobs."""
        return self._stop_request.requested or self.error is not None

    def exit_after_jobs(self, error: BaseException) -> None:
        """A job has raised SystemExit or KeyboardInterrupt. The first one counts."""
        if self.error is None:
            self.error = error
            self._exit_at = None if self._exit_seconds is None else time.monotonic() + self._exit_seconds

    def is_over(self, is_running: bool, has_left: bool, unsent: int) -> bool:
        """Whether the worker may disconnect.

        is_running: whether a job runs. has_left: whether no server owes an answer. unsent: how many bytes the servers
        have not taken yet.
        """
        if not self.has_begun:
            return False
        now = time.monotonic()
        if self._exit_at is not None and now >= self._exit_at:
            return True
        if self._leave_at is None or unsent != self._unsent:
            self._leave_at, self._unsent = now + _LEAVE_SECONDS, unsent
        return not is_running and ((has_left and not unsent) or now >= self._leave_at)

    def due(self, is_running: bool) -> list[float]:
        """When is_over() is to be called again at the latest. Times of time.monotonic()."""
        times = [self._exit_at, None if is_running else self._leave_at]
        return [due for due in times if due is not None]
