"""LocalGearman: runs the handlers of a JobCollection in the test's process, without a server."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gearman_cffi.application import Application
from gearman_cffi.attempts import Attempt
from gearman_cffi.client import Client
from gearman_cffi.durations import to_span
from gearman_cffi.events import Dispatcher
from gearman_cffi.exceptions import GearmanError, SerializerError
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_queue import ENDS, SubmittedJob, failure_of
from gearman_cffi.testing._local_worker import LocalWorker
from gearman_cffi.worker import Worker

if TYPE_CHECKING:
    from gearman_cffi import aio


@dataclass(frozen=True)
class LocalJob:
    """A job that was submitted.

    Args:
        function: The name of the function.
        workload: The value, or the bytes if the worker's serializer cannot read them.
        unique: The unique key, without the mark of an attempt.
        handle: The handle.
        priority: The priority.
        is_background: Whether no client waits for it.
        not_before: When a delayed job may be run, in UTC; None for other jobs.
        attempt: Its number, if the job may be tried again.

    Example:
            local.client.execute_in_background("mail", "anna")
            assert local.waiting[0].workload == "anna"
    """

    function: str
    workload: Any
    unique: str
    handle: str
    priority: Priority
    is_background: bool
    not_before: datetime | None = None
    attempt: int = 1


@dataclass(frozen=True)
class DoneJob(LocalJob):
    """A job that the worker has done. Background jobs too, whose result no client gets.

    Args:
        function: The name of the function.
        workload: The value, or the bytes if the worker's serializer cannot read them.
        unique: The unique key, without the mark of an attempt.
        handle: The handle.
        priority: The priority.
        is_background: Whether no client waits for it.
        not_before: When a delayed job may be run, in UTC; None for other jobs.
        attempt: Its number, if the job may be tried again.
        result: What a client gets; None if the job failed.
        error: What a client raises; None if the job succeeded. If the handler raised, it is a JobException whose
            __cause__ is the handler's exception.
        updates: What the job has sent.

    Example:
            local.client.execute_in_background("reverse", "abc")
            (done,) = local.work()
            assert done.error is None
            assert done.result == "cba"
    """

    result: Any = None
    error: GearmanError | None = None
    updates: tuple[JobUpdate, ...] = ()


class LocalGearman:
    """A client, a worker and a queue in this process and thread. There is no server and no connection.

    Jobs pass through the code of Client and Worker: values are serialized and unserialized, events come in the Worker's
    order, and the client raises what it raises with a server. The __cause__ of a JobException is the handler's own
    exception.

    A call that waits for an answer runs queued jobs until the answer is there, in the order of gearmand 1.x: by
    function as they were registered, then by priority. (gearmand 2.0 goes by priority first.) Background jobs are run
    by such a call, or by work(). If no job can be run, because no handler listens to the function or the worker was
    stopped, the call raises JobTimeout at once.

    A delayed job is run when the clock says so, which advance() moves. Jobs in the foreground that are tried again do
    not wait for their next attempts.

    Jobs run one at a time, whatever their handlers' concurrency is. Coroutines run in an event loop of LocalGearman, in
    another thread, while the call waits.

    Timeouts and time limits are not applied, there are no idle events, and a client that watches a job gets its updates
    when the job is done.

    Args:
        jobs: A JobCollection or handlers, or an Application, whose functions for the start and the end of a process are
            called now and by close().
        dispatcher: Gets the worker's events.
        serializer: That of the client and the worker.

    Example:
            local = LocalGearman(jobs)
            assert local.client.execute_job("reverse", "abc") == "cba"
    """

    def __init__(
        self,
        jobs: Application | JobCollection | Iterable[JobHandlerInterface] = (),
        dispatcher: Dispatcher | None = None,
        *,
        serializer: Serializer | None = None,
    ) -> None:
        self._hooks = ExitStack()
        if isinstance(jobs, Application):
            self._hooks.enter_context(jobs.running())
            dispatcher = jobs.dispatcher if dispatcher is None else dispatcher
            serializer = jobs.serializer if serializer is None else serializer
            jobs = jobs.jobs
        self._servers = ServerCollection("local")
        self._worker = LocalWorker(self._servers, jobs, dispatcher, serializer)
        self._client = self.new_client()

    @property
    def client(self) -> Client:
        """A Client of this queue. Its close() does nothing, so that it can be passed to code that closes its client."""
        return self._client

    @property
    def worker(self) -> Worker:
        """The Worker. It starts with the first job, and ends with close(), stop() or destroy_worker()."""
        return self._worker

    def new_client(self, serializer: Serializer | None = None) -> Client:
        """Returns another Client of this queue.

        Args:
            serializer: None for the worker's.

        Returns:
            The Client.

        Example:
                php = local.new_client(PhpSerializer(pass_serialized=False))
                assert php.execute_job("reverse", "abc") == "cba"
        """
        chosen = self._worker.serializer if serializer is None else serializer
        return self._worker.new_client(chosen)

    @cached_property
    def aio_client(self) -> aio.Client:
        """An aio.Client of this queue, for any event loop. The worker runs jobs in the event loop's thread."""
        return self.new_aio_client()

    def new_aio_client(self, serializer: Serializer | None = None) -> aio.Client:
        """Returns another aio.Client of this queue.

        Args:
            serializer: None for the worker's.

        Returns:
            The client.

        Example:
                client = local.new_aio_client()
                assert await client.execute_job("reverse", "abc") == "cba"
        """
        from gearman_cffi.testing._local_aio import LocalAioClient  # aio cannot be imported without interposition

        chosen = self._worker.serializer if serializer is None else serializer
        return LocalAioClient(self._worker.queue, self._servers, chosen)

    @property
    def waiting(self) -> list[LocalJob]:
        """The queued jobs, in the order of their submission."""
        return [LocalJob(**self._attributes(job)) for job in self._worker.queue.waiting()]

    @property
    def done(self) -> list[DoneJob]:
        """The jobs that are done, in the order in which they ended."""
        return [self._done(job) for job in self._worker.queue.done]

    def work(self) -> list[DoneJob]:
        """Runs all queued jobs, and those that these submit.

        Jobs that no handler listens to stay in the queue, and so do delayed ones until their time.

        Returns:
            The jobs that were done.

        Example:
                local.client.execute_in_background("reverse", "abc")
                (done,) = local.work()
                assert done.result == "cba"
        """
        done = self._worker.queue.done
        before = len(done)
        self._worker.serve()
        return [self._done(job) for job in done[before:]]

    def advance(self, duration: float | timedelta) -> list[DoneJob]:
        """Moves the clock for delayed jobs forward, then does what work() does.

        The clock shows the real time at first. Delays end at whole seconds, so move it by a second more than the delay.

        Args:
            duration: Seconds or a timedelta.

        Returns:
            The jobs that were done.

        Raises:
            ValueError: The duration is negative.

        Example:
                local.client.execute_in_background("reverse", "abc", delay=3600)
                assert local.work() == []
                (done,) = local.advance(3601)
                assert done.result == "cba"
        """
        seconds = to_span(duration).total_seconds()
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {short_repr(duration)}")
        self._worker.queue.seconds_ahead += seconds
        return self.work()

    def close(self) -> None:
        """Stops the worker, which dispatches on_before_destroy if it has started. No job is run after that.

        Example:
                @pytest.fixture
                def local():
                    local = LocalGearman(jobs)
                    yield local
                    local.close()
        """
        with self._hooks:
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

    def _attributes(self, job: SubmittedJob) -> dict[str, Any]:
        value: Any = job.workload
        with suppress(SerializerError):
            value = self._worker.serializer.unserialize(job.workload)
        attempt = Attempt.read(job.unique)
        return {
            "function": job.function,
            "workload": value,
            "unique": job.unique if attempt is None else attempt.key,
            "attempt": 1 if attempt is None else attempt.number,
            "handle": job.handle,
            "priority": job.priority,
            "is_background": job.is_background,
            "not_before": datetime.fromtimestamp(job.epoch, timezone.utc) if job.epoch else None,
        }

    def _done(self, job: SubmittedJob) -> DoneJob:
        result, error = None, failure_of(job, str(self._servers))
        if error is None:
            try:
                result = self._worker.serializer.unserialize(job.answer)
            except GearmanError as unreadable:
                error = unreadable
        updates = tuple(packet.as_update(job.handle) for packet in job.packets if packet.kind not in ENDS)
        return DoneJob(**self._attributes(job), result=result, error=error, updates=updates)
