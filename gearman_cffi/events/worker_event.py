"""Events of the worker itself: it begins, waits, has worked, ends."""

from __future__ import annotations

from gearman_cffi.events.event import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gearman_cffi.worker import Worker


class WorkerEvent(Event):
    """Something about the worker and not about a job.

    By the event's name:

        before_run          run() was called; nothing is connected yet
        on_io_wait          the servers were asked for a job; their answer is waited for next
        on_no_jobs          no server has a job; what is waited for next is the call of one that gets one
        on_work             the wait after either is over (dmank's name: there was no work)
        after_run           a job was answered, also one that failed
        on_before_destroy   the worker was told to stop
    """

    __slots__ = ("worker",)

    def __init__(self, name: str, worker: Worker) -> None:
        super().__init__(name)
        self.worker = worker

    def get_worker_instance(self) -> Worker:
        """The worker; its destroy_worker() ends it."""
        return self.worker
