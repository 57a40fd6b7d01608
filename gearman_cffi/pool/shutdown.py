"""The shutdown of a pool: the first signal lets running jobs finish; a timeout or a second signal interrupts them."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from enum import Enum

from gearman_cffi.exit_code import ExitCode
from gearman_cffi.messages import count
from gearman_cffi.pool.child_process import ChildProcess, ProcessState
from gearman_cffi.pool.processes import Processes
from gearman_cffi.pool.scoreboard import BusyRecord

_MAX_NAMES = 5  # of running jobs in a line of the log
CLEANUP_TIME = 0.5  # seconds that an interrupted job has before its process is killed
_log = logging.getLogger("gearman_cffi.pool")


class ShutdownState(Enum):
    """How far the shutdown is."""

    NOT_BEGUN = "not begun"
    WAITING = "waiting"  # for running jobs
    INTERRUPTING = "interrupting"


class Shutdown:
    """The state of the shutdown, and the exit code. timeout: seconds for running jobs; None for no limit."""

    def __init__(self, timeout: float | None, processes: Processes) -> None:
        self.exit_code = ExitCode.OK
        self._state = ShutdownState.NOT_BEGUN
        self._timeout = timeout
        self._processes = processes
        self._kill_at: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the pool is to end: it starts no processes any more."""
        return self._state is not ShutdownState.NOT_BEGUN

    @property
    def interval(self) -> float | None:
        """Seconds after which enforce() should be called again; None for never."""
        if self._kill_at is None:
            return None
        return max(0.01, min(0.5, self._kill_at - time.monotonic()))

    def advance(self, reason: str) -> None:
        """The first call lets jobs finish, the second interrupts them, the third kills the processes."""
        now = time.monotonic()
        if self._state is ShutdownState.NOT_BEGUN:
            unfinished = self._unfinished()
            if unfinished:
                _log.info("%s: shutting down, waiting for %s; %s again to force", reason, unfinished, reason)
            else:
                _log.info("%s: shutting down, no job is running", reason)
            self._begin()
        elif self._state is ShutdownState.WAITING:
            unfinished = self._unfinished() or count(len(self._processes), "process", "processes")
            _log.warning("%s again: interrupting %s", reason, unfinished)
            self._state = ShutdownState.INTERRUPTING
            self._kill_at = now + CLEANUP_TIME
            for process in self._processes:
                self._note_hook(process)
                process.send_signal(signal.SIGQUIT)
        else:
            self._kill_at = now

    def _unfinished(self) -> str:
        """The running jobs, and the functions for the start and the end of a process that run; empty for none."""
        jobs = [job for process in self._processes for job in process.jobs()]
        hooks = [f"{process.hook} of process {process.pid}" for process in self._processes if process.hook]
        return ", ".join([_list(jobs), *hooks] if jobs else hooks)

    def _note_hook(self, process: ChildProcess) -> None:
        """The process is interrupted or killed: it is a failure if it runs a function for its start or end."""
        if process.hook and self.exit_code == ExitCode.OK:
            self.exit_code = ExitCode.FAILED

    def fail(self, code: ExitCode) -> None:
        """Shuts down with this exit code; running jobs may finish."""
        self.exit_code = code
        self._begin()

    def _begin(self) -> None:
        self._state = ShutdownState.WAITING
        if self._timeout is not None:
            self._kill_at = time.monotonic() + self._timeout
        for process in self._processes:
            process.stop()

    def enforce(self, now: float) -> None:
        """Kills the processes if the timeout has passed."""
        if self._kill_at is None or now < self._kill_at:
            return
        for process in self._processes:
            if process.state is not ProcessState.KILLED:
                self._note_hook(process)
                for job in process.jobs():
                    _log.error("killing process %s while running job %s (%s)", process.pid, job.handle, job.function)
                if not process.jobs():
                    _log.error("killing process %s: %s", process.pid, process.unfinished)
            process.kill()
        self._kill_at = now + CLEANUP_TIME  # again: the process may have been about to start

    def record_end(self, jobs: Sequence[BusyRecord], status: int | None) -> None:
        """Records that a process ended, with the jobs that it was running and its exit status."""
        if jobs and status != 0:
            for job in jobs:
                _log.error("interrupted; the server gives the job to another worker", extra=job.log_attributes())
            if self.exit_code in (ExitCode.OK, ExitCode.FAILED):
                self.exit_code = ExitCode.INTERRUPTED_JOB
        elif status == ExitCode.FAILED and self.exit_code == ExitCode.OK:
            self.exit_code = ExitCode.FAILED  # the process has logged why


def _list(jobs: Sequence[BusyRecord]) -> str:
    """The number of jobs and the first of them."""
    names = ", ".join(map(str, jobs[:_MAX_NAMES]))
    rest = len(jobs) - _MAX_NAMES
    return f"{count(len(jobs), 'job', 'jobs')}: {names}{f' and {rest} more' if rest > 0 else ''}"
