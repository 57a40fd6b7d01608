"""Jobs that take longer than they may cost their process."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable

from gearman_cffi.pool.logs import about
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.roster import Child

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
