"""The part of Client that runs many jobs at once, and watches one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal

from gearman_cffi.bulk import WINDOW, Batch, Submission, submit_in_background
from gearman_cffi.bulk.background import Entry
from gearman_cffi.connection import Connection
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import JobKind
from gearman_cffi.jobs import Job, JobInterface
from gearman_cffi.names import LONGEST_FUNCTION, LONGEST_UNIQUE, check_name
from gearman_cffi.priorities import Priority, job_kind
from gearman_cffi.serializers import Serializer
from gearman_cffi.watching import JobUpdate, JobWatch

OnError = Literal["raise", "return"]


class BulkClient:
    """The base of Client that knows batches."""

    _connection: Connection
    _serializer: Serializer
    _timeout: int | None

    def execute_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.LOW,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Runs jobs in the foreground, many at once; returns their answers in the order of the jobs.

        What is no job is skipped, as dmank does. priority is for jobs that have none of their own. on_error:
        "raise" raises, when all have ended, what the first failed one in the list raised; "return" puts the
        exception into its place. timeout bounds the whole call; jobs that are not answered then fail with
        JobTimeout. A job fails with what execute_job() raises.
        """
        _check_on_error(on_error)
        seconds = self._seconds(timeout)
        submissions = [self._try_submission(job, priority) for job in jobs if _is_job(job)]
        if submissions:
            for _ in self._batch(WINDOW).run(submissions, seconds):
                pass
        answers = [self._outcome(done) for done in submissions]
        if on_error == "raise":
            _raise_first(done.error for done in submissions)
        return answers

    def execute_jobs_in_background(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.LOW,
        on_error: OnError = "raise",
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """Leaves jobs with a server, many at once; returns their handles in the order of the jobs.

        Much faster than a call for each. Otherwise as execute_jobs().
        """
        _check_on_error(on_error)
        seconds = self._seconds(timeout)
        failed: dict[int, GearmanError] = {}
        places = itertools.count()
        entries = self._entries((job for job in jobs if _is_job(job)), priority, places, failed)
        results = self._submit_in_background(entries, seconds)
        results.update(failed)
        handles = [results[place] for place in range(next(places))]
        if on_error == "raise":
            _raise_first(handles)
        return handles

    def stream_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.LOW,
        in_flight: int = WINDOW,
        timeout: float | timedelta | None = None,
    ) -> Iterator[tuple[JobInterface, Any]]:
        """Runs jobs in the foreground and yields (job, answer) as the answers come.

        For a job that failed the answer is the exception, a GearmanError. Jobs are taken from the iterable as there
        is room: at most in_flight of them are unanswered. timeout bounds each job from its submission on.
        When the caller stops early, the answers to come are dropped, and the server forgets the jobs that no worker has
        begun.
        """
        if in_flight < 1:
            raise ValueError(f"in_flight must be at least 1, not {in_flight}")
        seconds = self._seconds(timeout)
        job_kind(priority, background=False)
        return self._stream(jobs, priority, in_flight, seconds)

    def watch_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.LOW,
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
        submission = self._submission(Job(function, workload, unique), priority)
        return JobWatch(self._batch(1), submission, self._serializer, self._seconds(timeout))

    def _execute_watched(
        self, on_update: Callable[[JobUpdate], object], function: str, workload: Any, *how: Any
    ) -> Any:
        watch = self.watch_job(function, workload, *how)
        for update in watch:
            on_update(update)
        return watch.result()

    def _stream(
        self, jobs: Iterable[JobInterface], priority: Priority | int, in_flight: int, seconds: float | None
    ) -> Iterator[tuple[JobInterface, Any]]:
        submissions = (self._try_submission(job, priority) for job in jobs if _is_job(job))
        for done in self._batch(in_flight).run(submissions, seconds, each=True):
            yield done.job, self._outcome(done)

    def _entries(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int,
        places: Iterator[int],
        failed: dict[int, GearmanError],
    ) -> Iterator[Entry]:
        """The jobs as they are sent; those that cannot be have failed."""
        serialize = self._serializer.serialize
        known: dict[str, bytes] = {}  # names that were checked
        kinds: dict[Any, JobKind] = {}
        for job in jobs:
            place = next(places)
            try:
                function, unique = job.get_job_name(), getattr(job, "unique", None)
                own = getattr(job, "priority", None)
                given = priority if own is None else own
                kind = kinds.get(given) if isinstance(given, int) else None
                if kind is None:
                    kind = kinds[given] = job_kind(given, background=True)
                if function not in known:
                    check_name(function, "a function name", LONGEST_FUNCTION)
                    known[function] = function.encode()
                if unique is not None:
                    check_name(unique, "a unique key", LONGEST_UNIQUE)
                key = b"" if unique is None else unique.encode()
                workload = serialize(job.get_workload())
            except GearmanError as error:
                failed[place] = error
            else:
                yield Entry(place, kind, known[function], key, workload)

    def _outcome(self, done: Submission) -> Any:
        if done.error is None:
            try:
                return self._serializer.unserialize(done.answer)
            except GearmanError as error:
                done.error = error
        return done.error

    def _try_submission(self, job: JobInterface, priority: Priority | int) -> Submission:
        """A submission, which has failed already where the job cannot be sent."""
        try:
            return self._submission(job, priority)
        except GearmanError as error:
            failed = Submission(job, job_kind(priority, background=False), str(job.get_job_name()), b"", None)
            failed.error = error
            return failed

    def _submission(self, job: JobInterface, priority: Priority | int) -> Submission:
        function, unique = job.get_job_name(), getattr(job, "unique", None)
        own = getattr(job, "priority", None)
        kind = job_kind(priority if own is None else own, background=False)
        check_name(function, "a function name", LONGEST_FUNCTION)
        if unique is not None:
            check_name(unique, "a unique key", LONGEST_UNIQUE)
        return Submission(job, kind, function, self._serializer.serialize(job.get_workload()), unique)

    def _submit_in_background(self, entries: Iterable[Entry], seconds: float | None) -> dict[int, str | GearmanError]:
        client, servers = self._connection.get(), self._connection.servers
        return submit_in_background(client, len(servers), str(servers), entries, seconds)

    def _batch(self, window: int) -> Batch:
        client, servers = self._connection.get(), self._connection.servers
        return Batch(client, len(servers), str(servers), window)

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return None if milliseconds is None else milliseconds / 1000

    # dmank's name
    executeJobs = execute_jobs  # noqa: N815


def _check_on_error(on_error: str) -> None:
    if on_error not in ("raise", "return"):
        raise ValueError(f'on_error is "raise" or "return", not {on_error!r}')


def _raise_first(results: Iterable[object]) -> None:
    for result in results:
        if isinstance(result, GearmanError):
            raise result


def _is_job(job: object) -> bool:
    return hasattr(job, "get_job_name") and hasattr(job, "get_workload")
