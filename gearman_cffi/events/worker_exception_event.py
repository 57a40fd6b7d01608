"""The event of a failure outside a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_cffi.events.event import Event

if TYPE_CHECKING:
    from gearman_cffi.worker import Worker


class WorkerExceptionEvent(Event):
    """Something failed outside a job; the worker continues.

    Attributes:
        worker: The Worker.
        exception: A ConnectionFailed if no server can be reached (once, until one can), a ServerError for an error that
            a server has sent, and otherwise what a listener has raised.

    Example:
            def on_failure(event: WorkerExceptionEvent):
                if isinstance(event.exception, ConnectionFailed):
                    logger.critical("no job server can be reached: %s", event.exception)

            dispatcher.add_listener(EventName.WORKER_FAILURE, on_failure)
    """

    __slots__ = ("exception", "worker")

    def __init__(self, name: str, worker: Worker, exception: BaseException) -> None:
        super().__init__(name)
        self.worker = worker
        self.exception = exception
