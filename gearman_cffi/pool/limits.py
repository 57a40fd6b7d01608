"""Kills processes whose job takes too long, processes that do not exit, and fork servers that do not answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gearman_cffi.pool.child_process import ChildProcess, ProcessState
from gearman_cffi.pool.generation import GenerationState
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.scoreboard import BusyRecord

KILL_TIME = 3.0  # seconds after which a fork server that has not reported the end of a killed process counts as dead
CANCEL_TIME = 2.0  # seconds that a coroutine has to end when it was cancelled
_log = logging.getLogger("gearman_cffi.pool")


class JobTimeouts:
    """Limits the time of jobs. interval: seconds between two calls of enforce(); None if no function has a limit.

    The process itself cancels a coroutine that takes too long. For a job that goes on all the same the process has to
    end: it takes no more jobs, and is killed when only late jobs are left, or after the time that running jobs have at
    shutdown. The server gives the late jobs to other workers.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        limits = options.job_timeouts.values()
        self.interval = min(1.0, max(0.05, min(limits) / 10)) if limits else None

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Stops the processes of jobs that take too long, and kills them."""
        if self.interval is None:
            return
        for process in processes:
            if process.state is ProcessState.KILLED:
                continue
            jobs = process.jobs()
            late = self.late(jobs, now)
            late = [job for job in late if job in process.jobs()]  # the others have just ended
            if late and (len(late) == len(jobs) or self._has_waited(process, now)):
                self._log(late, "killing process %s", process)
                process.kill()
            elif late and process.overdue_since is None:
                process.overdue_since = now
                self._log(late, f"process %s exits when its {len(jobs) - len(late)} other jobs are done", process)
                process.stop()

    def late(self, jobs: Iterable[BusyRecord], now: float) -> list[BusyRecord]:
        """Those of the jobs that take too long."""
        return [job for job in jobs if self._is_late(job, now)]

    def _is_late(self, job: BusyRecord, now: float) -> bool:
        limit = self._options.job_timeout(job.function)
        return limit is not None and now - job.started_at > limit + (CANCEL_TIME if job.is_coroutine else 0)

    def _has_waited(self, process: ChildProcess, now: float) -> bool:
        seconds = self._options.shutdown_timeout
        return process.overdue_since is not None and seconds is not None and now - process.overdue_since > seconds

    def _log(self, late: Iterable[BusyRecord], what: str, process: ChildProcess) -> None:
        for job in late:
            _log.error(
                f"job timeout of %g s exceeded: {what}; the server gives the job to another worker",
                self._options.job_timeout(job.function),
                process.pid,
                extra=job.log_attributes(),
            )


class GracePeriods:
    """Limits the time of processes that are to exit, because of a limit or of new code.

    A running job has all the time it needs. Without a job a process exits at once, unless threads that its jobs have
    started keep it alive. For these it has the time that running jobs have at shutdown.
    """

    def __init__(self, options: PoolOptions) -> None:
        self._seconds = options.shutdown_timeout

    def interval(self, processes: Iterable[ChildProcess]) -> float | None:
        """Seconds after which enforce() should be called again; None for never."""
        if self._seconds is None or not any(process.is_exiting for process in processes):
            return None
        return min(1.0, self._seconds)

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Kills the processes that have exceeded their time."""
        for process in processes:
            if (
                self._seconds is None
                or process.state is ProcessState.KILLED
                or not process.is_exiting
                or process.jobs()
            ):
                process.idle_since = None
            elif process.idle_since is None:
                process.idle_since = now
            elif now - process.idle_since > self._seconds:
                text = "killing process %s: it did not exit within %g s (%s)"
                _log.error(text, process.pid, self._seconds, process.unfinished)
                process.kill()


class ForkServerTimeouts:
    """Kills fork servers that do not report the end of a process that was killed: they are stopped, or hang."""

    def interval(self, processes: Iterable[ChildProcess]) -> float | None:
        """Seconds after which enforce() should be called again; None for never."""
        return KILL_TIME / 10 if any(process.killed_at is not None for process in processes) else None

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Kills the fork servers, and then their processes without them."""
        for process in processes:
            if process.killed_at is None or now - process.killed_at <= KILL_TIME:
                continue
            if process.generation.state is GenerationState.LOST:
                process.kill()
            else:
                _log.error("killing the fork server of process %s: it does not answer", process.pid)
                process.generation.kill()
