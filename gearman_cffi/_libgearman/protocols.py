"""What the rooms above hand to C objects, as types: nothing here is needed when a program runs."""

from __future__ import annotations

from typing import Any, Protocol

from gearman_cffi._libgearman.jobs import JobHandle


class TaskOwner(Protocol):
    """Who added a client's tasks: takes their packets, and forgets those that have ended."""

    def deliver(self, task: int, event: int) -> int:
        """Takes a packet of a task; returns a return code, SUCCESS to go on."""

    def forget(self, task: int) -> None:
        """libgearman has freed a task: its TaskHandle must not be used any more."""


class JobRunner(Protocol):
    """What runs the jobs of a function."""

    @property
    def job_class(self) -> type[JobHandle]:
        """What it wants to be given. It is made without a call of __init__."""

    def run(self, job: Any) -> bool:
        """Runs a job and answers it; whether it did.

        A job that is not answered goes back to the server, with all of the worker's connections. An Exception leaves
        work() once libgearman has returned; any other BaseException does too, and the job is given back unanswered.
        """
