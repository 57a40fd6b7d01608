"""The event of a job that failed."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job


class FunctionFailureEvent(Event):
    """The handler raised, or a listener of the job's other events did, or the result cannot be serialized.

    The client is sent the exception after the listeners were called.
    """

    __slots__ = ("exception", "job", "job_handler")

    def __init__(self, name: str, job_handler: JobHandlerInterface, job: Job, exception: BaseException) -> None:
        super().__init__(name)
        self.job_handler = job_handler
        self.job = job
        self.exception = exception

    def get_job_handler(self) -> JobHandlerInterface:
        """The handler."""
        return self.job_handler

    def get_job(self) -> Job:
        """The job."""
        return self.job

    def get_exception(self) -> BaseException:
        """What was raised."""
        return self.exception
