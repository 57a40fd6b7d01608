"""The event of a job that failed and is tried again."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job


class FunctionRetryEvent(Event):
    """An attempt of a job has failed, and there is another one.

    In a worker that runs several jobs at once, the event of a job that goes on comes in the thread of its handler, that
    of a coroutine in a thread of asyncio.to_thread().

    Attributes:
        job_handler: The handler.
        job: Its Job.
        exception: What the handler has raised.
        delay: The seconds until the next attempt.
        is_in_place: Whether this worker makes it, and the job goes on; otherwise the job was submitted again, and this
            one ends.

    Example:
            def on_retry(event: FunctionRetryEvent):
                logger.warning("attempt %d: %s; again in %.0f s", event.job.attempt, event.exception, event.delay)

            dispatcher.add_listener(EventName.FUNCTION_RETRY, on_retry)
    """

    __slots__ = ("delay", "exception", "is_in_place", "job", "job_handler")

    def __init__(
        self,
        name: str,
        job_handler: JobHandlerInterface,
        job: Job,
        exception: Exception,
        delay: float,
        is_in_place: bool,
    ) -> None:
        super().__init__(name)
        self.job_handler = job_handler
        self.job = job
        self.exception = exception
        self.delay = delay
        self.is_in_place = is_in_place
