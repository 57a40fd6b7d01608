"""What happens to one job in a worker: events, handler, result or failure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gearman_cffi.events import EventName
from gearman_cffi.exceptions import ConnectionLost
from gearman_cffi.ext import GearmanJob, GearmanWarning, ReturnCode
from gearman_cffi.ext.worker import describe
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job
from gearman_cffi.serializers import Serializer
from gearman_cffi.worker_events import WorkerEvents

_NOT_READ = object()


class RunningJob(Job):
    """The Job that a handler is given."""

    __slots__ = ("_job", "_raw", "_serializer", "has_sent_data")

    def __init__(self, job: GearmanJob, name: str, serializer: Serializer) -> None:
        handle, unique = job._read_names()
        super().__init__(name, _NOT_READ, unique or None)
        self.handle = handle
        self.has_sent_data = False
        self._raw = job.workload()
        self._serializer = serializer
        self._job: GearmanJob | None = job

    def get_workload(self) -> Any:
        """The workload, unserialized when it is first asked for. Raises SerializerError."""
        if self._workload is _NOT_READ:
            self._workload = self._serializer.unserialize(self._raw)
        return self._workload

    getWorkLoad = get_workload  # noqa: N815

    def send_status(self, numerator: int, denominator: int) -> None:
        """Tells how far the job is. Raises ConnectionLost where the server is gone."""
        self._send(GearmanJob.sendStatus, numerator, denominator)

    def send_data(self, data: str | bytes) -> None:
        """Sends a part of the result. Raises ConnectionLost where the server is gone."""
        self.has_sent_data = True
        self._send(GearmanJob.sendData, data)

    def send_warning(self, warning: str | bytes) -> None:
        """Sends a warning. Raises ConnectionLost where the server is gone."""
        self._send(GearmanJob.sendWarning, warning)

    def end(self) -> None:
        """Its handler has returned: libgearman frees the job."""
        self._job = None

    def _send(self, method: Callable[..., bool], *what: Any) -> None:
        job = self._job
        if job is None:
            self._not_running()
        with suppress(GearmanWarning):  # where warnings are errors
            method(job, *what)
        if job.returnCode() not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            raise ConnectionLost(
                f"the server of job {self.handle!r} is gone: nobody waits for an answer. It or another server "
                "may hand the job out again",
                return_code=job.returnCode(),
                function=self._job_name,
                handle=self.handle,
            )


class JobRunner:
    """The function that a worker registers for a handler."""

    def __init__(
        self,
        name: str,
        handler: JobHandlerInterface,
        serializer: Serializer,
        events: WorkerEvents,
        on_job: Callable[[], None],
    ) -> None:
        self._name = name
        self._on_job = on_job
        self._handler = handler
        self._serializer = serializer
        self._events = events
        # What a result becomes. A serializer may have a form of its own for results: PHP's has.
        self._write: Callable[[Any], bytes] = getattr(serializer, "serialize_result", serializer.serialize)

    def __call__(self, gearman_job: GearmanJob, context: object) -> bytes | None:
        """Executes a job and returns the result for the wire; a failure is sent from here.

        Everything but Exception goes through: the mirror leaves the job unanswered then.
        """
        self._on_job()
        job = RunningJob(gearman_job, self._name, self._serializer)
        try:
            return self._execute(job)
        except Exception as error:
            self._events.function_failed(self._handler, job, error)
            with suppress(GearmanWarning):  # the server may be gone; it hands the job out again
                gearman_job.sendException(describe(error))
            return None
        finally:
            job.end()

    def _execute(self, job: RunningJob) -> bytes:
        self._events.function(EventName.FUNCTION_BEFORE_EXECUTE, self._handler, job)
        result = self._handler.execute(job)
        self._events.function(EventName.FUNCTION_AFTER_EXECUTE, self._handler, job, result)
        if result is None and job.has_sent_data:
            return b""  # the parts are the result
        return self._write(result)
