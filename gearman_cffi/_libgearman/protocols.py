"""What the rooms above hand to C objects, as types: nothing here is needed when a program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gearman_cffi._libgearman.job import NativeJob


class TaskOwner(Protocol):
    """Who added a client's tasks: takes their packets, and forgets those that have ended."""

    def deliver(self, task: int, event: int) -> int:
        """Takes a packet of a task; returns a return code, SUCCESS to go on."""

    def forget(self, task: int) -> None:
        """libgearman has freed a task: its NativeTask must not be used any more."""


class JobCallbacks(Protocol):
    """What runs the jobs of a function.

    bytes and str that call() returns are sent from here. What call() raises leaves work() once libgearman has returned.
    For PROCESS_EXITS the job goes back to the server unanswered.
    """

    @property
    def job_class(self) -> type[NativeJob]:
        """What it wants to be given. It is made without a call of __init__."""

    @property
    def call(self) -> Callable[[Any], object]:
        """Runs a job; it may answer it."""

    def ended(self, job: Any, result: object) -> tuple[int, int]:
        """Answers a job whose call has returned something else, or whose return code is not SUCCESS.

        Returns a JobEnd, and the return code for work(). If the job is returned to the server, the worker's connections
        are closed.
        """

    def failed(self, job: Any, error: BaseException) -> None:
        """Answers a job whose call has raised. Does nothing for PROCESS_EXITS."""
