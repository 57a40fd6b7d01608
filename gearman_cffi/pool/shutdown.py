"""The shutdown of a pool: the first signal lets running jobs finish; a timeout or a second signal interrupts them."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterable

from gearman_cffi.exit_code import ExitCode
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.scoreboard import BusyRecord
from gearman_cffi.pool.slots import ChildProcess

CLEANUP_TIME = 0.5  # seconds that an interrupted job has before its process is killed
_log = logging.getLogger("gearman_cffi.pool")


class Shutdown:
    """The state of the shutdown, and the exit code. timeout: seconds for running jobs; None for no limit."""

    def __init__(self, timeout: float | None) -> None:
        self.has_begun = False
        self.exit_code = ExitCode.OK
        self._timeout = timeout
        self._kill_at: float | None = None
        self._is_forced = False
        self._closed: list[Generation] = []

    @property
    def interval(self) -> float | None:
        """Seconds after which enforce() should be called again; None for never."""
        if self._kill_at is None:
            return None
        return max(0.01, min(0.5, self._kill_at - time.monotonic()))

    def advance(self, processes: Iterable[ChildProcess], reason: str) -> None:
        """The first call lets jobs finish, the second interrupts them, the third kills the processes."""
        now = time.monotonic()
        if not self.has_begun:
            _log.info("%s: shutting down, waiting for running jobs", reason)
            self._begin(processes)
        elif not self._is_forced:
            _log.warning("%s again: interrupting running jobs", reason)
            self._is_forced = True
            self._kill_at = now + CLEANUP_TIME
            for process in processes:
                process.send_signal(signal.SIGQUIT)
        else:
            self._kill_at = now

    def fail(self, processes: Iterable[ChildProcess], code: ExitCode) -> None:
        """Shuts down with this exit code; running jobs may finish."""
        self.exit_code = code
        self._begin(processes)

    def _begin(self, processes: Iterable[ChildProcess]) -> None:
        self.has_begun = True
        if self._timeout is not None:
            self._kill_at = time.monotonic() + self._timeout
        for process in processes:
            if not process.stop_requested:
                process.stop_requested = True
                process.send_signal(signal.SIGTERM)

    def enforce(self, processes: Iterable[ChildProcess], now: float) -> None:
        """Kills the processes if the timeout has passed."""
        if self._kill_at is None or now < self._kill_at:
            return
        for process in processes:
            job = process.job()
            if job is not None:
                _log.error("killing process %s while running job %s (%s)", process.pid, job.handle, job.function)
            process.send_signal(signal.SIGKILL)
        self._kill_at = now + CLEANUP_TIME  # again: the process may have been about to start

    def record_end(self, job: BusyRecord | None, status: int | None) -> None:
        """Records that a process ended, with the job that it was running and its exit status."""
        if job is not None and status != 0 and self.exit_code == ExitCode.OK:
            self.exit_code = ExitCode.INTERRUPTED_JOB

    def add_closed(self, generation: Generation) -> None:
        """Remembers a closed generation, whose fork server is about to end."""
        self._closed = [earlier for earlier in self._closed if earlier.exit_code is None]
        self._closed.append(generation)

    def wait_for_forkservers(self) -> None:
        """Waits until all fork servers have ended."""
        for generation in self._closed:
            generation.wait(2.0)
