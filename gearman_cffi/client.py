"""Client: submits jobs with values as workloads, and returns values."""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, overload

from gearman_cffi.bulk import (
    WINDOW_JOBS,
    BackgroundLane,
    ForegroundLane,
    Lane,
    PendingJob,
    Results,
    Scheduler,
    pending_jobs,
)
from gearman_cffi.checks import MAX_HANDLE, MAX_UNIQUE, check_name, check_namespace
from gearman_cffi.connection import NO_TIMEOUT, ConnectionLimits
from gearman_cffi.connection_pool import ConnectionPool
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.ext import GearmanClient, Reply, ReturnCode, StatusReply
from gearman_cffi.job_encoder import BulkEncoder, EncodedJob, JobEncoder
from gearman_cffi.job_status import JobStatus
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.job_wait import JobWait
from gearman_cffi.job_watch import JobWatch
from gearman_cffi.jobs import Job, JobInterface
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import Serializer, serializer_or_default
from gearman_cffi.servers import Server, ServerCollection

OnError: TypeAlias = Literal["raise", "return"]
_Client = TypeVar("_Client", bound="Client")
_Reply = TypeVar("_Reply", Reply, StatusReply)

# By default. It is the largest default of a ThreadPoolExecutor.
MAX_CONNECTIONS = 32
# How many foreground jobs of a bulk call are outstanding at a time, by default.
IN_FLIGHT = 200
# The codes of a second attempt that say what became of the job. With any other code the server has not accepted it, but
# may have accepted the first attempt: the caller gets the error of that one.
OUTCOMES = frozenset({ReturnCode.SUCCESS, ReturnCode.TIMEOUT, ReturnCode.WORK_FAIL, ReturnCode.WORK_EXCEPTION})


class Client:
    """Submits jobs to the servers of a collection.

    servers: a ServerCollection, a string ("host:port,host:port"), a Server, or an iterable of both; None for the
    environment variable GEARMAN_SERVERS, and 127.0.0.1:4730 if that is not set. The client connects in the first call.
    It submits to the server that was added last, and to the others if it cannot connect to that one.

    connect_timeout, in seconds or as a timedelta: how long a server may take to accept a connection and to answer its
    first request; then the call tries the next server, and leaves this one out for 30 seconds. A call with a timeout
    gives each of several servers an equal share of it at most. None for no limit but that.

    max_connections: how many connections the calls of several threads may have at a time; further calls wait for a free
    one, at most for their timeout, and then raise JobTimeout. Calls for many jobs, watch_job() and on_update open
    connections of their own, which do not count.

    serializer: converts workloads to bytes and answers to values; None for PHP's serialize format. timeout, in seconds
    or as a timedelta: the limit of each call that has none of its own; None for no limit.

    namespace: at most 128 bytes that the server has before the name of each function, so that programs with different
    namespaces share a server; see Worker. Stands for gearman_client_set_namespace().

    If a server was restarted since the last call, the connection is lost. The client retries the call once if the
    server has not returned a job handle. Every failure raises a GearmanError (see gearman_cffi.exceptions).

    Threads may share a Client: each call has a connection to itself. A connection that no call has needed for a minute
    is closed in a later call. In a forked process a Client opens new connections.
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        serializer: Serializer | None = None,
        timeout: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = 5.0,
        max_connections: int = MAX_CONNECTIONS,
        *,
        namespace: str | None = None,
    ) -> None:
        if servers is None:
            servers = ServerCollection.from_environment()
        elif not isinstance(servers, ServerCollection):
            servers = ServerCollection(servers)
        self._serializer = serializer_or_default(serializer)
        namespace = check_namespace(namespace)
        self._foreground = JobEncoder(self._serializer, False, namespace)
        self._background = JobEncoder(self._serializer, True, namespace)
        self._timeout = to_milliseconds(timeout)
        limits = ConnectionLimits(self._timeout, to_milliseconds(connect_timeout, "connect_timeout"))
        if max_connections < 1:
            raise ValueError(f"max_connections must be at least 1, not {max_connections}")
        self._servers = servers
        self._connections = ConnectionPool(servers, limits, max_connections)

    def set_implementation(self, client: GearmanClient) -> None:
        """Uses this GearmanClient from now on. The next call adds the servers to it.

        Calls that run at the same time in other threads use copies of it, with the options that it has at that call.
        """
        self._renew_connections(client)

    def close(self) -> None:
        """Closes the connections; those of calls that are running in other threads, when these end.

        The next call opens new ones.
        """
        self._renew_connections()

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._server_names()!r})"

    # ------------------------------------------------------------------------------------ one job

    def execute_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        on_update: Callable[[JobUpdate], object] | None = None,
        *,
        retries: int | None = None,
    ) -> Any:
        """Runs a job in the foreground and returns its result, unserialized (GearmanClient::doNormal()).

        function: the name of the function, at most 512 bytes. workload: a value for the serializer. priority: a
        Priority. unique: a key of at most 63 bytes; while a job of the same function and key is queued or running, this
        call joins it and gets its result. timeout: in seconds or as a timedelta; None for the client's own. on_update:
        called with a JobUpdate when the server has accepted the job, and for each status, warning and part of the
        result. retries: how often the worker may try again, while this call waits, if the job fails; only Workers of
        this package do.

        Raises JobException if the worker's function raised, JobFailed if the worker gave no reason, JobTimeout,
        ConnectionFailed, ConnectionLost, ServerError, InvalidArgument and SerializerError.
        """
        if on_update is not None:
            watch = self.watch_job(function, workload, priority, unique, timeout, retries=retries)
            for update in watch:
                on_update(update)
            return watch.result()
        job = Job(function, workload, unique, retries=retries)
        reply = self._submit(self._foreground.encode_one(job, priority), timeout)
        return self._serializer.unserialize(reply.data or b"")

    def watch_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        *,
        retries: int | None = None,
    ) -> JobWatch:
        """Runs a job in the foreground. Iterate for its updates; result() returns the result.

            watch = client.watch_job("resize", name)
            for update in watch:
                print(update.fraction)
            print(watch.result())

        The arguments are those of execute_job(). Raises InvalidArgument and SerializerError; result() raises the
        other exceptions of execute_job().
        """
        job = Job(function, workload, unique, retries=retries)
        pending = PendingJob(job, self._foreground.encode_one(job, priority))
        seconds = self._seconds(timeout)
        lanes = self._foreground_lanes(1)
        # No retry: the caller may have seen updates of the first attempt.
        scheduler = Scheduler(lanes, [pending], window=1, retries=0, job_timeout=seconds)
        return JobWatch(scheduler, pending, self._serializer)

    def execute_in_background(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        *,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        retries: int | None = None,
    ) -> str:
        """Submits a job in the background and returns its handle (GearmanClient::doBackground()).

        delay: seconds or a timedelta after which the server may give the job to a worker. at: the time from which it
        may, a datetime with a time zone; one that is past is at once. The server's clock counts, in whole seconds.
        gearmand knows no priority for such jobs but Priority.NORMAL. Stands for gearman_execute() with
        gearman_task_attr_init_epoch().

        retries: how often the job may be tried again if it fails, from 0 to 98; None leaves that to the handler. A
        worker submits it again, with a delay. Such jobs do not join jobs that are submitted without retries.

        The other arguments and the exceptions are those of execute_job(), without those of a worker.
        """
        job = Job(function, workload, unique, delay=delay, at=at, retries=retries)
        return self._submit(self._background.encode_one(job, priority), timeout).handle

    def get_job_status(self, handle: str, timeout: float | timedelta | None = None) -> JobStatus:
        """Returns what the server knows about the job with this handle (GearmanClient::jobStatus()).

        The server does not know a job that is done. timeout: as in execute_job(). Raises the exceptions of
        execute_job(), without those of a worker.
        """
        name = check_name(handle, "a job handle", MAX_HANDLE)
        return self._status(lambda client, limit: client._ask_status(name, limit), timeout, handle)

    def get_job_status_by_unique(self, unique: str, timeout: float | timedelta | None = None) -> JobStatus:
        """As get_job_status(), by the job's unique key (GearmanClient::jobStatusByUniqueKey())."""
        key = check_name(unique, "a unique key", MAX_UNIQUE)
        return self._status(lambda client, limit: client._ask_status_by_unique_key(key, limit), timeout)

    def wait_for(
        self, handle: str | None = None, timeout: float | timedelta | None = None, *, unique: str | None = None
    ) -> bool:
        """Waits until a background job has ended, by asking for its status: after 20 ms, later once a second.

        handle: of the job, or unique: its key. timeout: of the whole call, in seconds or as a timedelta; None for no
        limit but the client's own for each request.

        Returns True if the server knew the job and does not know it any more: it is done, has failed, or was cancelled.
        Returns False if the server did not know it at the first request: it had ended before, or never was there.
        gearmand stores no results, so that the two cannot be told apart. Raises JobTimeout if the job has not ended in
        time, and the exceptions of get_job_status().
        """
        wait = JobWait(handle, unique, timeout)
        for seconds in wait:
            time.sleep(seconds)
            with wait.asking():
                if handle is not None:
                    status = self.get_job_status(handle, wait.left)
                else:
                    status = self.get_job_status_by_unique(unique or "", wait.left)
            if wait.is_over(status):
                break
        return wait.was_known

    # ---------------------------------------------------------------------------------- many jobs

    def execute_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Runs jobs in the foreground, many at once; returns their answers in the order of the jobs.

        priority: for jobs that have none of their own. on_error: "raise" raises, when all jobs have ended, the error of
        the first failed job in the list; "return" puts the exception in the job's place. timeout, in seconds or as a
        timedelta, bounds the whole call; a job without an answer then fails with JobTimeout. The errors of jobs are
        the exceptions of execute_job().

        All jobs are taken from the iterable before the first is submitted. Raises InvalidJob, a TypeError, for an
        item that is not a job; nothing is submitted then.
        """
        check_on_error(on_error)
        seconds = self._seconds(timeout)
        encoder = BulkEncoder(self._foreground, priority)
        pending = list(pending_jobs(encoder, iterate(jobs)))
        if encoder.error is not None:
            raise encoder.error
        if pending:
            lanes = self._foreground_lanes(IN_FLIGHT)
            scheduler = Scheduler(lanes, pending, window=IN_FLIGHT, retries=self._retries(), timeout=seconds)
            try:
                scheduler.run()
            finally:
                scheduler.close()
        answers = [self._outcome(job) for job in pending]
        if on_error == "raise":
            raise_first(job.error for job in pending)
        return answers

    @overload
    def execute_jobs_in_background(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        on_error: Literal["raise"] = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[str]: ...

    @overload
    def execute_jobs_in_background(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        *,
        on_error: Literal["return"],
        timeout: float | timedelta | None = None,
    ) -> list[str | GearmanError]: ...

    def execute_jobs_in_background(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[str] | list[str | GearmanError]:
        """Submits jobs in the background, many at once; returns their handles in the order of the jobs.

        Much faster than a call for each. priority, on_error and timeout are those of execute_jobs().

        Jobs are taken from the iterable while earlier ones are submitted. An item that is not a job ends the call:
        the jobs before it are submitted, then InvalidJob is raised, and its results has their handles and errors.
        An exception of the iterable is raised in the same way, when the jobs before it are submitted.
        """
        check_on_error(on_error)
        seconds = self._seconds(timeout)
        results = Results()
        encoder = BulkEncoder(self._background, priority)
        encoded = results.encoded(iterate(jobs), encoder)
        first = next(encoded, None)
        if first is not None:  # otherwise no server is needed
            lanes = self._background_lanes(results)
            window = 2 * WINDOW_JOBS * len(lanes)  # one window is submitted while the next is prepared
            coming = itertools.chain((first,), encoded)
            Scheduler(lanes, coming, window=window, retries=self._retries(), timeout=seconds).run()
        if encoder.error is not None:
            if isinstance(encoder.error, InvalidJob):
                encoder.error.results = results.all()
            raise encoder.error
        if on_error == "raise":
            results.raise_first()
        return results.all()

    def stream_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        in_flight: int = IN_FLIGHT,
        timeout: float | timedelta | None = None,
    ) -> Iterator[tuple[JobInterface, Any]]:
        """Runs jobs in the foreground and yields (job, answer) as the answers come.

        For a job that failed the answer is the exception, a GearmanError. Jobs are taken from the iterable as there
        is room: at most in_flight of them are unanswered. priority: for jobs that have none of their own. timeout, in
        seconds or as a timedelta, bounds each job from its submission.
        If the caller stops early, the remaining answers are dropped, and the server forgets the jobs that no worker
        has started.

        An item that is not a job ends the stream: the answers of all jobs before it are yielded, then InvalidJob, a
        TypeError, is raised. An exception of the iterable is raised in the same way.
        """
        check_in_flight(in_flight)
        seconds = self._seconds(timeout)
        encoder = BulkEncoder(self._foreground, priority)
        return self._stream(iterate(jobs), encoder, in_flight, seconds)

    def _stream(
        self, jobs: Iterator[JobInterface], encoder: BulkEncoder, in_flight: int, seconds: float | None
    ) -> Iterator[tuple[JobInterface, Any]]:
        ended: deque[PendingJob] = deque()
        lanes = self._foreground_lanes(in_flight, ended.append)
        pending = pending_jobs(encoder, jobs)
        scheduler = Scheduler(lanes, pending, window=in_flight, retries=self._retries(), job_timeout=seconds)
        try:
            while scheduler.step():
                while ended:
                    job = ended.popleft()
                    yield job.job, self._outcome(job)
        finally:
            scheduler.close()
        if encoder.error is not None:
            raise encoder.error

    def _outcome(self, job: PendingJob) -> Any:
        """Returns the answer of a job that has ended, or its error."""
        if job.error is None:
            try:
                return self._serializer.unserialize(job.answer)
            except GearmanError as error:
                job.error = error
        return job.error

    def _foreground_lanes(
        self, most: int, on_end: Callable[[PendingJob], object] | None = None
    ) -> list[Lane[PendingJob]]:
        """Returns a lane for each server, at most this many. on_end: called with each job that has ended."""
        original, servers = self._own_connections().original(), self._server_names()
        count = max(1, min(len(self._servers), most))
        return [ForegroundLane(original, rotation, servers, on_end) for rotation in range(count)]

    def _background_lanes(self, results: Results) -> list[Lane[EncodedJob]]:
        original, servers = self._own_connections().original(), self._server_names()
        count = max(1, len(self._servers))
        return [BackgroundLane(original, rotation, servers, results) for rotation in range(count)]

    def _retries(self) -> int:
        return len(self._servers) - 1

    # ----------------------------------------------------------------------------------- requests

    def _submit(self, job: EncodedJob, timeout: float | timedelta | None) -> Reply:
        _, kind, function, key, data, epoch = job
        milliseconds = self._milliseconds(timeout)
        reply = self._ask(lambda client, limit: client._submit(kind, function, data, key, limit, epoch), milliseconds)
        if reply.rc:
            raise failure(
                reply.rc,
                server=self._server_names(),
                function=function.decode(),
                handle=reply.handle,
                detail=reply.error,
                exception=reply.exception,
            )
        return reply

    def _status(
        self,
        ask: Callable[[GearmanClient, int], StatusReply],
        timeout: float | timedelta | None,
        handle: str | None = None,
    ) -> JobStatus:
        reply = self._ask(ask, self._milliseconds(timeout))
        if reply.rc:
            raise failure(reply.rc, server=self._server_names(), handle=handle, detail=reply.error)
        return JobStatus.from_answer(reply.status)

    def _ask(self, ask: Callable[[GearmanClient, int], _Reply], milliseconds: int) -> _Reply:
        """Calls ask(client, milliseconds) with a connection that no other call has.

        Retries once if the connection was lost before the server returned a job handle. A server that was restarted
        since the last call has closed the connection; the second attempt opens a new one. milliseconds, -1 for no
        limit, bounds both attempts together, and the wait for a free connection.
        """
        started = time.monotonic()
        connections = self._own_connections()
        connection = connections.borrow(milliseconds)
        try:
            first = ask(connection.client, _left(milliseconds, started))
            if first.rc != ReturnCode.LOST_CONNECTION or first.handle:
                return first
            second = ask(connection.client, _left(milliseconds, started))
            return second if second.rc in OUTCOMES or second.handle else first
        finally:
            connections.release(connection)

    def _own_connections(self) -> ConnectionPool:
        """Returns the connections of this process: a forked child must not use its parent's."""
        connections = self._connections  # another thread may replace it
        if connections.process != os.getpid():
            connections = self._connections = connections.renewed()
        return connections

    def _renew_connections(self, supplied: GearmanClient | None = None) -> None:
        earlier, self._connections = self._connections, self._connections.renewed(supplied)
        earlier.close()

    def _milliseconds(self, timeout: float | timedelta | None) -> int:
        """Returns the timeout of a call, by default the client's own; -1 for no limit."""
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return NO_TIMEOUT if milliseconds is None else milliseconds

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        """Returns the timeout of a bulk call, by default the client's own; None for no limit."""
        milliseconds = self._milliseconds(timeout)
        return None if milliseconds == NO_TIMEOUT else milliseconds / 1000

    def _server_names(self) -> str:
        return str(self._servers)


def _left(milliseconds: int, started: float) -> int:
    """Returns how much of a limit is left, at least 1; -1 for no limit."""
    if milliseconds == NO_TIMEOUT:
        return NO_TIMEOUT
    return max(1, milliseconds - int((time.monotonic() - started) * 1000))


def check_in_flight(in_flight: int) -> None:
    """Raises ValueError if that is not a limit of jobs."""
    if in_flight < 1:
        raise ValueError(f"in_flight must be at least 1, not {in_flight}")


def check_on_error(on_error: str) -> None:
    """Raises ValueError for anything but "raise" and "return"."""
    if on_error not in ("raise", "return"):
        raise ValueError(f'on_error must be "raise" or "return", not {short_repr(on_error)}')


def raise_first(errors: Iterable[GearmanError | None]) -> None:
    """Raises the first error, if there is one."""
    for error in errors:
        if error is not None:
            raise error


def iterate(jobs: Iterable[JobInterface]) -> Iterator[JobInterface]:
    """Returns iter(jobs). Raises TypeError with a text about jobs if there is none."""
    try:
        return iter(jobs)
    except TypeError as error:
        raise TypeError(f"jobs must be an iterable of Job objects, not {type(jobs).__name__}") from error
