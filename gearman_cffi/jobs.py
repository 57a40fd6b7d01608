"""Jobs: as a client submits them, as a handler gets them, and what a server knows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from gearman_cffi.exceptions import JobNotRunning
from gearman_cffi.priorities import Priority


class JobInterface(Protocol):
    """What execute_jobs() needs of a job; dmank's JobInterface."""

    def get_job_name(self) -> str:
        """The function's name."""
        ...

    def get_workload(self) -> Any:
        """The workload, a value."""
        ...


class Job:
    """A function's name and a workload: what a client submits, and what a handler is given to execute.

    unique is the unique key; None has one made. priority None takes that of the whole call. handle is the
    server's name for the job: "" until a worker has it. The methods that send are for the job that a
    handler was given, while it executes it; at other times they raise JobNotRunning.
    """

    __slots__ = ("_job_name", "_workload", "handle", "priority", "unique")

    def __init__(
        self,
        job_name: str,
        workload: Any = None,
        unique: str | None = None,
        priority: Priority | int | None = None,
    ) -> None:
        self._job_name = job_name
        self._workload = workload
        self.unique = unique
        self.priority = priority
        self.handle = ""

    def get_job_name(self) -> str:
        """The function that is asked for."""
        return self._job_name

    def get_workload(self) -> Any:
        """The workload; for a handler unserialized. Raises SerializerError where it cannot be read."""
        return self._workload

    def send_status(self, numerator: int, denominator: int) -> None:
        """Tells the client, and anyone who asks for the status, how far the job is: two numbers of 32 bits."""
        self._not_running()

    def send_data(self, data: str | bytes) -> None:
        """Sends a part of the result, as it is: nothing is serialized. The client's answer begins with it."""
        self._not_running()

    def send_warning(self, warning: str | bytes) -> None:
        """Sends a warning, as it is, to a client that watches the job."""
        self._not_running()

    def _not_running(self) -> NoReturn:
        raise JobNotRunning(
            f"job {self._job_name!r} is not being executed by a worker: a handler can send only before it returns",
            function=self._job_name,
            handle=self.handle or None,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job_name!r}{' ' + self.handle if self.handle else ''}>"

    # dmank's names
    getJobName = get_job_name  # noqa: N815
    getWorkLoad = get_workload  # noqa: N815


@dataclass(frozen=True)
class JobStatus:
    """What a server answered about a job handle.

    A finished job, a failed one and one the server never had look alike: not known. is_completed therefore
    means "the server asked has nothing more of it". numerator and denominator are what the worker last sent
    with send_status; both are 0 before it sent any.
    """

    is_known: bool = False
    is_running: bool = False
    numerator: int = 0
    denominator: int = 0

    @classmethod
    def from_answer(cls, answer: Sequence[bool | int]) -> JobStatus:
        """From what GearmanClient.jobStatus() gives: known, running, numerator, denominator."""
        known, running, numerator, denominator = answer
        return cls(bool(known), bool(running), int(numerator), int(denominator))

    @property
    def is_completed(self) -> bool:
        """Neither known nor running."""
        return not self.is_known and not self.is_running

    @property
    def fraction(self) -> float | None:
        """numerator / denominator, or None while the worker has sent no denominator."""
        return self.numerator / self.denominator if self.denominator else None

    def isKnown(self) -> bool:  # noqa: N802
        """is_known as dmank's method."""
        return self.is_known

    def isRunning(self) -> bool:  # noqa: N802
        """is_running as dmank's method."""
        return self.is_running

    def isCompleted(self) -> bool:  # noqa: N802
        """is_completed as dmank's method."""
        return self.is_completed
