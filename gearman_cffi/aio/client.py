"""Client for asyncio: the calls of gearman_cffi.Client as coroutines."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, TypeVar

from gearman_cffi.aio.job_watch import AsyncJobWatch
from gearman_cffi.aio.lanes import Lanes
from gearman_cffi.aio.stream import Encoded, Ended, Stream
from gearman_cffi.aio.submission import Submission
from gearman_cffi.checks import MAX_HANDLE, MAX_UNIQUE, check_name, check_namespace
from gearman_cffi.client import IN_FLIGHT, OnError, check_in_flight, check_on_error, iterate, raise_first
from gearman_cffi.connection import NO_TIMEOUT
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.ext import JobKind
from gearman_cffi.job_encoder import BulkEncoder, JobEncoder
from gearman_cffi.job_status import JobStatus
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.job_wait import JobWait
from gearman_cffi.jobs import Job, JobInterface
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import Serializer, serializer_or_default
from gearman_cffi.servers import Server, ServerCollection, servers_or_default

_Client = TypeVar("_Client", bound="Client")
Jobs = Iterable[JobInterface] | AsyncIterable[JobInterface]


class Client:
    """Submits jobs to the servers of a collection, and awaits their results in an event loop of asyncio.

    Any number of tasks may use one client at once, over a few connections. It opens them in the first call, and belongs
    to the event loop of that call until it is closed or the loop is. In a forked process it opens new ones.

    If a task is cancelled, its job is abandoned: the server still runs it, and the result is dropped.

    Args:
        servers: As for gearman_cffi.Client.
        serializer: Converts workloads to bytes and results to values; None for PHP's serialize format.
        timeout: The limit of each call that has none of its own, in seconds or as a timedelta; None for no limit.
        connect_timeout: How long a server may take to accept a connection, as for gearman_cffi.Client.
        namespace: At most 128 bytes that the server has before the name of each function; as for gearman_cffi.Client.

    Example:
            async with aio.Client("127.0.0.1:4730", timeout=10) as client:
                print(await client.execute_job("reverse", "hello"))
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        serializer: Serializer | None = None,
        timeout: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = 5.0,
        *,
        namespace: str | None = None,
    ) -> None:
        self._servers = servers_or_default(servers)
        self._serializer = serializer_or_default(serializer)
        namespace = check_namespace(namespace)
        self._foreground = JobEncoder(self._serializer, False, namespace)
        self._background = JobEncoder(self._serializer, True, namespace)
        self._timeout = to_milliseconds(timeout)
        connect_ms = to_milliseconds(connect_timeout, "connect_timeout")
        self._connect_ms = NO_TIMEOUT if connect_ms is None else connect_ms
        self._lanes: Lanes | None = None

    async def close(self) -> None:
        """Closes the connections; outstanding calls and streams raise ConnectionLost. The next call opens new ones.

        Example:
                await client.close()
                await client.execute_job("reverse", "hello")  # connects again
        """
        lanes, self._lanes = self._lanes, None
        if lanes is not None and lanes.process == os.getpid():
            lanes.close()

    def forget(self) -> None:
        """Closes the connections when no event loop runs. Nobody gets the results of outstanding jobs.

        Raises:
            ConcurrentUseError: The event loop of the client runs.

        Example:
                asyncio.run(client.execute_job("reverse", "hello"))
                client.forget()  # no event loop runs here, so close() cannot be awaited
        """
        if self._lanes is not None:
            self._lanes.forget()
            self._lanes = None

    def __del__(self) -> None:
        """Closes the connections: the event loop, which watches them, would keep them open."""
        lanes = getattr(self, "_lanes", None)  # __init__() may have failed
        if lanes is not None and lanes.process == os.getpid() and not lanes.loop.is_closed():
            lanes.loop.call_soon_threadsafe(lanes.close)

    async def __aenter__(self: _Client) -> _Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"aio.Client({self._server_names()!r})"

    # ------------------------------------------------------------------------------------ one job

    async def execute_job(
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
                result = await client.execute_job("reverse", "hello", timeout=10)
        """
        if on_update is not None:
            watch = self.watch_job(function, workload, priority, unique, timeout, retries=retries)
            try:
                async for update in watch:
                    on_update(update)
                return await watch.result()
            finally:
                await watch.aclose()
        job = Job(function, workload, unique, retries=retries)
        submission = Submission.of(self._foreground.encode_one(job, priority))
        del job  # not needed while the answer is awaited
        await self._run(submission, self._seconds(timeout))
        return self._outcome(submission)

    def watch_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        *,
        retries: int | None = None,
    ) -> AsyncJobWatch:
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
            An AsyncJobWatch, an iterator of JobUpdate. Its result() raises the exceptions of execute_job().

        Raises:
            InvalidArgument: A name, a key or the priority cannot be sent.
            SerializerError: The workload or the result cannot be converted.

        Example:
                watch = client.watch_job("resize", name)
                async for update in watch:
                    print(update.fraction)
                print(await watch.result())
        """
        job = Job(function, workload, unique, retries=retries)
        submission = Submission.of(self._foreground.encode_one(job, priority))
        submission.retries = 0  # the caller may have seen updates of the first attempt
        seconds = self._seconds(timeout)
        return AsyncJobWatch(submission, lambda watched: self._start(watched, seconds), self._outcome)

    async def execute_in_background(
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
                handle = await client.execute_in_background("mail", "anna@example.org", unique="order-7")
        """
        job = Job(function, workload, unique, delay=delay, at=at, retries=retries)
        submission = Submission.of(self._background.encode_one(job, priority))
        await self._run(submission, self._seconds(timeout))
        if submission.rc:
            raise submission.failure(self._server_names())
        return submission.handle

    async def get_job_status(self, handle: str, timeout: float | timedelta | None = None) -> JobStatus:
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
                status = await client.get_job_status(handle)
        """
        name = check_name(handle, "a job handle", MAX_HANDLE)
        return await self._status(Submission(JobKind.JOB_STATUS, name), timeout)

    async def get_job_status_by_unique(self, unique: str, timeout: float | timedelta | None = None) -> JobStatus:
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
                await client.execute_in_background("ship", {"order": 7}, unique="order-7")
                status = await client.get_job_status_by_unique("order-7")
                if status.is_known:
                    print("running" if status.is_running else "queued")
        """
        key = check_name(unique, "a unique key", MAX_UNIQUE)
        return await self._status(Submission(JobKind.UNIQUE_STATUS, key), timeout)

    async def wait_for(
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
                await client.wait_for(handle, timeout=60)
        """
        wait = JobWait(handle, unique, timeout, retries)
        for seconds in wait:
            await asyncio.sleep(seconds)
            with wait.asking():
                if handle is not None:
                    status = await self.get_job_status(handle, wait.left)
                else:
                    status = await self.get_job_status_by_unique(wait.unique, wait.left)
            if wait.is_over(status):
                break
        return wait.was_known

    # ---------------------------------------------------------------------------------- many jobs

    async def execute_jobs(
        self,
        jobs: Jobs,
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Runs jobs in the foreground, many at once.

        All jobs are taken from the iterable before the first one is submitted.

        Args:
            jobs: Job objects; an iterable, or an asynchronous one.
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
                results = await client.execute_jobs(Job("resize", name) for name in names)
        """
        check_on_error(on_error)
        seconds = self._seconds(timeout)
        encoder = BulkEncoder(self._foreground, priority)
        encoded = list(encoder.encode_all(await _list_of(jobs)))
        if encoder.error is not None:
            raise encoder.error
        answers: list[Any] = [None] * len(encoded)
        errors: list[GearmanError | None] = [None] * len(encoded)
        if encoded:
            stream = Stream(await self._ready(seconds), _as_it_is, IN_FLIGHT, len(self._servers), timeout=seconds)
            async for ended in stream.run(encoded):
                answers[ended.position], errors[ended.position] = self._answer(ended)
        if on_error == "raise":
            raise_first(errors)
        return answers

    async def execute_jobs_in_background(
        self,
        jobs: Jobs,
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Submits jobs in the background, many at once. Much faster than a call for each.

        Jobs are taken from the iterable while earlier ones are submitted. If an item is not a job, or the iterable
        raises an exception, the jobs before it are submitted.

        Args:
            jobs: Job objects; an iterable, or an asynchronous one.
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
                handles = await client.execute_jobs_in_background(Job("mail", name) for name in names)
        """
        check_on_error(on_error)
        seconds = self._seconds(timeout)
        encoder = BulkEncoder(self._background, priority)
        jobs = jobs if isinstance(jobs, AsyncIterable) else iterate(jobs)
        results: dict[int, str | GearmanError] = {}
        try:
            async for ended in self._stream(jobs, encoder, IN_FLIGHT, timeout=seconds):
                error = self._error(ended)
                results[ended.position] = error or ended.handle
        except InvalidJob as invalid:
            invalid.results = [results[index] for index in sorted(results)]
            raise
        handles = [results[index] for index in sorted(results)]
        if on_error == "raise":
            raise_first(handle if isinstance(handle, GearmanError) else None for handle in handles)
        return handles

    def stream_jobs(
        self,
        jobs: Jobs,
        priority: Priority | int = Priority.NORMAL,
        in_flight: int = IN_FLIGHT,
        timeout: float | timedelta | None = None,
    ) -> AsyncGenerator[tuple[JobInterface, Any], None]:
        """Runs jobs in the foreground and yields each job with its result as the results come.

        If the caller stops early, jobs without an answer are abandoned when the generator is closed. If an item is not
        a job, or the iterable raises an exception, the results of all jobs before it are yielded first.

        Args:
            jobs: Job objects; an iterable, or an asynchronous one.
            priority: For jobs that have none of their own.
            in_flight: How many jobs may be unanswered at a time. More are taken from the iterable when there is room.
            timeout: Of each job from its submission, in seconds or as a timedelta; None for the client's own.

        Yields:
            (job, result). For a job that has failed the result is the exception, a GearmanError.

        Raises:
            InvalidJob: An item is not a job. It is a TypeError that names the item and its index.
            ValueError: in_flight is below 1.

        Example:
                async for job, result in client.stream_jobs(jobs):
                    print(job.get_workload(), result)
        """
        check_in_flight(in_flight)
        seconds = self._seconds(timeout)
        encoder = BulkEncoder(self._foreground, priority)
        return self._answers(jobs if isinstance(jobs, AsyncIterable) else iterate(jobs), encoder, in_flight, seconds)

    async def _answers(
        self, jobs: Jobs, encoder: BulkEncoder, in_flight: int, seconds: float | None
    ) -> AsyncGenerator[tuple[JobInterface, Any], None]:
        stream = self._stream(jobs, encoder, in_flight, job_timeout=seconds)
        async with aclosing(stream):
            async for ended in stream:
                answer, _ = self._answer(ended)
                yield ended.job, answer

    async def _stream(
        self,
        jobs: Jobs,
        encoder: BulkEncoder,
        window: int,
        job_timeout: float | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[Ended, None]:
        def encode(job: JobInterface, index: int) -> Encoded:
            return job, encoder.encode(job, index)

        lanes = await self._ready(timeout if job_timeout is None else job_timeout)
        stream = Stream(lanes, encode, window, len(self._servers), job_timeout, timeout).run(jobs)
        async with aclosing(stream):
            async for ended in stream:
                yield ended

    def _error(self, ended: Ended) -> GearmanError | None:
        if isinstance(ended.result, GearmanError):
            return ended.result
        return ended.result.error(self._server_names())

    def _answer(self, ended: Ended) -> tuple[Any, GearmanError | None]:
        """Returns the answer of a job that has ended, or twice its error."""
        error = self._error(ended)
        if error is None:
            try:
                return self._serializer.unserialize(ended.data), None
            except GearmanError as unreadable:
                error = unreadable
        return error, error

    # ----------------------------------------------------------------------------------- requests

    def _outcome(self, submission: Submission) -> Any:
        if submission.rc:
            raise submission.failure(self._server_names())
        return self._serializer.unserialize(submission.data)

    async def _status(self, submission: Submission, timeout: float | timedelta | None) -> JobStatus:
        await self._run(submission, self._seconds(timeout))
        if submission.rc:
            raise submission.failure(self._server_names())
        return JobStatus.from_answer(submission.status)

    async def _run(self, submission: Submission, seconds: float | None) -> None:
        """Submits it, and waits until it has ended."""
        lanes = self._usable_lanes()
        if lanes is None:
            lanes, seconds = await self._make_usable(seconds)
        submission.waiter = lanes.loop.create_future()
        submission.on_end = Submission.wake_up
        lanes.submit(submission, seconds)
        try:
            await submission.waiter
        except BaseException:
            lanes.abandon(submission)
            raise

    async def _start(self, submission: Submission, seconds: float | None) -> Lanes:
        lanes = self._usable_lanes()
        if lanes is None:
            lanes, seconds = await self._make_usable(seconds)
        lanes.submit(submission, seconds)
        return lanes

    def _usable_lanes(self) -> Lanes | None:
        """Returns the lanes, if they are those of the running loop and all host names are looked up."""
        lanes = self._lanes
        if lanes is None or lanes.loop is not asyncio.get_running_loop() or lanes.process != os.getpid():
            return None
        return lanes if lanes.is_ready else None

    async def _make_usable(self, seconds: float | None) -> tuple[Lanes, float | None]:
        """Returns the lanes of the running loop, and what is left of the time."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        lanes = await self._ready(seconds)
        return lanes, None if seconds is None else max(0.0, seconds - (loop.time() - started))

    async def _ready(self, seconds: float | None) -> Lanes:
        """Returns the lanes of the running loop, when all host names are looked up."""
        lanes, loop = self._lanes, asyncio.get_running_loop()
        if lanes is not None and (lanes.loop is not loop or lanes.process != os.getpid()):
            self.forget()
            lanes = None
        if lanes is None:
            lanes = self._lanes = self._new_lanes(loop)
        if not lanes.is_ready:
            await lanes.prepare(seconds)
        return lanes

    def _new_lanes(self, loop: asyncio.AbstractEventLoop) -> Lanes:
        return Lanes(loop, self._servers, self._connect_ms)

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        """Returns the timeout of a call, by default the client's own; None for no limit."""
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return None if milliseconds is None else milliseconds / 1000

    def _server_names(self) -> str:
        return str(self._servers)


def _as_it_is(item: Encoded, index: int) -> Encoded:
    return item


async def _list_of(jobs: Jobs) -> list[JobInterface]:
    if isinstance(jobs, AsyncIterable):
        return [job async for job in jobs]
    return list(iterate(jobs))
