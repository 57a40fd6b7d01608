"""Jobs: as a client submits them, and as a handler gets them."""

from __future__ import annotations

from gearman_cffi.exceptions import JobNotRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from gearman_cffi.priorities import Priority


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
        """Sends how far the job is: two ints from 0 to 2**32 - 1. get_job_status() returns them to any client."""
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
