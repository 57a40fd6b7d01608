"""How a process ended: by itself or by a signal from outside, and how the log describes it."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from gearman_cffi.pool.scoreboard import BusyRecord

# A process that dies by one of these signals has usually caused it.
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP)


def was_killed(status: int | None) -> bool:
    """Whether a signal from outside ended the process. status: as of subprocess; None: unknown."""
    return status is not None and status < 0 and -status not in _CRASHES


def describe_status(status: int | None) -> str:
    """How a process ended, as the rest of a sentence: "process 12 ..."."""
    if status is None:
        return "is gone"
    if status < 0:
        return f"died by {_signal_name(-status)}"
    return f"ended with exit code {status}"


def describe_death(status: int | None, jobs: Sequence[BusyRecord], failure: str = "") -> str:
    """describe_status() with the jobs that the process was running, and why it failed, if it has said so."""
    noun = "jobs" if len(jobs) > 1 else "job"
    while_running = f" while running {noun} {', '.join(map(str, jobs))}" if jobs else ""
    return f"{describe_status(status)}{while_running}{f': {failure}' if failure else ''}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
