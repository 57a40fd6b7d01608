"""The events of the worker itself: it starts, waits, has executed a job, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_cffi.events.event import Event

if TYPE_CHECKING:
    from gearman_cffi.worker import Worker


class WorkerEvent(Event):
    """An event of the worker itself. By its name:

    before_run          run() was called; the worker is not connected yet
    on_io_wait          the worker has asked the servers for a job and is about to wait for their replies
    on_no_jobs          no server has a job; the worker is about to wait for one
    on_work             that wait has ended (dmank's name)
    after_run           a job was answered, or has failed
    on_before_destroy   the worker was asked to stop

    Attributes:
        worker: The Worker; its destroy_worker() stops it.

    Example:
            def on_no_jobs(event: WorkerEvent):
                logger.info("nothing to do: the worker ends")
                event.worker.destroy_worker()

            dispatcher.add_listener(EventName.NO_JOBS, on_no_jobs)
    """

    __slots__ = ("worker",)

    def __init__(self, name: str, worker: Worker) -> None:
        super().__init__(name)
        self.worker = worker
