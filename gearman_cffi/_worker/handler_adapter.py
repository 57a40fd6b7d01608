"""What belongs to a handler's job: events, the call of the handler, its result or failure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.retrier import Retrier, SubmittedAgain
from gearman_cffi.attempts import Attempt
from gearman_cffi.events import EventName
from gearman_cffi.exceptions import ConnectionLost, InvalidArgument, PoisonJob
from gearman_cffi.ext import GearmanJob, GearmanWarning, ReturnCode
from gearman_cffi.ext.worker import PROCESS_EXITS, message_of
from gearman_cffi.handlers import JobHandlerInterface, is_coroutine_handler
from gearman_cffi.jobs import Job, reset_current_job, set_current_job
from gearman_cffi.messages import short_repr
from gearman_cffi.retries import RetryPolicy, policy_of
from gearman_cffi.serializers import Serializer

MAX_STATUS_NUMBER = 2**32 - 1  # gearmand stores 32 bits
_NOT_READ = object()


class HandlerJob(Job):
    """The Job that a handler is given."""

    __slots__ = (
        "_attempt",
        "_gearman_job",
        "_serializer",
        "gave_up_was_called",
        "has_sent_data",
        "is_lost",
        "raw_workload",
    )

    def __init__(self, gearman_job: GearmanJob, name: str, serializer: Serializer) -> None:
        unique = gearman_job.unique() or ""
        self._attempt = Attempt.read(unique)
        super().__init__(name, _NOT_READ, unique or None)
        self.handle = gearman_job.handle() or ""
        self.has_sent_data = False
        self.gave_up_was_called = False
        self.is_lost = False  # its connection is gone: the server gives it to another worker
        self.raw_workload = gearman_job.workload()
        if self._attempt is not None:
            self.unique = self._attempt.key
            self.attempt, self.last_attempt = self._attempt.number, self._attempt.most
        self._serializer = serializer
        self._gearman_job: GearmanJob | None = gearman_job

    def get_workload(self) -> Any:
        """Returns the workload. The first call unserializes it; raises SerializerError."""
        if self._workload is _NOT_READ:
            self._workload = self._serializer.unserialize(self.raw_workload)
        return self._workload

    def allow_retries(self, retries: int | None) -> None:
        """retries: how often the handler tries jobs again whose client has not said it; None for never."""
        if self._attempt is None and retries is not None:
            self._attempt = Attempt.of_worker(self.unique or "", self.raw_workload, retries)
            self.last_attempt = self._attempt.most

    @property
    def next_attempt(self) -> Attempt | None:
        """The attempt after this one, if there may be one."""
        return None if self._attempt is None else self._attempt.next()

    def begin_attempt(self, attempt: Attempt) -> None:
        """The handler is called again. It may have changed the workload that it has read."""
        self._attempt = attempt
        self.attempt = attempt.number
        self._workload = _NOT_READ

    def send_status(self, numerator: int, denominator: int) -> None:
        """Sends the progress of the job: numerator of denominator, two ints from 0 to 4294967295.

        Raises TypeError for other types, InvalidArgument for other numbers, ConnectionLost if the server is gone.
        """
        for name, given in (("numerator", numerator), ("denominator", denominator)):
            try:
                number = operator.index(given)
            except TypeError:
                raise TypeError(
                    f"{name} of send_status() must be an int, not {short_repr(given)}: round it first"
                ) from None
            if not 0 <= number <= MAX_STATUS_NUMBER:
                raise InvalidArgument(
                    f"{name} of send_status() must be from 0 to {MAX_STATUS_NUMBER}, not {short_repr(number)}: send a "
                    "smaller fraction, such as percent",
                    function=self._job_name,
                    handle=self.handle,
                )
        self._send(GearmanJob.sendStatus, numerator, denominator)

    def send_data(self, data: str | bytes) -> None:
        """Sends a part of the result. Raises ConnectionLost if the server is gone."""
        self.has_sent_data = True
        self._send(GearmanJob.sendData, data)

    def send_warning(self, warning: str | bytes) -> None:
        """Sends a warning. Raises ConnectionLost if the server is gone."""
        self._send(GearmanJob.sendWarning, warning)

    def finish(self) -> None:
        """Ends the use of the GearmanJob, which libgearman is about to free: sending raises JobNotRunning."""
        self._gearman_job = None

    def _send(self, method: Callable[..., bool], *arguments: Any) -> None:
        gearman_job = self._gearman_job
        if gearman_job is None:
            self._not_running()
        with suppress(GearmanWarning):  # of the user's own worker, if warnings are errors
            method(gearman_job, *arguments)
        rc = gearman_job.returnCode()
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            if self._gearman_job is None:  # a leftover thread of the handler sends while its job ends
                self._not_running()
            self.is_lost = True
            raise ConnectionLost(
                f"the server of job {self.handle} ({self._job_name}) is gone: the client gets no answer. This or "
                "another server may give the job to a worker again",
                return_code=rc,
                function=self._job_name,
                handle=self.handle,
            )


class HandlerAdapter:
    """The jobs of a handler, from the first of their events to their answer.

    run() is the function that a GearmanWorker calls for each job. A worker that runs several jobs at once calls the
    parts of it.

    before_job: called before each job. stop_after_job: called in a job if work() must return after it, so that
    after_run is dispatched. run_coroutine: called with a function that returns the coroutine of a job; returns its
    result.
    """

    def __init__(
        self,
        name: str,
        handler: JobHandlerInterface,
        serializer: Serializer,
        events: WorkerEvents,
        retrier: Retrier,
        before_job: Callable[[], None],
        stop_after_job: Callable[[], None],
        run_coroutine: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any],
    ) -> None:
        self.name = name
        self.handler = handler
        self.is_coroutine = is_coroutine_handler(handler)
        self._serializer = serializer
        self._events = events
        self._retrier = retrier
        self._policy = policy_of(handler)
        self._before_job = before_job
        self._stop_after_job = stop_after_job
        self._run_coroutine = run_coroutine
        self._job_class: Callable[..., HandlerJob] = getattr(handler, "job_class", None) or HandlerJob
        # A serializer may write results differently: PhpSerializer does.
        self._serialize: Callable[[Any], bytes] = getattr(serializer, "serialize_result", serializer.serialize)

    def run(self, gearman_job: GearmanJob) -> bytes | None:
        """Executes a job. Returns the serialized result. If the job fails, sends the exception and returns None.

        Raises SystemExit and KeyboardInterrupt: the mirror then leaves the job to another worker.
        """
        self._before_job()
        job = self.create_job(gearman_job)
        token = set_current_job(job)
        try:
            self.dispatch_start(job)
            if self.is_coroutine:
                return self.answer(job, self._run_coroutine(lambda: self.execute_coroutine(job)))
            return self.answer(job, self.execute(job))
        except PROCESS_EXITS:
            raise
        except BaseException as error:
            self.fail(gearman_job, job, error)
            return None
        finally:
            reset_current_job(token)
            job.finish()
            if self._events.has_listeners(EventName.AFTER_RUN):
                self._stop_after_job()

    def create_job(self, gearman_job: GearmanJob) -> HandlerJob:
        """Returns the Job for the handler."""
        job = self._job_class(gearman_job, self.name, self._serializer)
        job.allow_retries(self._policy.retries)
        return job

    def dispatch_start(self, job: HandlerJob) -> None:
        """Dispatches before_execute. Raises what a listener raises, which fails the job."""
        self._events.dispatch_job(EventName.FUNCTION_BEFORE_EXECUTE, self.handler, job)

    def execute(self, job: HandlerJob) -> Any:
        """Calls the handler, and if it fails perhaps again. Raises what the handler raises, and SubmittedAgain."""
        return self.handler.execute(job) if job.last_attempt is None else self._retrier.execute(self, job)

    async def execute_coroutine(self, job: HandlerJob) -> Any:
        """execute() for a handler that returns a coroutine."""
        if job.last_attempt is None:
            return await self.handler.execute(job)
        return await self._retrier.execute_coroutine(self, job)

    def seconds_to_next_attempt(self, job: HandlerJob, error: Exception) -> float | None:
        """The job has failed. Returns after which time it may be tried again; None for never."""
        if job.is_lost or job.next_attempt is None or not self._policy.applies_to(error):
            return None
        try:
            return self._policy.delay_after(job.attempt, error)
        except Exception as raised:
            self._events.log_backoff_failure(job, raised)
            return RetryPolicy().delay_after(job.attempt, error)

    def answer(self, job: HandlerJob, result: Any) -> bytes:
        """Dispatches after_execute, and returns the serialized result. What it raises fails the job."""
        self._events.dispatch_job(EventName.FUNCTION_AFTER_EXECUTE, self.handler, job, result)
        if result is None and job.has_sent_data:
            return b""  # the result was sent in parts
        return self._serialize(result)

    def must_call_gave_up(self, job: HandlerJob, error: BaseException) -> bool:
        """Whether fail() is to call the handler's gave_up. A worker with several jobs calls it before, in a thread."""
        return self._policy.gave_up is not None and not job.gave_up_was_called and self._is_given_up(job, error)

    def call_gave_up(self, job: HandlerJob, error: BaseException) -> None:
        """Calls the handler's gave_up. Raises what it raises."""
        job.gave_up_was_called = True
        if self._policy.gave_up is not None:
            self._policy.gave_up(job, error)

    def _is_given_up(self, job: HandlerJob, error: BaseException) -> bool:
        """Whether that was the last attempt of a job that may have several, or a job that kills processes."""
        had_attempts = job.last_attempt is not None and not job.is_lost and not isinstance(error, SubmittedAgain)
        return had_attempts or isinstance(error, PoisonJob)

    def fail(self, gearman_job: GearmanJob, job: HandlerJob, error: BaseException) -> None:
        """Reports the failure of the job, or that it was submitted again, and sends the exception."""
        if isinstance(error, SubmittedAgain):
            seconds, error = error.seconds, error.error
            self._events.report_retry(self.handler, job, error, seconds, is_in_place=False)
        else:
            self._events.report_job_failure(self.handler, job, error)
            if self._is_given_up(job, error):
                gave_up = None if job.gave_up_was_called else self._policy.gave_up
                self._events.report_given_up(self.handler, job, error, gave_up)
        with suppress(GearmanWarning):  # the server is gone, and another worker will get the job
            gearman_job.sendException(describe(error))


def describe(error: BaseException) -> bytes:
    """An exception as a worker sends it: ``Type: message``. Without a message it ends with the space."""
    return f"{type(error).__qualname__}: {message_of(error)}".encode("utf-8", "backslashreplace")
