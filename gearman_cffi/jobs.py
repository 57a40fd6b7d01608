"""Job, which a client submits and a handler executes, and the type of what the bulk calls accept."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from gearman_cffi.exceptions import JobNotRunning
from gearman_cffi.messages import short_repr

if TYPE_CHECKING:
    from gearman_cffi.attempts import Attempt
    from gearman_cffi.priorities import Priority


class Job:
    """A job: the name of a function, and a workload for it.

    A handler gets the job that it executes. Then handle is the server's name for the job; attempt is the number of this
    attempt, from 1, and last_attempt that of the last one that there may be, None for a job that is not tried again.

    send_status(), send_data() and send_warning() are for a handler, while it executes the job it was given. At other
    times they raise JobNotRunning.

    Args:
        job_name: The name of the function.
        workload: A value for the serializer.
        unique: The unique key; None for a generated one.
        priority: None for the priority of the bulk call.
        delay: When a background job may run, as for Client.execute_in_background().
        at: When a background job may run, as for Client.execute_in_background().
        retries: How often the job may be tried again, as for Client.execute_in_background().

    Example:
            client.execute_jobs([Job("resize", "a.png"), Job("resize", "b.png", priority=Priority.HIGH)])
    """

    __slots__ = (
        "_job_name",
        "_workload",
        "at",
        "attempt",
        "delay",
        "handle",
        "last_attempt",
        "priority",
        "retries",
        "unique",
    )

    def __init__(
        self,
        job_name: str,
        workload: Any = None,
        unique: str | None = None,
        priority: Priority | int | None = None,
        *,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        retries: int | None = None,
    ) -> None:
        """delay: in seconds or as a timedelta."""
        self._job_name = job_name
        self._workload = workload
        self.unique = unique
        self.priority = priority
        self.delay = delay
        self.at = at
        self.retries: int | Attempt | None = retries  # a worker submits an Attempt
        self.attempt = 1
        self.last_attempt: int | None = None
        self.handle = ""

    def get_job_name(self) -> str:
        """Returns the name of the function.

        Returns:
            The name.

        Example:
                logger.info("starting %s, job %s", job.get_job_name(), job.handle)
        """
        return self._job_name

    def get_workload(self) -> Any:
        """Returns the workload. A handler gets it unserialized.

        Returns:
            The value.

        Raises:
            SerializerError: It cannot be unserialized.

        Example:
                @jobs.handler("reverse")
                def reverse(job):
                    return job.get_workload()[::-1]
        """
        return self._workload

    def send_status(self, numerator: int, denominator: int) -> None:
        """Sends the progress of the job. get_job_status() returns it to any client.

        Args:
            numerator: How much is done, from 0 to 2**32 - 1.
            denominator: How much there is in all, from 0 to 2**32 - 1.

        Raises:
            InvalidArgument: A number is out of range.
            JobNotRunning: No worker executes the job.
            ConnectionLost: The connection to the server was lost.

        Example:
                for number, row in enumerate(rows):
                    job.send_status(number, len(rows))
        """
        self._not_running()

    def send_data(self, data: str | bytes) -> None:
        """Sends a part of the result as it is, without serializing it. The client's result begins with the parts.

        Args:
            data: Text or bytes.

        Raises:
            JobNotRunning: No worker executes the job.
            ConnectionLost: The connection to the server was lost.

        Example:
                for row in rows:
                    job.send_data(f"{row};")
        """
        self._not_running()

    def send_warning(self, warning: str | bytes) -> None:
        """Sends a warning as it is, without serializing it, to a client that watches the job.

        Args:
            warning: Text or bytes.

        Raises:
            JobNotRunning: No worker executes the job.
            ConnectionLost: The connection to the server was lost.

        Example:
                job.send_warning("a.png has no colour profile")
        """
        self._not_running()

    def _not_running(self) -> NoReturn:
        raise JobNotRunning(
            f"no worker executes this job ({short_repr(self._job_name)}): a handler can send only before it returns",
            function=self._job_name,
            handle=self.handle or None,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job_name!r}{' ' + self.handle if self.handle else ''}>"


class JobInterface(Protocol):
    """The interface of the jobs that execute_jobs() and the other bulk calls take. Job implements it.

    An object may also have the attributes unique, priority, delay, at and retries, as Job does.

    Example:
            class Mail(JobInterface):
                def get_job_name(self):
                    return "mail"

                def get_workload(self):
                    return {"to": "anna@example.org"}
    """

    def get_job_name(self) -> str:
        """Returns the name of the function.

        Returns:
            The name.

        Example:
                def get_job_name(self):
                    return "mail"
        """
        ...

    def get_workload(self) -> Any:
        """Returns the workload.

        Returns:
            A value for the serializer.

        Example:
                def get_workload(self):
                    return {"to": self.address}
        """
        ...


_current_job: ContextVar[Job] = ContextVar("gearman_cffi_current_job")


def current_job() -> Job:
    """Returns the Job that is executed here, for code that does not get it: tasks, and what handlers call.

    Asyncio tasks and asyncio.to_thread() inherit it; other threads that a handler starts do not.

    Returns:
        The Job.

    Raises:
        JobNotRunning: No worker executes a job here, as in a test that calls the function.

    Example:
            @jobs.task("export")
            def export(rows: list) -> int:
                for number, row in enumerate(rows):
                    current_job().send_status(number, len(rows))
                return len(rows)
    """
    try:
        return _current_job.get()
    except LookupError:
        raise JobNotRunning("no worker executes a job here: current_job() is for code that a handler calls") from None


set_current_job, reset_current_job = _current_job.set, _current_job.reset
