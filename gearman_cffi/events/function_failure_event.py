"""The event of a job that failed."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job


class FunctionFailureEvent(Event):
    """The handler or a listener of the job's other events raised, or the result cannot be serialized.

    The exception is sent to the client after the listeners were called. The event worker.function.gave_up is one, too:
    it follows if the job had several attempts, and this was the last one.

    Attributes:
        job_handler: The handler.
        job: Its Job.
        exception: The exception.

    Example:
            def on_failure(event: FunctionFailureEvent):
                logger.error("job %s has failed", event.job.handle, exc_info=event.exception)

            dispatcher.add_listener(EventName.FUNCTION_FAILURE, on_failure)
    """

    __slots__ = ("exception", "job", "job_handler")

    def __init__(self, name: str, job_handler: JobHandlerInterface, job: Job, exception: BaseException) -> None:
        super().__init__(name)
        self.job_handler = job_handler
        self.job = job
        self.exception = exception
