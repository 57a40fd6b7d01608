"""The part of Client that runs many jobs at once, and watches one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from gearman_cffi.bulk import WINDOW, BackgroundSubmission, Batch, Entry, JobReader, Results, Submission
from gearman_cffi.connection import Connection
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError, InvalidJob
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, Literal, TypeAlias

    from gearman_cffi.job_interface import JobInterface
    from gearman_cffi.job_watch import JobUpdate, JobWatch
    from gearman_cffi.serializers import Serializer

    OnError: TypeAlias = Literal["raise", "return"]


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
        reader = JobReader(self._serializer, priority, background=False)
        submissions = list(_submissions(_items(jobs), reader))
        if reader.error is not None:
            raise reader.error
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
        reader = JobReader(self._serializer, priority, background=True)
        entries = _entries(_items(jobs), reader, results)
        first = next(entries, None)
        if first is not None:  # otherwise no server is needed
            self._submit_in_background(itertools.chain((first,), entries), seconds, results)
        if reader.error is not None:
            if isinstance(reader.error, InvalidJob):
                reader.error.results = results.all()
            raise reader.error
        if on_error == "raise":
            results.raise_first()
        return results.all()

    def stream_jobs(
        self,
        jobs: Iterable[JobInterface],
        priority: Priority | int = Priority.NORMAL,
        in_flight: int = WINDOW,
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
        reader = JobReader(self._serializer, priority, background=False)
        return self._stream(_submissions(_items(jobs), reader), reader, in_flight, seconds)

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
        from gearman_cffi.job_watch import JobWatch

        job = Job(function, workload, unique)
        submission = Submission(job, JobReader(self._serializer, priority, background=False).read(job))
        return JobWatch(self._batch(1), submission, self._serializer, self._seconds(timeout))

    def _execute_watched(
        self, on_update: Callable[[JobUpdate], object], function: str, workload: Any, *how: Any
    ) -> Any:
        watch = self.watch_job(function, workload, *how)
        for update in watch:
            on_update(update)
        return watch.result()

    def _stream(
        self, submissions: Iterable[Submission], reader: JobReader, in_flight: int, seconds: float | None
    ) -> Iterator[tuple[JobInterface, Any]]:
        for done in self._batch(in_flight).run(submissions, seconds, each=True):
            yield done.job, self._outcome(done)
        if reader.error is not None:
            raise reader.error

    def _outcome(self, done: Submission) -> Any:
        if done.error is None:
            try:
                return self._serializer.unserialize(done.answer)
            except GearmanError as error:
                done.error = error
        return done.error

    def _submit_in_background(self, entries: Iterable[Entry], seconds: float | None, results: Results) -> None:
        client, servers = self._connection.get(), self._connection.servers
        BackgroundSubmission(client, len(servers), str(servers), entries, seconds, results).run()

    def _batch(self, window: int) -> Batch:
        client, servers = self._connection.get(), self._connection.servers
        return Batch(client, len(servers), str(servers), window)

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


def _items(jobs: Iterable[JobInterface]) -> Iterator[JobInterface]:
    try:
        return iter(jobs)
    except TypeError as error:
        raise TypeError(f"jobs must be an iterable of Job objects, not {type(jobs).__name__}") from error


def _submissions(jobs: Iterable[JobInterface], reader: JobReader) -> Iterator[Submission]:
    """One for each job. That of a job that cannot be sent has its error already."""
    for job, entry in reader.read_all(jobs):
        if isinstance(entry, GearmanError):
            name = str(job.get_job_name()).encode("utf-8", "backslashreplace")
            submission = Submission(job, (0, reader.kind, name, b"", b""))
            submission.error = entry
        else:
            submission = Submission(job, entry)
        yield submission


def _entries(jobs: Iterable[JobInterface], reader: JobReader, results: Results) -> Iterator[Entry]:
    """One for each job that can be sent. The errors of the others are put into the results."""
    more = results.handles.append
    for index, (_, entry) in enumerate(reader.read_all(jobs)):
        more("")
        if isinstance(entry, GearmanError):
            results.errors[index] = entry
        else:
            yield entry
