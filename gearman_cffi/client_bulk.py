"""The part of Client that runs many jobs at once, and watches one."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from gearman_cffi.bulk import (
    WINDOW_JOBS,
    BackgroundLane,
    EncodedJob,
    ForegroundLane,
    JobEncoder,
    Lane,
    PendingJob,
    Results,
    Scheduler,
)
from gearman_cffi.connection import Connection
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.job_interface import JobInterface
from gearman_cffi.job_watch import JobUpdate, JobWatch
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import Serializer

OnError: TypeAlias = Literal["raise", "return"]
EndedJobs: TypeAlias = deque[PendingJob]

# How many foreground jobs are outstanding at a time, unless the caller says otherwise.
IN_FLIGHT = 200


class BulkClient:
    """The base of Client that knows batches."""

    _connection: Connection
    _serializer: Serializer
    _timeout: int | None

    def execute_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Runs jobs in the foreground, many at once; returns their answers in the order of the jobs.

        priority is for jobs that have none of their own. on_error: "raise" raises, when all jobs have ended, the
        error of the first failed job in the list; "return" puts the exception in the job's place. timeout, in
        seconds, bounds the whole call; a job without an answer then fails with JobTimeout. A job fails with what
        execute_job() raises.

        All jobs are taken from the iterable before the first is submitted. Raises InvalidJob, a TypeError, for an
        item that is not a job; nothing is submitted then.
        """
        _check_on_error(on_error)
        seconds = self._seconds(timeout)
        encoder = JobEncoder(self._serializer, priority, background=False)
        pending = list(encoder.pending(_iterate(jobs)))
        if encoder.error is not None:
            raise encoder.error
        if pending:
            ended: EndedJobs = deque(maxlen=0)
            lanes = self._foreground_lanes(IN_FLIGHT, ended)
            scheduler = Scheduler(lanes, pending, window=IN_FLIGHT, retries=self._retries(), timeout=seconds)
            try:
                scheduler.run()
            finally:
                scheduler.close()
        answers = [self._outcome(job) for job in pending]
        if on_error == "raise":
            _raise_first(job.error for job in pending)
        return answers

    def execute_jobs_in_background(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Submits jobs in the background, many at once; returns their handles in the order of the jobs.

        Much faster than a call for each. priority, on_error and timeout are those of execute_jobs().

        Jobs are taken from the iterable while earlier ones are submitted. An item that is not a job ends the call:
        the jobs before it are submitted, then InvalidJob is raised, and its results has their handles and errors.
        An exception of the iterable is raised in the same way, when the jobs before it are submitted.
        """
        _check_on_error(on_error)
        seconds = self._seconds(timeout)
        results = Results()
        encoder = JobEncoder(self._serializer, priority, background=True)
        encoded = results.encoded(_iterate(jobs), encoder)
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
        is room: at most in_flight of them are unanswered. timeout, in seconds, bounds each job from its submission.
        If the caller stops early, the remaining answers are dropped, and the server forgets the jobs that no worker
        has started.

        An item that is not a job ends the stream: the answers of all jobs before it are yielded, then InvalidJob, a
        TypeError, is raised. An exception of the iterable is raised in the same way.
        """
        if in_flight < 1:
            raise ValueError(f"in_flight must be at least 1, not {in_flight}")
        seconds = self._seconds(timeout)
        encoder = JobEncoder(self._serializer, priority, background=False)
        return self._stream(_iterate(jobs), encoder, in_flight, seconds)

    def watch_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> JobWatch:
        """Runs a job in the foreground; iterating gives its updates as they come, result() the answer.

            watch = client.watch_job("resize", name)
            for update in watch:
                print(update.fraction)
            print(watch.result())

        Raises InvalidArgument and SerializerError here, all else that execute_job() raises in result().
        """
        job = Job(function, workload, unique)
        pending = PendingJob(job, JobEncoder(self._serializer, priority, background=False).encode(job))
        seconds = self._seconds(timeout)
        lanes = self._foreground_lanes(1, deque(maxlen=0))
        # No retry: the caller may have seen updates of the first attempt.
        scheduler = Scheduler(lanes, [pending], window=1, retries=0, job_timeout=seconds)
        return JobWatch(scheduler, pending, self._serializer)

    def _execute_watched(
        self, on_update: Callable[[JobUpdate], object], function: str, workload: Any, *how: Any
    ) -> Any:
        watch = self.watch_job(function, workload, *how)
        for update in watch:
            on_update(update)
        return watch.result()

    def _stream(
        self, jobs: Iterator[JobInterface], encoder: JobEncoder, in_flight: int, seconds: float | None
    ) -> Iterator[tuple[JobInterface, Any]]:
        ended: EndedJobs = deque()
        lanes = self._foreground_lanes(in_flight, ended)
        pending = encoder.pending(jobs)
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
        if job.error is None:
            try:
                return self._serializer.unserialize(job.answer)
            except GearmanError as error:
                job.error = error
        return job.error

    def _foreground_lanes(self, most: int, ended: EndedJobs) -> list[Lane[PendingJob]]:
        client, servers = self._connection.get(), self._connection.servers
        count = max(1, min(len(servers), most))
        return [ForegroundLane(client, rotation, str(servers), ended.append) for rotation in range(count)]

    def _background_lanes(self, results: Results) -> list[Lane[EncodedJob]]:
        client, servers = self._connection.get(), self._connection.servers
        count = max(1, len(servers))
        return [BackgroundLane(client, rotation, str(servers), results) for rotation in range(count)]

    def _retries(self) -> int:
        return len(self._connection.servers) - 1

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return None if milliseconds is None else milliseconds / 1000


def _check_on_error(on_error: str) -> None:
    if on_error not in ("raise", "return"):
        raise ValueError(f'on_error is "raise" or "return", not {short_repr(on_error)}')


def _raise_first(results: Iterable[object]) -> None:
    for result in results:
        if isinstance(result, GearmanError):
            raise result


def _iterate(jobs: Iterable[JobInterface]) -> Iterator[JobInterface]:
    try:
        return iter(jobs)
    except TypeError as error:
        raise TypeError(f"jobs must be an iterable of Job objects, not {type(jobs).__name__}") from error
