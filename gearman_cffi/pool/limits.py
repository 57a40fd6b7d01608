"""Kills processes whose job takes too long, and processes that do not exit."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable

from gearman_cffi.pool.logs import about
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.slots import ChildProcess

_log = logging.getLogger("gearman_cffi.pool")


class JobTimeouts:
    """Limits the time of jobs. interval: seconds between two calls of enforce(); None if no function has a limit."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        limits = options.job_timeouts.values()
        self.interval = min(1.0, max(0.05, min(limits) / 10)) if limits else None

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Kills the processes of jobs that take too long. The server gives such a job to another worker."""
        if self.interval is None:
            return
        for process in processes:
            job = process.job()
            limit = None if job is None else self._options.job_timeout(job.function)
            if job is None or limit is None or now - job.started_at <= limit or process.was_killed:
                continue
            if process.job() != job:  # it has just ended
                continue
            _log.error(
                "job timeout of %g s exceeded: killing process %s; the server gives the job to another worker",
                limit,
                process.pid,
                extra=about(job.function, job.handle),
            )
            process.was_killed = True
            process.send_signal(signal.SIGKILL)


class GracePeriods:
    """Limits the time of processes that are to exit, because of a limit or of new code.

    A running job has all the time it needs. Without a job a process exits at once, unless threads that its jobs have
    started keep it alive. For these it has the time that running jobs have at shutdown.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._seconds = options.shutdown_timeout

    def interval(self, processes: Iterable[ChildProcess]) -> float | None:
        """Seconds after which enforce() should be called again; None for never."""
        if self._seconds is None or not any(process.stop_requested or process.exit_reason for process in processes):
            return None
        return min(1.0, self._seconds)

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Kills the processes that have exceeded their time."""
        for process in processes:
            is_exiting = process.stop_requested or process.exit_reason
            if self._seconds is None or process.was_killed or not is_exiting or process.job():
                process.idle_since = None
            elif process.idle_since is None:
                process.idle_since = now
            elif now - process.idle_since > self._seconds:
                _log.error("killing process %s: it did not exit within %g s", process.pid, self._seconds)
                process.was_killed = True
                process.send_signal(signal.SIGKILL)
