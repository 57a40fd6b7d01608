"""Jobs that take longer than they may cost their process, and so do processes that do not leave."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable

from gearman_cffi.pool.logs import about
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.slots import Child

_log = logging.getLogger("gearman_cffi.pool")


class JobTimeouts:
    """Looks at what children do, where any function has a limit, every interval seconds."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        limits = options.job_timeouts.values()
        self.interval = min(1.0, max(0.05, min(limits) / 10)) if limits else None

    def enforce(self, children: Iterable[Child], now: float) -> None:
        """Kills the processes of jobs that are late. The server gives such a job to another worker."""
        if self.interval is None:
            return
        for child in children:
            job = child.job()
            limit = None if job is None else self._options.job_timeout(job.function)
            if job is None or limit is None or now - job.started <= limit or child.was_timed_out:
                continue
            if child.job() != job:
                continue  # it has just ended
            _log.error(
                "takes longer than %g s: process %s is killed, and the server gives the job to another worker",
                limit,
                child.pid,
                extra=about(job.function, job.handle),
            )
            child.was_timed_out = True
            child.tell(signal.SIGKILL)


class Leaving:
    """Looks after the children that are to leave: because of a limit, or because there is new code.

    A job that is being done has its time. Without one a child ends at once, unless threads that its jobs have started
    keep it; for these it has the time that a pool gives its children when it ends.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._seconds = options.shutdown_timeout

    def interval(self, children: Iterable[Child]) -> float | None:
        """Seconds until it wants to look again, at most."""
        is_any = self._seconds is not None and any(child.is_told or child.leaving for child in children)
        return min(1.0, self._seconds or 0.0) if is_any else None

    def enforce(self, children: Iterable[Child], now: float) -> None:
        """Kills those whose time is over."""
        for child in children:
            if self._seconds is None or child.was_timed_out or not (child.is_told or child.leaving) or child.job():
                child.without_work_since = None
            elif child.without_work_since is None:
                child.without_work_since = now
            elif now - child.without_work_since > self._seconds:
                _log.error("process %s is killed: it was to leave %g s ago, and does not end", child.pid, self._seconds)
                child.was_timed_out = True
                child.tell(signal.SIGKILL)
