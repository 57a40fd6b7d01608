"""Types of what the packages above pass to the C boundary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gearman_cffi._libgearman.job import JobEnd, NativeJob


class TaskOwner(Protocol):
    """The object that added a client's tasks: it gets their packets, and forgets tasks that have ended."""

    def deliver(self, number: int, event: int) -> int:
        """Handles a packet of the task with this number; returns a return code, SUCCESS to go on."""

    def forget(self, number: int) -> None:
        """libgearman has freed a task: its NativeTask must not be used any more."""


class JobCallbacks(Protocol):
    """Runs the jobs of one function.

    bytes and str that call() returns are sent to the client. work() raises what it raises, after libgearman has
    returned. A job whose call() raises one of PROCESS_EXITS is returned to the server.
    """

    @property
    def job_class(self) -> type[NativeJob]:
        """The class of the object that call() is given. Its constructor takes no arguments."""

    @property
    def call(self) -> Callable[[Any], object]:
        """Runs a job; it may send the answer by itself."""

    def ended(self, job: Any, result: object) -> tuple[JobEnd, int]:
        """Answers a job whose call has returned something else, or whose return code is not SUCCESS.

        Returns how the job ends, and the return code for work(). If the job is returned to the server, the worker's
        connections are closed.
        """

    def failed(self, job: Any, error: BaseException) -> None:
        """Answers a job whose call has raised. For one of PROCESS_EXITS it does nothing."""
