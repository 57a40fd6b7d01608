"""The interfaces that the packages above implement for the C boundary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gearman_cffi._libgearman.job import JobEnd, NativeJob


class TaskOwner(Protocol):
    """The owner of a client's tasks: handles their packets, and forgets tasks that libgearman has freed."""

    def deliver(self, number: int, event: int, data: bytes) -> int:
        """Handles a packet of the task with this number; returns a return code, SUCCESS to go on.

        With another code the packet is delivered again.
        """

    def forget(self, numbers: Sequence[int]) -> None:
        """libgearman has freed these tasks: their NativeTasks must not be used any more."""


class JobCallbacks(Protocol):
    """Runs the jobs of one function.

    bytes and str that call() returns are sent to the client. work() re-raises its exceptions after libgearman has
    returned. If call() raises one of PROCESS_EXITS, the job goes back to the server.
    """

    @property
    def job_class(self) -> type[NativeJob]:
        """The class of the job that call() gets. Its constructor takes no arguments."""

    @property
    def call(self) -> Callable[[Any], object]:
        """Runs a job. May send the answer itself."""

    def ended(self, job: Any, result: object) -> tuple[JobEnd, int]:
        """Answers a job if call() returned neither bytes nor str, or if the job's return code is not SUCCESS.

        Returns how the job ended, and the return code for work(). For JobEnd.RETURNED the worker's connections are
        closed, so that the server gives the job to a worker again.
        """

    def failed(self, job: Any, error: BaseException) -> None:
        """Answers a job if call() raised. Does nothing for PROCESS_EXITS."""
