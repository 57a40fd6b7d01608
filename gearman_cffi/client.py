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
from gearman_cffi.servers import Server, ServerCollection, servers_or_default

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

    It connects in the first call, and submits to the server that was added last, or to the others if it cannot connect
    to that one. Every failure raises a GearmanError (see gearman_cffi.exceptions).

    If a server was restarted since the last call, the connection is lost. The client then submits once more, if the
    server has not returned a job handle.

    Threads may share a Client: each call has a connection to itself. A connection that no call has needed for a minute
    is closed in a later call. In a forked process a Client opens new connections.

    Args:
        servers: A ServerCollection, a string ("host:port,host:port"), a Server, or an iterable of both; None for the
            environment variable GEARMAN_SERVERS, and 127.0.0.1:4730 if that is not set.
        serializer: Converts workloads to bytes and results to values; None for PHP's serialize format.
        timeout: The limit of each call that has none of its own, in seconds or as a timedelta; None for no limit.
        connect_timeout: How long a server may take to accept a connection and to answer its first request, in seconds
            or as a timedelta. Then the call tries the next server, and leaves this one out for 30 seconds. A call with
            a timeout gives each of several servers an equal share of it at most. None for no limit but that.
        max_connections: How many connections the calls of several threads may have at a time. Further calls wait for a
            free one, at most for their timeout, and then raise JobTimeout. Calls for many jobs, watch_job() and
            on_update open connections of their own, which do not count.
        namespace: At most 128 bytes that the server has before the name of each function, so that programs with
            different namespaces share a server. Equivalent to gearman_client_set_namespace().

    Raises:
        TypeError: An argument has a wrong type.
        ValueError: A server, a duration or max_connections is out of range.

    Example:
            with Client("127.0.0.1:4730", timeout=10) as client:
                print(client.execute_job("reverse", "hello"))
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
        self._servers = servers_or_default(servers)
        self._serializer = serializer_or_default(serializer)
        namespace = check_namespace(namespace)
        self._foreground = JobEncoder(self._serializer, False, namespace)
        self._background = JobEncoder(self._serializer, True, namespace)
        self._timeout = to_milliseconds(timeout)
        limits = ConnectionLimits(self._timeout, to_milliseconds(connect_timeout, "connect_timeout"))
        if max_connections < 1:
            raise ValueError(f"max_connections must be at least 1, not {max_connections}")
        self._connections = ConnectionPool(self._servers, limits, max_connections)

    def set_implementation(self, client: GearmanClient) -> None:
        """Uses this GearmanClient from now on. The next call adds the servers to it.

        Calls that run at the same time in other threads use copies of it, with the options that it has at that call.

        Args:
            client: A GearmanClient of your own, with options that you have set.

        Example:
                from gearman_cffi.ext import GearmanClient

                gearman_client = GearmanClient()  # of a program that is being ported
                gearman_client.addServer("127.0.0.1", 4730)
                client = Client([])
                client.set_implementation(gearman_client)
        """
        self._renew_connections(client)

    def close(self) -> None:
        """Closes the connections; those of calls that are running in other threads, when these end.

        The next call opens new ones.

        Example:
                client.close()
                client.execute_job("reverse", "hello")  # connects again
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
        """Runs a job in the foreground and returns its result.

        Args:
            function: The name of the function, at most 512 bytes.
            workload: A value that the serializer accepts. The default one accepts None, bool, int, float, str, bytes,
                list, tuple and dict.
            priority: A Priority. It orders the jobs of one function.
            unique: A key of at most 63 bytes. While a job of the same function with the same key waits or runs, this
                call joins it and gets its result.
            timeout: In seconds or as a timedelta; None for the client's own.
            on_update: Called with a JobUpdate when the server has accepted the job, and for each status, warning and
                part of the result.
            retries: How often the worker may try the job again if it fails, while this call waits. Only workers of this
                package retry; others ignore it.

        Returns:
            The result, unserialized.

        Raises:
            JobException: The worker's function has raised an exception.
            JobFailed: The job has failed without a reason.
            ConnectionFailed: No server could be reached. Nothing was submitted.
            ConnectionLost: The connection broke before the server had answered.
            JobTimeout: There was no answer in time. If a worker has the job, it still runs to its end.
            ServerError: The server answered with an error.
            InvalidArgument: A name, a key or the priority cannot be sent.
            SerializerError: The workload or the result cannot be converted.

        Example:
                result = client.execute_job("reverse", "hello", timeout=10)

        Equivalent to GearmanClient::doNormal().
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

        Args:
            function: The name of the function, at most 512 bytes.
            workload: A value for the serializer.
            priority: A Priority. It orders the jobs of one function.
            unique: A key of at most 63 bytes. While a job of the same function with the same key waits or runs, this
                call joins it and gets its result.
            timeout: In seconds or as a timedelta; None for the client's own.
            retries: How often the worker may try the job again if it fails, while this call waits. Only workers of this
                package retry; others ignore it.

        Returns:
            A JobWatch, an iterator of JobUpdate. Its result() raises the exceptions of execute_job().

        Raises:
            InvalidArgument: A name, a key or the priority cannot be sent.
            SerializerError: The workload or the result cannot be converted.

        Example:
                watch = client.watch_job("resize", name)
                for update in watch:
                    print(update.fraction)
                print(watch.result())
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
        """Submits a job in the background and returns its handle.

        Args:
            function: The name of the function, at most 512 bytes.
            workload: A value for the serializer.
            priority: A Priority. It orders the jobs of one function.
            unique: A key of at most 63 bytes. While a job of the same function with the same key waits or runs, this
                call joins it.
            timeout: In seconds or as a timedelta; None for the client's own.
            delay: Seconds or a timedelta after which the server may give the job to a worker. Only with
                Priority.NORMAL.
            at: The time from which it may, a datetime with a time zone; one that is past is at once. The server's clock
                counts, in whole seconds.
            retries: How often the job may be tried again if it fails, from 0 to 98; None leaves that to the handler. A
                worker submits it again, with a delay. Such jobs do not join jobs that are submitted without retries.

        Returns:
            The handle, for get_job_status() and wait_for().

        Raises:
            ConnectionFailed: No server could be reached. Nothing was submitted.
            ConnectionLost: The connection broke before the server had answered.
            JobTimeout: There was no answer in time. The server may have accepted the job.
            QueueFull: The server takes no more jobs of this function.
            ServerError: The server answered with an error.
            InvalidArgument: A name, a key or the priority cannot be sent.
            SerializerError: The workload or the result cannot be converted.

        Example:
                handle = client.execute_in_background("mail", "anna@example.org", unique="order-7")

        Equivalent to GearmanClient::doBackground(); with a delay for gearman_execute() with
        gearman_task_attr_init_epoch().
        """
        job = Job(function, workload, unique, delay=delay, at=at, retries=retries)
        return self._submit(self._background.encode_one(job, priority), timeout).handle

    def get_job_status(self, handle: str, timeout: float | timedelta | None = None) -> JobStatus:
        """Returns what the server knows about the job with this handle.

        The server does not know a job that has ended.

        Args:
            handle: The handle of the job.
            timeout: In seconds or as a timedelta; None for the client's own.

        Returns:
            A JobStatus.

        Raises:
            ConnectionFailed: No server could be reached.
            ConnectionLost: The connection broke before the server had answered.
            JobTimeout: There was no answer in time.
            ServerError: The server answered with an error.
            InvalidArgument: The handle cannot be sent.

        Example:
                status = client.get_job_status(handle)

        Equivalent to GearmanClient::jobStatus().
        """
        name = check_name(handle, "a job handle", MAX_HANDLE)
        return self._status(lambda client, limit: client._ask_status(name, limit), timeout, handle)

    def get_job_status_by_unique(self, unique: str, timeout: float | timedelta | None = None) -> JobStatus:
        """Returns what the server knows about the job with this unique key.

        Args:
            unique: The key, in any function.
            timeout: In seconds or as a timedelta; None for the client's own.

        Returns:
            A JobStatus.

        Raises:
            ConnectionFailed: No server could be reached.
            ConnectionLost: The connection broke before the server had answered.
            JobTimeout: There was no answer in time.
            ServerError: The server answered with an error.
            InvalidArgument: The key cannot be sent.

        Example:
                client.execute_in_background("ship", {"order": 7}, unique="order-7")
                status = client.get_job_status_by_unique("order-7")
                if status.is_known:
                    print("running" if status.is_running else "queued")

        Equivalent to GearmanClient::jobStatusByUniqueKey().
        """
        key = check_name(unique, "a unique key", MAX_UNIQUE)
        return self._status(lambda client, limit: client._ask_status_by_unique_key(key, limit), timeout)

    def wait_for(
        self,
        handle: str | None = None,
        timeout: float | timedelta | None = None,
        *,
        unique: str | None = None,
        retries: int | None = None,
    ) -> bool:
        """Waits until a background job has ended, by asking for its status: after 20 ms, later once a second.

        Args:
            handle: The handle of the job, or of the first attempt of a job with retries; or give unique.
            timeout: Of the whole call, in seconds or as a timedelta; None for no limit but the client's own for each
                request.
            unique: The key of the job; or give handle.
            retries: The retries that the job was submitted with, or those of its handler: waits for all attempts. Only
                with unique, because each attempt has another handle. With several servers it can return too early: the
                worker chooses the server of the next attempt.

        Returns:
            True if the server knew the job and does not know it any more: it is done, has failed, or was cancelled.
            False if the server did not know it at the first request: it had ended before, or never was.

        Raises:
            ConnectionFailed: No server could be reached.
            ConnectionLost: The connection broke before the server had answered.
            JobTimeout: The job has not ended in time.
            ServerError: The server answered with an error.
            InvalidArgument: The handle or the key cannot be sent.

        Example:
                client.wait_for(handle, timeout=60)
        """
        wait = JobWait(handle, unique, timeout, retries)
        for seconds in wait:
            time.sleep(seconds)
            with wait.asking():
                if handle is not None:
                    status = self.get_job_status(handle, wait.left)
                else:
                    status = self.get_job_status_by_unique(wait.unique, wait.left)
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
        """Runs jobs in the foreground, many at once.

        All jobs are taken from the iterable before the first one is submitted.

        Args:
            jobs: Job objects; an iterable.
            priority: For jobs that have none of their own.
            on_error: "raise" raises the error of the first failed job in the list, when all jobs have ended; "return"
                puts errors in the places of results.
            timeout: Of the whole call, in seconds or as a timedelta; None for the client's own. A job without an answer
                then fails with JobTimeout.

        Returns:
            The results, in the order of the jobs.

        Raises:
            InvalidJob: An item is not a job. It is a TypeError that names the item and its index.
            GearmanError: What execute_job() raises, for the first failed job, with on_error="raise".

        Example:
                results = client.execute_jobs(Job("resize", name) for name in names)
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
        """Submits jobs in the background, many at once. Much faster than a call for each.

        Jobs are taken from the iterable while earlier ones are submitted. If an item is not a job, or the iterable
        raises an exception, the jobs before it are submitted.

        Args:
            jobs: Job objects; an iterable.
            priority: For jobs that have none of their own.
            on_error: "raise" raises the error of the first job in the list that was not submitted, after all others
                were; "return" puts errors in the places of handles.
            timeout: Of the whole call, in seconds or as a timedelta; None for the client's own. A job without an answer
                then fails with JobTimeout.

        Returns:
            The handles, in the order of the jobs.

        Raises:
            InvalidJob: An item is not a job; its attribute results has a handle or an error for each job before it.
            GearmanError: What execute_in_background() raises, for the first failed job, with on_error="raise".

        Example:
                handles = client.execute_jobs_in_background(Job("mail", name) for name in names)
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
        """Runs jobs in the foreground and yields each job with its result as the results come.

        If the caller stops early, the remaining results are dropped, and the server forgets the jobs that no worker has
        started. If an item is not a job, or the iterable raises an exception, the results of all jobs before it are
        yielded first.

        Args:
            jobs: Job objects; an iterable.
            priority: For jobs that have none of their own.
            in_flight: How many jobs may be unanswered at a time. More are taken from the iterable when there is room.
            timeout: Of each job from its submission, in seconds or as a timedelta; None for the client's own.

        Yields:
            (job, result). For a job that has failed the result is the exception, a GearmanError.

        Raises:
            InvalidJob: An item is not a job. It is a TypeError that names the item and its index.
            ValueError: in_flight is below 1.

        Example:
                for job, result in client.stream_jobs(jobs):
                    print(job.get_workload(), result)
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
