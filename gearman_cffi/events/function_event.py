"""The events around a job."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FunctionEvent(Event):
    """A handler is about to get a job, or has returned. An exception of a listener fails the job.

    result is what the handler returned, before it is serialized and sent; [] before the handler ran, as dmank
    has it.
    """

    __slots__ = ("job", "job_handler", "result")

    def __init__(self, name: str, job_handler: JobHandlerInterface, job: Job, *result: Any) -> None:
        super().__init__(name)
        self.job_handler = job_handler
        self.job = job
        self.result: Any = result[0] if result else []

    def get_job_handler(self) -> JobHandlerInterface:
        """The handler."""
        return self.job_handler

    def get_job(self) -> Job:
        """The job."""
        return self.job

    def get_result(self) -> Any:
        """What the handler returned."""
        return self.result
