"""The part of Client that runs many jobs at once, and watches one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal

from gearman_cffi.bulk import WINDOW, Batch, Submission
from gearman_cffi.connection import Connection
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError
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
        return self._run_all(jobs, priority, on_error, timeout, background=False)

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
        return self._run_all(jobs, priority, on_error, timeout, background=True)

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
        submission = self._submission(Job(function, workload, unique), priority, background=False)
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
        submissions = (self._try_submission(job, priority, background=False) for job in jobs if _is_job(job))
        for done in self._batch(in_flight).run(submissions, seconds, each=True):
            yield done.job, self._outcome(done)

    def _run_all(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int,
        on_error: OnError,
        timeout: float | timedelta | None,
        background: bool,
    ) -> list[Any]:
        if on_error not in ("raise", "return"):
            raise ValueError(f'on_error is "raise" or "return", not {on_error!r}')
        seconds = self._seconds(timeout)
        submissions = [self._try_submission(job, priority, background) for job in jobs if _is_job(job)]
        if not submissions:
            return []
        for _ in self._batch(WINDOW).run(submissions, seconds):
            pass
        results = [done.handle if background else self._outcome(done) for done in submissions]
        if on_error == "raise":
            for done in submissions:
                if done.error is not None:
                    raise done.error
        return [done.error or result for done, result in zip(submissions, results, strict=True)]

    def _outcome(self, done: Submission) -> Any:
        if done.error is None:
            try:
                return self._serializer.unserialize(done.answer)
            except GearmanError as error:
                done.error = error
        return done.error

    def _try_submission(self, job: JobInterface, priority: Priority | int, background: bool) -> Submission:
        """A submission, which has failed already where the job cannot be sent."""
        try:
            return self._submission(job, priority, background)
        except GearmanError as error:
            failed = Submission(job, job_kind(priority, background), str(job.get_job_name()), b"", None)
            failed.error = error
            return failed

    def _submission(self, job: JobInterface, priority: Priority | int, background: bool) -> Submission:
        function, unique = job.get_job_name(), getattr(job, "unique", None)
        own = getattr(job, "priority", None)
        kind = job_kind(priority if own is None else own, background)
        check_name(function, "a function name", LONGEST_FUNCTION)
        if unique is not None:
            check_name(unique, "a unique key", LONGEST_UNIQUE)
        return Submission(job, kind, function, self._serializer.serialize(job.get_workload()), unique)

    def _batch(self, window: int) -> Batch:
        return Batch(self._connection.get(), str(self._connection.servers), window)

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return None if milliseconds is None else milliseconds / 1000

    # dmank's name
    executeJobs = execute_jobs  # noqa: N815


def _is_job(job: object) -> bool:
    return hasattr(job, "get_job_name") and hasattr(job, "get_workload")
