"""LocalGearman: a JobCollection run in the test's own process, without a server."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from gearman_cffi.client import Client
from gearman_cffi.events import Dispatcher
from gearman_cffi.exceptions import GearmanError, SerializerError
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.job_watch import JobUpdate, UpdateKind
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_client import LocalClient
from gearman_cffi.testing._local_queue import ENDS, QueuedJob, failure_of
from gearman_cffi.testing._local_worker import LocalWorker
from gearman_cffi.worker import Worker


@dataclass(frozen=True)
class LocalJob:
    """A job that was submitted. workload is the value; the bytes, where the worker's serializer cannot read them."""

    function: str
    workload: Any
    unique: str
    handle: str
    priority: Priority
    is_background: bool


@dataclass(frozen=True)
class DoneJob(LocalJob):
    """A job that the worker has done, also one of the background, whose answer no client gets.

    result is what a client would get, None where the job failed; error what a client would raise, a JobException
    for a handler that raised, whose __cause__ is the handler's own exception. updates are what the job has sent.
    """

    result: Any = None
    error: GearmanError | None = None
    updates: tuple[JobUpdate, ...] = ()


class LocalGearman:
    """A client and a worker with a queue between them, all in this process and thread; no server, no connection.

        local = LocalGearman(jobs)
        assert local.client.execute_job("reverse", "abc") == "cba"

    jobs is a JobCollection or handlers, dispatcher gets the worker's events, serializer is the client's and
    the worker's: as for Worker and Client. The code that does a job is the Worker's and the Client's own: values
    go through the serializer to bytes and back, events come in the Worker's order, and the client raises what it
    raises with a server. Behind a JobException stands the handler's own exception, as its __cause__.

    A call that waits for an answer has the worker do what is queued until the answer is there, in the order in which
    gearmand would hand it out: function by function as they were registered, and by priority within one. A job of the
    background waits until then, or until work(). Where nobody can do a job, because no handler listens to
    the function or the worker was told to stop, the call raises JobTimeout at once. Timeouts and time
    limits are not applied, idle events do not come, and updates reach a watching client when the job is done.
    """

    def __init__(
        self,
        jobs: JobCollection | Iterable[JobHandlerInterface] = (),
        dispatcher: Dispatcher | None = None,
        *,
        serializer: Serializer | None = None,
    ) -> None:
        self._servers = ServerCollection("local")
        self._worker = LocalWorker(self._servers, jobs, dispatcher, serializer)
        self._client = self.new_client()

    @property
    def client(self) -> Client:
        """A Client of this queue. close() does nothing to it: it may be given to code that closes its client."""
        return self._client

    @property
    def worker(self) -> Worker:
        """The Worker. It begins with the first job that is done, and ends with close(), or when it is told to stop."""
        return self._worker

    def new_client(self, serializer: Serializer | None = None) -> Client:
        """Another Client of this queue, with a serializer of its own or the worker's."""
        chosen = self._worker.serializer if serializer is None else serializer
        return LocalClient(self._worker.queue, self._servers, chosen)

    @property
    def waiting(self) -> list[LocalJob]:
        """The jobs that are queued, in the order of their submission."""
        return [LocalJob(**self._described(job)) for job in self._worker.queue.waiting()]

    @property
    def done(self) -> list[DoneJob]:
        """All jobs that have been done, in the order of their ends."""
        return [self._done(job) for job in self._worker.queue.done]

    def work(self) -> list[DoneJob]:
        """Has the worker do all that is queued, and what these jobs submit; returns the jobs that were done.

        Those that no handler listens to stay in the queue.
        """
        done = self._worker.queue.done
        before = len(done)
        self._worker.serve()
        return [self._done(job) for job in done[before:]]

    def close(self) -> None:
        """Ends the worker as stop() would: it tells on_before_destroy if it has begun. Nothing is done after that."""
        self._worker.end()

    def __enter__(self) -> LocalGearman:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        queue = self._worker.queue
        return f"<LocalGearman {len(queue.waiting())} waiting, {len(queue.done)} done>"

    def _described(self, job: QueuedJob) -> dict[str, Any]:
        value: Any = job.workload
        with suppress(SerializerError):
            value = self._worker.serializer.unserialize(job.workload)
        return {
            "function": job.function,
            "workload": value,
            "unique": job.unique,
            "handle": job.handle,
            "priority": job.priority,
            "is_background": job.is_background,
        }

    def _done(self, job: QueuedJob) -> DoneJob:
        result, error = None, failure_of(job, str(self._servers))
        if error is None:
            try:
                result = self._worker.serializer.unserialize(job.answer)
            except GearmanError as unreadable:
                error = unreadable
        updates = tuple(
            JobUpdate(UpdateKind(sent.what.value), job.handle, sent.numerator, sent.denominator, sent.content)
            for sent in job.packets
            if sent.what not in ENDS
        )
        return DoneJob(**self._described(job), result=result, error=error, updates=updates)
