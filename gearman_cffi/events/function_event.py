"""The events around a job."""

from __future__ import annotations

from typing import Any

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job


class FunctionEvent(Event):
    """A handler is about to execute a job, or has returned. If a listener raises an exception, the job fails.

    Attributes:
        job_handler: The handler.
        job: Its Job.
        result: The value that the handler has returned; [] before the handler runs, as in dmank.

    Example:
            def on_result(event: FunctionEvent):
                logger.info("job %s: %r -> %r", event.job.handle, event.job.get_workload(), event.result)

            dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, on_result)
    """

    __slots__ = ("job", "job_handler", "result")

    def __init__(self, name: str, job_handler: JobHandlerInterface, job: Job, *result: Any) -> None:
        super().__init__(name)
        self.job_handler = job_handler
        self.job = job
        self.result: Any = result[0] if result else []
