"""The event of what went wrong outside a job."""

from __future__ import annotations

from gearman_cffi.events.event import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gearman_cffi.worker import Worker


class WorkerExceptionEvent(Event):
    """Something went wrong that is no job's failure; the worker goes on.

    The exception is a ConnectionFailed when no server can be reached (once, until one can), a ServerError for
    an error that a server sent, and otherwise what a listener raised.
    """

    __slots__ = ("exception", "worker")

    def __init__(self, name: str, worker: Worker, exception: BaseException) -> None:
        super().__init__(name)
        self.worker = worker
        self.exception = exception

    def get_worker(self) -> Worker:
        """The worker."""
        return self.worker

    def get_exception(self) -> BaseException:
        """What went wrong."""
        return self.exception
