"""How a pool ends: the first signal lets jobs finish, time or a second signal ends them."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterable

from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.options import ExitCode
from gearman_cffi.pool.scoreboard import RunningJob
from gearman_cffi.pool.slots import Child

GRACE = 0.5  # s, for a job's own clean-up when it is ended in the middle
_log = logging.getLogger("gearman_cffi.pool")


def describe_status(status: int | None) -> str:
    """How a process ended, as in "process 12 ..."."""
    if status is None:
        return "is gone"
    if status < 0:
        return f"died by {_signal_name(-status)}"
    return f"ended with exit code {status}"


# A process that is sent one of these has usually caused it.
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP)


def ended_itself(status: int | None) -> bool:
    """Whether the code of the process has ended it: by an exit, or by a crash."""
    return status is not None and (status >= 0 or -status in _CRASHES)


def was_killed(status: int | None) -> bool:
    """Whether a signal from outside has ended the process."""
    return status is not None and not ended_itself(status)


def describe_death(child: Child, job: RunningJob | None, status: int | None) -> str:
    """The same, with what the child was doing, and what it said itself."""
    middle = "" if job is None else f" in the middle of job {job.handle} of {job.function}"
    why = f": {child.failure}" if child.failure else ""
    return f"{describe_status(status)}{middle}{why}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Ending:
    """The state of the end, and the exit code. shutdown_timeout: seconds, None for ever."""

    def __init__(self, shutdown_timeout: float | None) -> None:
        self.has_begun = False
        self.code: int = ExitCode.OK
        self._shutdown_timeout = shutdown_timeout
        self._kill_at: float | None = None
        self._is_hurried = False
        self._templates: list[Generation] = []

    @property
    def interval(self) -> float | None:
        """Seconds to wait for more at most."""
        if self._kill_at is None:
            return None
        return max(0.01, min(0.5, self._kill_at - time.monotonic()))

    def advance(self, children: Iterable[Child], why: str) -> None:
        """The next step: leave after the job; then leave now; then be killed."""
        now = time.monotonic()
        if not self.has_begun:
            _log.info("%s: the processes finish their jobs and leave", why)
            self._begin(children)
        elif not self._is_hurried:
            _log.warning("%s again: the processes leave now", why)
            self._is_hurried = True
            self._kill_at = now + GRACE
            for child in children:
                child.tell(signal.SIGQUIT)
        else:
            self._kill_at = now

    def fail(self, children: Iterable[Child], code: ExitCode) -> None:
        """Ends with this code; jobs that are being done may finish."""
        self.code = code
        self._begin(children)

    def _begin(self, children: Iterable[Child]) -> None:
        self.has_begun = True
        if self._shutdown_timeout is not None:
            self._kill_at = time.monotonic() + self._shutdown_timeout
        for child in children:
            if not child.is_told:
                child.is_told = True
                child.tell(signal.SIGTERM)

    def enforce(self, children: Iterable[Child], now: float) -> None:
        """Kills those whose time is over."""
        if self._kill_at is None or now < self._kill_at:
            return
        for child in children:
            job = child.job()
            if job is not None:
                _log.error("process %s is killed in the middle of job %s of %s", child.pid, job.handle, job.function)
            child.tell(signal.SIGKILL)
        self._kill_at = now + GRACE  # once more: a signal may have crossed with a child's start

    def ended(self, child: Child, job: RunningJob | None, status: int | None) -> None:
        """A child has ended. With a job it was cut short, if not by the code that it runs itself."""
        if job is not None and status != 0 and self.code == ExitCode.OK:
            self.code = ExitCode.CUT_SHORT

    def await_later(self, template: Generation) -> None:
        """This template was closed and is about to end."""
        self._templates = [earlier for earlier in self._templates if not earlier.has_ended]
        self._templates.append(template)

    def await_templates(self) -> None:
        """Returns when all templates are gone."""
        for template in self._templates:
            template.await_end(2.0)
